"""Segments: how customers divide, what each segment looks like, who moved, and whom a rule picks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import InvalidRequest, NotFound, ShopkeeperError
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.segments import SEGMENT
from shopkeeper.serving.snapshots import Part
from shopkeeper.surfaces.segmentation import WAYS, Portrait, portraits
from shopkeeper.web.categories import category_name
from shopkeeper.web.dashboard.charts import Chart, Series, top_series
from shopkeeper.web.dashboard.divided import NONE, Divided, about_members, divided, moments_of, tried
from shopkeeper.web.dashboard.frame import ROOT, Frame, saved_table
from shopkeeper.web.dashboard.looks import CUSTOMERS, Looks
from shopkeeper.web.dashboard.matrix import Matrix, matrix
from shopkeeper.web.formatting import day, money
from shopkeeper.web.front import Call
from shopkeeper.web.shoppers import short_name
from shopkeeper.web.strings import Words

_MEMBERS: Final = 100
_EXAMPLES: Final = (
    "frequency >= 5 and recency_days <= 30",
    'stage in ("at risk", "lapsed") and spend > 100',
    "discount_share > 0.5",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One segment, ready to print."""

    key: str
    name: str
    size: int
    share: float
    recency: str
    frequency: str
    spend: str
    categories: tuple[str, ...]


