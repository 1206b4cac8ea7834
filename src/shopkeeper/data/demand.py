"""What becomes of the catalogue: what nobody has touched, and what has stopped selling."""

from dataclasses import dataclass

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType


@dataclass(frozen=True, slots=True)
class StockItem:
    """One item that does not move.

    Attributes
    ----------
    item_id, title, category
        Which; title and category are empty where unknown.
    price
        None where unknown.
    events
        How often anybody touched it.
    last
        Last time, epoch milliseconds; 0 for never.
    """

    item_id: str
    title: str
    category: str
    price: float | None
    events: int
    last: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Items in stock by what became of them.

    Attributes
    ----------
    items
        In the catalogue.
    in_stock
        Of these, in stock; the figures below count among them.
    selling
        Bought within the period.
    looked_at
        Touched within the period, not bought.
    dead
        Touched before the period only, longest untouched first.
    cold
        Never touched in the events looked at, the newest item first.
    """

    items: int
    in_stock: int
    selling: int
    looked_at: int
    dead: tuple[StockItem, ...]
    cold: tuple[StockItem, ...]


def demand(events: pl.DataFrame, items: pl.DataFrame, *, days: int) -> Demand:
    """Sort the catalogue by what the events say.

    Parameters
    ----------
    events
        ``item_id``, ``event_type`` and ``timestamp``.
    items
        The catalogue.
    days
        Length of the period, up to the newest event.
    """
    end = int(events[c.TIMESTAMP].max()) if len(events) else 0  # type: ignore[arg-type]
    since = end - days * DAY_MS
    moved = (
        events.filter(pl.col(c.ITEM_ID).is_not_null())
        .group_by(c.ITEM_ID)
        .agg(
            pl.len().alias("events"),
            pl.col(c.TIMESTAMP).max().alias("last"),
            pl.col(c.TIMESTAMP).filter(pl.col(c.EVENT_TYPE) == EventType.purchase.name).max().alias("bought"),
        )
    )
    stock = items.filter(pl.col(c.IN_STOCK).fill_null(value=True))
    laid = stock.join(moved, on=c.ITEM_ID, how="left", maintain_order="left")
    touched = pl.col("last") > since
    selling = (pl.col("bought") > since).fill_null(value=False)
    dead = laid.filter(pl.col("last") <= since).sort("last", c.ITEM_ID)
    cold = laid.filter(pl.col("last").is_null()).sort(
        [c.CREATED_AT, c.ITEM_ID], descending=[True, False], nulls_last=True
    )
    return Demand(
        len(items),
        len(stock),
        len(laid.filter(selling)),
        len(laid.filter(touched & ~selling)),
        _items(dead),
        _items(cold),
    )


def _items(frame: pl.DataFrame) -> tuple[StockItem, ...]:
    named = frame.select(
        c.ITEM_ID,
        pl.col(c.TITLE).fill_null(""),
        pl.col(c.CATEGORY).fill_null(""),
        c.PRICE,
        pl.col("events").fill_null(0),
        pl.col("last").fill_null(0),
    )
    return tuple(StockItem(*row) for row in named.iter_rows())
