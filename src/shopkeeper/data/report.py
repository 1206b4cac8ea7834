"""What an import did: counts that add up, reasons with examples, guesses and rules in words."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from shopkeeper.data.contract import RULES, Reason
from shopkeeper.data.rule import RuleReport

EXAMPLES: Final = 3
"""Examples told of each reason."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows set aside for one reason.

    Attributes
    ----------
    reason
        Stable code.
    rows
        How many.
    examples
        Line and sentence of the first few.
    """

    reason: Reason
    rows: int
    examples: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The outcome of one import; ``rows_read = stored + duplicates + quarantined`` always holds.

    Attributes
    ----------
    source, kind
        What was read, into which table.
    rows_read
        Rows of the source, broken lines included.
    stored
        Rows that are new, or changed what was known.
    duplicates
        Rows that were there before.
    refusals
        Rows set aside, the most frequent reason first.
    anonymous
        Events stored without a person, for want of ids or of consent.
    cut
        How many texts of a column were too long and were cut.
    notes
        What was guessed and what the source had to tell.
    rules
        What the cleaning rules did.
    seconds
        Duration.
    """

    source: str
    kind: str
    rows_read: int
    stored: int
    duplicates: int
    refusals: tuple[Refusal, ...]
    anonymous: int
    cut: dict[str, int]
    notes: tuple[str, ...]
    rules: tuple[RuleReport, ...]
    seconds: float

    @property
    def quarantined(self) -> int:
        """Rows set aside."""
        return sum(refusal.rows for refusal in self.refusals)

    def lines(self) -> list[str]:
        """The report for people, a line an entry."""
        speed = self.rows_read / max(self.seconds, 1e-9)
        out = [
            f"{self.source}: {self.rows_read:,} {self.kind} in {self.seconds:.1f} s ({speed:,.0f} rows/s)",
            f"  stored {self.stored:,}, duplicates {self.duplicates:,}, set aside {self.quarantined:,}",
        ]
        if self.anonymous:
            out.append(f"  {self.anonymous:,} events belong to nobody known")
        out += [f"  {note}" for note in self.notes]
        out += [f"  {rule.sentence}" for rule in self.rules if rule.rows]
        out += [f"  {count:,} texts in {name} were too long and were cut" for name, count in self.cut.items()]
        for refusal in self.refusals:
            out.append(f"  {refusal.rows:,} set aside as {refusal.reason.value}:")
            out += [f"    line {line}: {sentence}" for line, sentence in refusal.examples]
        return out


@dataclass
class Tally:
    """Counts kept while an import runs; the only thing here that changes."""

    rows_read: int = 0
    stored: int = 0
    anonymous: int = 0
    refused: Counter[Reason] = field(default_factory=Counter)
    examples: dict[Reason, list[tuple[int, str]]] = field(default_factory=dict)
    cut: Counter[str] = field(default_factory=Counter)
    rules: dict[str, RuleReport] = field(default_factory=dict)

    def refuse(self, reason: Reason, line: int, sentence: str) -> None:
        """Count a row that is set aside."""
        self.refused[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < EXAMPLES:
            examples.append((line, sentence))

    def apply(self, reports: Iterable[RuleReport]) -> None:
        """Add up what the rules did."""
        for report in reports:
            known = self.rules.get(report.rule)
            self.rules[report.rule] = report if known is None else known.plus(report.rows)

    def report(self, *, source: str, kind: str, notes: Iterable[str], seconds: float) -> ImportReport:
        """The finished report."""
        refusals = tuple(
            Refusal(reason, rows, tuple(self.examples[reason])) for reason, rows in self.refused.most_common()
        )
        return ImportReport(
            source=source,
            kind=kind,
            rows_read=self.rows_read,
            stored=self.stored,
            duplicates=self.rows_read - self.stored - self.refused.total(),
            refusals=refusals,
            anonymous=self.anonymous,
            cut=dict(self.cut),
            notes=tuple(notes),
            rules=tuple(self.rules.values()),
            seconds=seconds,
        )


def sentence_of(reason: Reason) -> str:
    """A fault of a whole line, in words."""
    return f"The line {RULES[reason]}."
