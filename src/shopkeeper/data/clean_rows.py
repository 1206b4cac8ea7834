"""Cleaning rules about a single event. They run on import and decide what is stored; each is a pure function.

Rules that need the whole log are in `data.clean`.
"""

from collections.abc import Callable
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType
from shopkeeper.data.rule import RuleReport

CANCELLED: Final = r"^[Cc][0-9]"
"""Number of a cancelled invoice, as many tills write it: the letter C before the number."""
_PURCHASE: Final = EventType.purchase.name
_REFUND: Final = EventType.refund.name


RowRule = Callable[[pl.DataFrame], tuple[pl.DataFrame, RuleReport]]


def negative_quantities(events: pl.DataFrame) -> tuple[pl.DataFrame, RuleReport]:
    """A purchase or refund of a negative quantity is goods that came back: a refund of the positive one."""
    if c.QUANTITY not in events.columns:
        return events, _returned(0)
    back = pl.col(c.QUANTITY) < 0
    rows = int(events.select(back.sum()).item())
    if rows:
        events = events.with_columns(
            pl.when(back).then(pl.lit(_REFUND)).otherwise(c.EVENT_TYPE).alias(c.EVENT_TYPE),
            pl.col(c.QUANTITY).abs(),
        )
    return events, _returned(rows)


def _returned(rows: int) -> RuleReport:
    return RuleReport("negative_quantity", rows, "{rows} rows of negative quantity became refunds.")


def cancelled_invoices(events: pl.DataFrame) -> tuple[pl.DataFrame, RuleReport]:
    """A purchase whose invoice number begins with C is a cancellation: a refund."""
    rows = 0
    if c.TRANSACTION_ID in events.columns:
        cancelled = (pl.col(c.EVENT_TYPE) == _PURCHASE) & pl.col(c.TRANSACTION_ID).str.contains(CANCELLED)
        rows = int(events.select(cancelled.sum()).item())
        if rows:
            kind = pl.when(cancelled).then(pl.lit(_REFUND)).otherwise(c.EVENT_TYPE)
            events = events.with_columns(kind.alias(c.EVENT_TYPE))
    return events, RuleReport(
        "cancelled_invoice", rows, "{rows} purchases on cancelled invoices (C...) became refunds."
    )


ROW_RULES: Final[tuple[RowRule, ...]] = (negative_quantities, cancelled_invoices)
"""Rules about a single event, in the order they run on import."""


def clean_rows(events: pl.DataFrame) -> tuple[pl.DataFrame, tuple[RuleReport, ...]]:
    """Apply `ROW_RULES` to validated events."""
    reports = []
    for rule in ROW_RULES:
        events, report = rule(events)
        reports.append(report)
    return events, tuple(reports)