class Segments:
    """The segments page."""

    path = f"{ROOT}/segments"
    key = "dash_segments"

    def __init__(self, frame: Frame, looks: Looks) -> None:
        self._frame = frame
        self._looks = looks
        self._rules = frame.service.config.segments
        self._kept: dict[tuple[str, str], Divided] = {}

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [
            self._frame.page("/segments", self.look),
            self._frame.page("/segments/members", self.members),
            self._frame.page("/segments/members.csv", self.save),
        ]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"sizes": self.sizes}

    def look(self, call: Call) -> Response:
        """The page."""
        part = self._looks.part(CUSTOMERS)
        words = call.visitor.words
        ways = [(way, words(f"way_{way}")) for way in WAYS if way != "rules" or self._rules]
        by, rule = self._way(call), call.request.query_params.get("rule", "").strip()
        context: dict[str, object] = {
            "ways": ways,
            "by": by,
            "rule": rule,
            "examples": _EXAMPLES,
            "fault": "",
        }
        if part is not None:
            context |= {"columns": _columns(part), "tried": self._tried(call, part, rule)}
            try:
                context |= self._told(call, part, by)
            except ShopkeeperError as error:
                context["fault"] = str(error)
        return self._looks.render(call, "segments.html", self.path, CUSTOMERS, context)

    def members(self, call: Call) -> Response:
        """Who is in a segment."""
        name, found = self._asked(call)
        words, currency = call.visitor.words, self._frame.service.config.currency
        people = [
            (
                customer,
                words("customer_named", short_name(customer)),
                segment_name(stage, words),
                "" if recency is None else f"{recency:.0f}",
                f"{frequency:.0f}",
                money(spend or 0.0, currency),
                category_name(category, words) if category else "",
            )
            for customer, stage, recency, frequency, spend, category in found.head(_MEMBERS).rows()
        ]
        context = {
            "name": segment_name(name, words) or call.request.query_params.get("rule", ""),
            "people": people,
            "size": len(found),
            "query": call.request.url.query,
        }
        return self._looks.render(call, "members.html", self.path, CUSTOMERS, context)

    def save(self, call: Call) -> Response:
        """Who is in a segment, as CSV."""
        return saved_table("segment.csv", self._asked(call)[1])

    def sizes(self, call: Call) -> Chart:
        """How segments grew and shrank."""
        part = self._looks.part(CUSTOMERS)
        words = call.visitor.words
        series: tuple[Series, ...] = ()
        labels: tuple[str, ...] = ()
        if part is not None:
            found = self._divided(part, self._way(call))
            labels = tuple(day(moment) for moment in reversed(found.moments))
            lines = [
                Series(segment_name(name, words), tuple(map(float, reversed(found.sizes[name]))))
                for name in found.names
            ]
            series = top_series(lines, words("dash_other"))
        return Chart("sizes", words("dash_moving"), words("dash_day"), labels, series, lines=True)

    def _told(self, call: Call, part: Part, by: str) -> dict[str, object]:
        words, found = call.visitor.words, self._divided(part, by)
        other = "rfm" if by in ("stage", "rules") else "stage"
        against = self._divided(part, other)
        now = {name: counts[0] for name, counts in found.sizes.items()}
        before = {name: counts[1] for name, counts in found.sizes.items()} if len(found.moments) > 1 else {}
        moved = found.moved()
        before[NONE] = sum(people for row, _, people in moved if row == NONE)
        rows, columns = (
            (*found.names, *([NONE] if any(pair[side] == NONE for pair in moved) else [])) for side in (0, 1)
        )
        return {
            "lines": [self._line(name, found, words) for name in found.names],
            "everybody": found.everybody[0],
            "chart": self.sizes(call),
            "by_name": words(f"way_{by}"),
            "by_note": words(f"way_note_{by}"),
            "other_name": words(f"way_{other}"),
            "overlap": _named(matrix(found.shared(against), found.names, against.names, now), words),
            "since": day(found.moments[1]) if len(found.moments) > 1 else "",
            "moved": _named(matrix(moved, rows, columns, before), words) if moved else None,
        }

    def _line(self, name: str, found: Divided, words: Words) -> Line:
        size = found.sizes[name][0]
        return self._drawn(name, size, size / max(1, found.everybody[0]), found.portraits[name], words)

    def _drawn(self, name: str, size: int, share: float, told: Portrait, words: Words) -> Line:
        currency = self._frame.service.config.currency
        return Line(
            name,
            segment_name(name, words),
            size,
            share,
            "" if told.recency is None else f"{told.recency:.0f}",
            "" if told.frequency is None else f"{told.frequency:.0f}",
            "" if told.spend is None else money(told.spend, currency),
            tuple(f"{category_name(one, words)} {100 * part:.0f}%" for one, part in told.categories),
        )

    def _tried(self, call: Call, part: Part, rule: str) -> dict[str, object] | None:
        """What became of a rule that was typed; None where none was."""
        if not rule:
            return None
        try:
            members = tried(part, rule)
        except InvalidRequest as error:
            return {"fault": error.message.removeprefix("Segment '': "), "hint": error.hint}
        everybody = next(iter(moments_of(part).values()))
        told = portraits(members, everybody).get("", Portrait(None, None, None, ()))
        size, all_ = members[PERSON].n_unique(), max(1, len(everybody))
        return {"fault": "", "line": self._drawn("", size, size / all_, told, call.visitor.words)}

    def _asked(self, call: Call) -> tuple[str, pl.DataFrame]:
        """The members of the segment, or of the rule, in the query."""
        part, asked = self._looks.known(CUSTOMERS), call.request.query_params
        if rule := asked.get("rule", "").strip():
            return "", about_members(part, tried(part, rule))
        name, found = asked.get("segment", ""), self._divided(part, self._way(call))
        if name not in found.names:
            raise NotFound(f"segment = {name[:100]!r} is none of the segments.")
        members = found.members[0].filter(pl.col(SEGMENT) == name)
        return name, about_members(part, members)

    def _divided(self, part: Part, by: str) -> Divided:
        key = (part.stamp, by)
        if key not in self._kept:
            self._kept = {one: kept for one, kept in self._kept.items() if one[0] == part.stamp}
            self._kept[key] = divided(part, by, self._rules)
        return self._kept[key]

    def _way(self, call: Call) -> str:
        asked = call.request.query_params.get("by", "")
        return asked if asked in WAYS and (asked != "rules" or self._rules) else "stage"


def segment_name(name: str, words: Words) -> str:
    """A segment in the reader's words; those of the shop's own rules are as the shop calls them."""
    parts = []
    for part in name.split(", "):
        told, bracket, number = part.partition(" (")
        key = f"segment_{told.replace(' ', '_')}"
        parts.append((words(key) if words.has(key) else told) + bracket + number)
    return words.listed(tuple(parts))


def _named(table: Matrix, words: Words) -> Matrix:
    def name(one: str) -> str:
        return segment_name(one, words) if one else words("dash_no_segment")

    return Matrix(tuple(map(name, table.columns)), tuple((name(row), cells) for row, cells in table.rows))


def _columns(part: Part) -> list[tuple[str, bool]]:
    """Columns that rules may name, and whether each holds texts."""
    table = next(iter(moments_of(part).values()))
    return [
        (name, kind == pl.String)
        for name, kind in table.schema.items()
        if name not in (PERSON, "moment", "customer_id")
    ]
