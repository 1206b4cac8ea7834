"""What happened in a shop, counted: arrivals by day, the way to a purchase, and who comes back.

All functions are pure and take events with ``person``, ``event_type``, ``item_id``, ``timestamp`` and
``item_list_id``, such as `data.lately` holds.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.dataset import PERSON

STEPS: Final = (EventType.view_item, EventType.add_to_cart, EventType.begin_checkout, EventType.purchase)
"""The way to a purchase."""
_DAY, _WEEK, _COUNT = "day", "week", "count"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Events by day and kind.

    Attributes
    ----------
    days
        Consecutive days, the oldest first.
    kinds
        Names of kinds, the most frequent first.
    counts
        For each kind one count a day.
    """

    days: tuple[date, ...]
    kinds: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel: in how many visits it was taken; a visit is one person on one day."""

    kind: str
    visits: int


@dataclass(frozen=True, slots=True)
class Place:
    """One place that events name (``item_list_id``): how often it was clicked, and what came of it."""

    name: str
    clicks: int
    carts: int
    purchases: int


@dataclass(frozen=True, slots=True)
class Week:
    """People seen in one week, and how many of them came back in the next."""

    start: date
    people: int
    returned: int


def arrivals(events: pl.DataFrame, days: int) -> Arrivals:
    """Events of the last ``days`` days up to the newest event."""
    if events.is_empty():
        return Arrivals((), (), ())
    dated = events.select(pl.col(c.EVENT_TYPE), (pl.col(c.TIMESTAMP) // DAY_MS).alias(_DAY))
    last = int(dated[_DAY].max())  # type: ignore[arg-type]
    first = max(last - days + 1, int(dated[_DAY].min()))  # type: ignore[arg-type]
    counted = dated.filter(pl.col(_DAY) >= first).group_by(_DAY, c.EVENT_TYPE).len(_COUNT)
    totals = counted.group_by(c.EVENT_TYPE).agg(pl.col(_COUNT).sum())
    kinds = totals.sort([_COUNT, c.EVENT_TYPE], descending=[True, False])[c.EVENT_TYPE].to_list()
    found = {(kind, day): count for day, kind, count in counted.iter_rows()}
    return Arrivals(
        tuple(_date(day) for day in range(first, last + 1)),
        tuple(kinds),
        tuple(tuple(found.get((kind, day), 0) for day in range(first, last + 1)) for kind in kinds),
    )


def funnel(events: pl.DataFrame, days: int) -> tuple[Step, ...]:
    """Visits of the last ``days`` days that took each of `STEPS`.

    A later step counts as the earlier ones taken too: who bought has looked, whether or not the shop told us.
    """
    recent = _recent(events, days).filter(pl.col(PERSON).is_not_null())
    order = {kind.name: place for place, kind in enumerate(STEPS)}
    taken = recent.filter(pl.col(c.EVENT_TYPE).is_in(list(order)))
    furthest = (
        taken.with_columns(
            (pl.col(c.TIMESTAMP) // DAY_MS).alias(_DAY),
            pl.col(c.EVENT_TYPE).replace_strict(order, return_dtype=pl.Int64).alias("place"),
        )
        .group_by(PERSON, _DAY)
        .agg(pl.col("place").max())
    )
    return tuple(
        Step(name, int((furthest["place"] >= place).sum()) if len(furthest) else 0)
        for name, place in order.items()
    )


def places(events: pl.DataFrame, days: int) -> tuple[Place, ...]:
    """Places that events of the last ``days`` days name, the most clicked first."""
    named = _recent(events, days).filter(pl.col(c.ITEM_LIST_ID).is_not_null())

    def times(kind: EventType) -> pl.Expr:
        return (pl.col(c.EVENT_TYPE) == kind.name).sum().alias(kind.name)

    kinds = (EventType.select_item, EventType.add_to_cart, EventType.purchase)
    counted = named.group_by(c.ITEM_LIST_ID).agg(times(kind) for kind in kinds)
    ordered = counted.sort([kinds[0].name, c.ITEM_LIST_ID], descending=[True, False])
    return tuple(Place(*row) for row in ordered.iter_rows())


def retention(events: pl.DataFrame) -> tuple[Week, ...]:
    """People by week, and how many of them were there again the week after; without the last, open week."""
    seen = (
        events.filter(pl.col(PERSON).is_not_null())
        .select(PERSON, (pl.col(c.TIMESTAMP) // (7 * DAY_MS)).alias(_WEEK))
        .unique()
    )
    if seen.is_empty():
        return ()
    again = seen.with_columns(pl.col(_WEEK) - 1, pl.lit(value=True).alias("again"))
    weeks = (
        seen.join(again, on=[PERSON, _WEEK], how="left")
        .group_by(_WEEK)
        .agg(pl.len().alias("people"), pl.col("again").sum().alias("returned"))
        .sort(_WEEK)
    )
    return tuple(Week(_date(7 * week), people, returned) for week, people, returned in weeks.iter_rows())[:-1]


def _recent(events: pl.DataFrame, days: int) -> pl.DataFrame:
    """Events within so many days before the newest."""
    if events.is_empty():
        return events
    since = int(events[c.TIMESTAMP].max()) - days * DAY_MS  # type: ignore[arg-type]
    return events.filter(pl.col(c.TIMESTAMP) > since)


def _date(day: int) -> date:
    return datetime.fromtimestamp(0, UTC).date() + timedelta(days=day)
