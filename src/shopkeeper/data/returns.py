"""Which purchase each refund takes back.

A refund is matched within one person and item: first to a purchase of the same transaction, else to the
latest earlier purchase of which enough is left. A refund without an item takes back its whole transaction.
Refunds are settled in order of time, so that an amount is never returned twice. A refund whose person is
unknown can only be matched by its transaction.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType
from shopkeeper.data.dataset import PERSON

_PURCHASE: Final = EventType.purchase.name
_REFUND: Final = EventType.refund.name
_TINY: Final = 1e-9
"""Quantities may be weights; sums of them are not exact."""
_READ: Final = (PERSON, c.ITEM_ID, c.TRANSACTION_ID, c.TIMESTAMP, c.QUANTITY)


@dataclass
class Matches:
    """What was returned.

    Attributes
    ----------
    refunds
        Rows of refunds that found their purchase.
    left
        Row of a purchase -> quantity that the customer kept.
    unmatched
        Number of refunds that found none.
    """

    refunds: list[int] = field(default_factory=list)
    left: dict[int, float] = field(default_factory=dict)
    unmatched: int = 0


@dataclass(slots=True)
class _Purchase:
    row: int
    time: int
    left: float


class _Shelf:
    """Purchases of one key in order of time."""

    __slots__ = ("purchases", "times")

    def __init__(self) -> None:
        self.purchases: list[_Purchase] = []
        self.times: list[int] = []

    def add(self, purchase: _Purchase) -> None:
        self.purchases.append(purchase)
        self.times.append(purchase.time)

    def latest(self, until: int | None, quantity: float) -> _Purchase | None:
        """The latest purchase, at most at this time, of which this much is left."""
        end = len(self.times) if until is None else bisect_right(self.times, until)
        for purchase in reversed(self.purchases[:end]):
            if purchase.left >= quantity - _TINY:
                return purchase
        return None


def match_returns(events: pl.DataFrame) -> Matches:
    """Match refunds to purchases; rows are counted from 0 in the order of ``events``.

    Parameters
    ----------
    events
        Needs ``person``, ``event_type``, ``item_id`` and ``timestamp``; without ``quantity`` every row is one
        unit, without ``transaction_id`` refunds are matched by person and item alone.
    """
    refunds = _read(events.with_row_index("row").filter(pl.col(c.EVENT_TYPE) == _REFUND))
    matches = Matches()
    if not len(refunds):
        return matches
    by_item, by_order = _shelves(_read(_candidates(events, refunds)))
    for row, person, item, order, time, quantity in refunds.iter_rows():
        found = _settle(by_item, by_order, (person, item, order), time, quantity)
        if found:
            matches.refunds.append(row)
            matches.left.update((purchase.row, purchase.left) for purchase in found)
        else:
            matches.unmatched += 1
    return matches


_Shelves = dict[tuple[Any, ...], _Shelf]


def _settle(
    by_item: _Shelves, by_order: _Shelves, key: tuple[Any, Any, Any], time: int, quantity: float
) -> list[_Purchase]:
    """Take a refund off its purchases and return these; an empty list if there are none."""
    person, item, order = key
    shelf = by_order.get((person, order)) if item is None else None
    if shelf is not None:
        whole = [purchase for purchase in shelf.purchases if purchase.left > _TINY]
        for purchase in whole:
            purchase.left = 0.0
        return whole
    found: _Purchase | None = None
    if order is not None and (shelf := by_item.get(key)) is not None:
        found = shelf.latest(None, quantity)
    if found is None and person is not None and (shelf := by_item.get((person, item))) is not None:
        found = shelf.latest(time, quantity)
    if found is None:
        return []
    found.left -= quantity
    if found.left < _TINY:
        found.left = 0.0
    return [found]


def _candidates(events: pl.DataFrame, refunds: pl.DataFrame) -> pl.DataFrame:
    """Purchases that a refund could mean: few, so that the matching itself may be plain."""
    purchases = events.with_row_index("row").filter(pl.col(c.EVENT_TYPE) == _PURCHASE)
    same = purchases.join(refunds.select(PERSON, c.ITEM_ID), on=[PERSON, c.ITEM_ID], how="semi")
    if c.TRANSACTION_ID not in events.columns:
        return same
    orders = refunds.select(pl.col(c.TRANSACTION_ID).drop_nulls().unique())
    return pl.concat([same, purchases.join(orders, on=c.TRANSACTION_ID, how="semi")]).unique("row")


def _read(rows: pl.DataFrame) -> pl.DataFrame:
    """Row, person, item, transaction, time and quantity, by time and then by row."""
    present = [pl.col(name) if name in rows.columns else pl.lit(None).alias(name) for name in _READ]
    quantity = pl.col(c.QUANTITY).cast(pl.Float64).fill_null(1.0)
    return rows.select("row", *present).with_columns(quantity).sort(c.TIMESTAMP, "row")


def _shelves(purchases: pl.DataFrame) -> tuple[_Shelves, _Shelves]:
    by_item: _Shelves = defaultdict(_Shelf)
    by_order: _Shelves = defaultdict(_Shelf)
    for row, person, item, order, time, quantity in purchases.iter_rows():
        purchase = _Purchase(row, time, quantity)
        if person is not None:
            by_item[(person, item)].add(purchase)
        if order is not None:
            by_item[(person, item, order)].add(purchase)
            by_order[(person, order)].add(purchase)
    return by_item, by_order
