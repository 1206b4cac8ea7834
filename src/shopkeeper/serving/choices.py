"""Customers worth looking through the eyes of: active ones, each with tastes of their own."""

from collections.abc import Sequence
from threading import Lock
from time import monotonic
from typing import Protocol

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Floats
from shopkeeper.surfaces.assortment import Assortment

NEWEST_EVENTS = 200_000
"""How much of the log is looked at: its end."""
FAVOURITES = 3
_FEWEST_EVENTS = 5
_LEAST_SHARE = 0.04
_KEEP_SECONDS = 600.0


class RecentLog(Protocol):
    """What is needed of the log: its end."""

    def scan(self, columns: Sequence[str], *, after_seq: int = 0) -> pl.DataFrame:
        """What came after a place in the log."""

    def last_seq(self) -> int:
        """The place of the newest event."""


class Picker:
    """Chooses customers from the end of the log, and remembers it for ten minutes."""

    def __init__(self, log: RecentLog) -> None:
        self._log = log
        self._lock = Lock()
        self._read = float("-inf")
        self._events = pl.DataFrame()
        self._for: Assortment | None = None
        self._typical: Floats = np.zeros(0, np.float32)
        self._chosen: dict[int, list[str]] = {}

    def choose(self, stock: Assortment, limit: int) -> list[str]:
        """At most ``limit`` pseudonyms of customers with different tastes."""
        with self._lock:
            self._refresh(stock)
            if limit not in self._chosen:
                self._chosen[limit] = choose(self._events, stock, limit)
            return self._chosen[limit]

    def favourites(self, stock: Assortment, tastes: Floats) -> tuple[str, ...]:
        """Names of the categories that tell a person from others, at most three."""
        with self._lock:
            self._refresh(stock)
            typical = self._typical
        return tuple(stock.categories[i] for i in favourites(tastes, typical))

    def _refresh(self, stock: Assortment) -> None:
        if self._for is stock and monotonic() - self._read < _KEEP_SECONDS:
            return
        after = max(0, self._log.last_seq() - NEWEST_EVENTS)
        self._events = self._log.scan((c.CUSTOMER_ID, c.ITEM_ID), after_seq=after)
        self._typical = typical_tastes(self._events, stock)
        self._read, self._for, self._chosen = monotonic(), stock, {}


def typical_tastes(events: pl.DataFrame, stock: Assortment) -> Floats:
    """Share of each category of ``stock.categories`` in all events; sums to 1 or is all 0."""
    counts = events.group_by(c.ITEM_ID).len()
    total = np.zeros(len(stock.categories))
    for item_id, count in counts.iter_rows():
        code = stock.codes.get(item_id, -1)
        if code >= 0 and stock.category[code] >= 0:
            total[stock.category[code]] += count
    return np.asarray(total / max(total.sum(), 1), np.float32)


def favourites(tastes: Floats, typical: Floats) -> list[int]:
    """Categories in which a person spends much, and more than others do; the most telling first."""
    telling = tastes * np.log((tastes + 0.01) / (typical + 0.01))
    order = np.argsort(-telling, kind="stable")
    best = [int(i) for i in order if tastes[i] >= _LEAST_SHARE and telling[i] > 0]
    return best[:FAVOURITES] or [int(i) for i in np.argsort(-tastes, kind="stable")[:1] if tastes[i] > 0]


def choose(events: pl.DataFrame, stock: Assortment, limit: int) -> list[str]:
    """At most ``limit`` customers, the active ones of each favourite category in turn.

    Parameters
    ----------
    events
        ``customer_id`` (pseudonyms) and ``item_id`` of recent events.
    stock
        Categories of items.
    limit
        Most customers to choose.
    """
    active = _active(events, most=20 * limit)
    typical = typical_tastes(events, stock)
    queues: dict[int, list[str]] = {}
    for customer, items in active:
        best = favourites(_tastes(items, stock), typical)
        queues.setdefault(best[0] if best else -1, []).append(customer)
    return _in_turn(list(queues.values()), limit)


def _active(events: pl.DataFrame, most: int) -> list[tuple[str, list[str]]]:
    """Customers with the most events, and their items."""
    people = (
        events.drop_nulls()
        .group_by(c.CUSTOMER_ID)
        .agg(pl.col(c.ITEM_ID))
        .with_columns(n=pl.col(c.ITEM_ID).list.len())
        .sort(["n", c.CUSTOMER_ID], descending=[True, False])
        .head(most)
    )
    busy = people.filter(pl.col("n") >= _FEWEST_EVENTS)
    return list((busy if len(busy) else people).select(c.CUSTOMER_ID, c.ITEM_ID).iter_rows())


def _tastes(items: Sequence[str], stock: Assortment) -> Floats:
    codes = np.array([stock.codes[item] for item in items if item in stock.codes], np.int64)
    category = stock.category[codes]
    counts = np.bincount(category[category >= 0], minlength=len(stock.categories))
    return np.asarray(counts / max(counts.sum(), 1), np.float32)


def _in_turn(queues: list[list[str]], limit: int) -> list[str]:
    """One of each queue, then the next of each, until there are enough."""
    depth = max((len(queue) for queue in queues), default=0)
    turns = [queue[i] for i in range(depth) for queue in queues if i < len(queue)]
    return turns[:limit]
