"""What somebody of the shop said about doubtful values; it holds for every later run of tagging.

Verdicts are lines of ``reviewed.csv`` in the shop's folder, added and never changed; of several on the same
value the last one counts.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Final

from shopkeeper.data.derived import CONFIDENCE, DATE, SOURCE, VALUE, Derived

REVIEWED: Final = "reviewed.csv"
_SOURCE: Final = "reviewed"
_YES: Final = "yes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One value that was accepted or rejected.

    Attributes
    ----------
    item, field, suggestion
        What it is about, as in the list for review.
    accepted
        ``yes`` or ``no``.
    date
        When, ISO 8601.
    """

    item: str
    field: str
    suggestion: str
    accepted: str
    date: str

    @property
    def about(self) -> tuple[str, str, str]:
        """Item, field and suggestion."""
        return self.item, self.field, self.suggestion


def read_verdicts(path: Path) -> dict[tuple[str, str, str], Verdict]:
    """The verdicts that count, by what they are about; none where nobody has said anything."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        verdicts = [Verdict(*row) for row in csv.reader(file) if len(row) == len(fields(Verdict))]
    return {verdict.about: verdict for verdict in verdicts}


def add_verdict(path: Path, verdict: Verdict) -> None:
    """Write a verdict down, in one piece, so that several processes may."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(astuple(verdict))
    with path.open("a", newline="", encoding="utf-8") as file:
        file.write(line.getvalue())


def reviewed(derived: Derived, verdicts: Iterable[Verdict]) -> Derived:
    """What is derived of one item, as verdicts on it say; what nobody said anything about stays."""
    found = dict(derived)
    for verdict in verdicts:
        known = found.pop(verdict.field, None)
        value = _changed(known, verdict)
        if value is not None:
            found[verdict.field] = value
    return found


def reviewed_all(
    derived: Mapping[str, Derived], verdicts: Mapping[tuple[str, str, str], Verdict]
) -> dict[str, Derived]:
    """`reviewed` of all items."""
    by_item: dict[str, list[Verdict]] = {}
    for verdict in verdicts.values():
        by_item.setdefault(verdict.item, []).append(verdict)
    return {item: reviewed(found, by_item.get(item, ())) for item, found in derived.items()}


def _changed(known: dict[str, Any] | None, verdict: Verdict) -> dict[str, Any] | None:
    value = (known or {}).get(VALUE)
    if isinstance(value, list) or (known is None and verdict.field == "tags"):
        return _tags(known, value or [], verdict)
    if verdict.accepted == _YES:
        return {VALUE: verdict.suggestion, **_stamp(verdict)}
    return None if value == verdict.suggestion else known


def _tags(known: dict[str, Any] | None, tags: Sequence[str], verdict: Verdict) -> dict[str, Any] | None:
    """A list of tags with one more, or one fewer."""
    left = [tag for tag in tags if tag != verdict.suggestion]
    if verdict.accepted == _YES:
        return {**(known or _stamp(verdict)), VALUE: [*left, verdict.suggestion]}
    return {**(known or {}), VALUE: left} if left else None


def _stamp(verdict: Verdict) -> dict[str, Any]:
    return {SOURCE: _SOURCE, CONFIDENCE: 1.0, DATE: verdict.date}
