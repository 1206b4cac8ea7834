"""Cleaning rules that need the whole log: returns matched to purchases, robots, missing values.

They run each time a dataset is built; the log itself is never rewritten. Each is a pure function from a frame
to a frame and a report of what was done. Frames have those of `columns.EVENT_COLUMNS` that are known,
``timestamp`` in epoch milliseconds, and ``person`` (null where nobody is known). Rules about a single event
run on import: `data.clean_rows`.
"""

from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import Cleaning
from shopkeeper.core.types import EventType
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.returns import match_returns
from shopkeeper.data.rule import RuleReport

__all__ = ["RuleReport", "clean_log", "net_purchases", "with_prices", "with_quantities", "without_robots"]

HOUR_MS: Final = 3_600_000
_COUNTED: Final = (
    EventType.purchase.name,
    EventType.refund.name,
    EventType.add_to_cart.name,
    EventType.remove_from_cart.name,
)
"""Kinds of event that move a quantity of goods, one unit where none is given."""


def clean_log(events: pl.DataFrame, config: Cleaning) -> tuple[pl.DataFrame, tuple[RuleReport, ...]]:
    """Apply all rules, in order.

    Parameters
    ----------
    events
        Needs ``person``, ``event_type``, ``item_id`` and ``timestamp``; uses ``quantity``, ``price`` and
        ``transaction_id`` where they are there.
    config
        What counts as a robot.

    Returns
    -------
    The events to learn from, in the same order, and what each rule did.
    """
    events, robots = without_robots(events, config.robot_events_per_hour)
    events, quantities = with_quantities(events)
    events, matched, unmatched = net_purchases(events)
    events, prices = with_prices(events)
    return events, (robots, quantities, matched, unmatched, prices)


def without_robots(events: pl.DataFrame, limit: int) -> tuple[pl.DataFrame, RuleReport]:
    """Leave out everything of a person with more than ``limit`` events within one hour."""
    busy = events.filter(pl.col(PERSON).is_not_null()).group_by(PERSON).len().filter(pl.col("len") > limit)
    moments = (
        events.lazy()
        .select(PERSON, c.TIMESTAMP)
        .filter(pl.col(PERSON).is_in(busy[PERSON].implode()))
        .sort(PERSON, c.TIMESTAMP)
        .with_columns(earlier=pl.col(c.TIMESTAMP).shift(limit).over(PERSON))
        .filter(pl.col(c.TIMESTAMP) - pl.col("earlier") < HOUR_MS)
    )
    robots = moments.select(pl.col(PERSON).unique()).collect().to_series()
    kept = events
    if len(robots):
        kept = events.filter(~pl.col(PERSON).is_in(robots.implode()).fill_null(False))
    return kept, RuleReport(
        "robots", len(events) - len(kept), f"{{rows}} events of {len(robots):,} robots were left out."
    )


def with_quantities(events: pl.DataFrame) -> tuple[pl.DataFrame, RuleReport]:
    """Count a purchase or cart event without a quantity as one unit."""
    rows = 0
    if c.QUANTITY in events.columns:
        empty = pl.col(c.QUANTITY).is_null() & pl.col(c.EVENT_TYPE).is_in(_COUNTED)
        rows = int(events.select(empty.sum()).item())
        if rows:
            filled = pl.when(empty).then(1.0).otherwise(c.QUANTITY)
            events = events.with_columns(filled.alias(c.QUANTITY))
    return events, RuleReport("missing_quantity", rows, "{rows} missing quantities were taken as 1.")


def with_prices(events: pl.DataFrame) -> tuple[pl.DataFrame, RuleReport]:
    """Give a purchase without a price the median price of its item's purchases; the log keeps none."""
    rows = 0
    if c.PRICE in events.columns:
        purchase = pl.col(c.EVENT_TYPE) == EventType.purchase.name
        empty = pl.col(c.PRICE).is_null() & purchase & pl.col(c.ITEM_ID).is_not_null()
        if events.select(empty.any()).item():
            typical = (
                events.filter(purchase).group_by(c.ITEM_ID).agg(pl.col(c.PRICE).median().alias("typical"))
            )
            before = events[c.PRICE].null_count()
            events = events.join(typical, on=c.ITEM_ID, how="left", maintain_order="left").with_columns(
                pl.when(empty).then("typical").otherwise(c.PRICE).alias(c.PRICE)
            )
            events = events.drop("typical")
            rows = before - events[c.PRICE].null_count()
    return events, RuleReport(
        "missing_price", rows, "{rows} missing prices were taken from the item's median."
    )


def net_purchases(events: pl.DataFrame) -> tuple[pl.DataFrame, RuleReport, RuleReport]:
    """Take what was returned off the purchases; see `data.returns`."""
    matches = match_returns(events)
    matched, unmatched = len(matches.refunds), matches.unmatched
    if matched:
        left = pl.DataFrame(
            {"row": list(matches.left), "left": list(matches.left.values())},
            {"row": pl.UInt32, "left": pl.Float64},
        )
        gone = pl.Series(matches.refunds, dtype=pl.UInt32)
        events = (
            events.with_row_index("row")
            .join(left, on="row", how="left", maintain_order="left")
            .filter((pl.col("left").is_null() | (pl.col("left") > 0)) & ~pl.col("row").is_in(gone.implode()))
        )
        if c.QUANTITY in events.columns:
            events = events.with_columns(pl.coalesce("left", c.QUANTITY).alias(c.QUANTITY))
        events = events.drop("row", "left")
    return (
        events,
        RuleReport("refunds", matched, "{rows} refunds were matched to their purchases and taken off them."),
        RuleReport("unmatched_refunds", unmatched, "{rows} refunds had no earlier purchase to match."),
    )
