"""What is known of items as of the end of a dataset: sales, age, price and kind."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, Floats, Ints, Longs
from shopkeeper.data.dataset import Dataset

UNKNOWN: Final = -1
KINDS: Final = (c.CATEGORY, c.CATEGORY2, c.CATEGORY3, c.BRAND, c.ITEM_GROUP_ID)
"""Columns that say what kind of thing an item is."""

PRICE_BAND: Final = "price_band"
_STEP: Final = 0.4
"""Of log(price): things of one step cost about the same."""
_WINDOWS: Final = (1, 7, 30, 90)
NAMES: Final = (
    *(f"sales_{days}d" for days in _WINDOWS),
    "sales",
    "trend",
    "days_since_first_sale",
    "days_since_last_sale",
    "events_per_person",
    "price",
)
"""Columns of `ItemTable.columns`."""
PRICE: Final = NAMES.index("price")


@dataclass(frozen=True)
class ItemTable:
    """What is known of each item.

    Attributes
    ----------
    columns
        Shape ``(n_items, len(NAMES))``: log((1 + events) / (1 + mean events of an item)) of the last 1, 7,
        30, 90 days and of all time, relative so that a busy month does not look like famous items; log of the
        rate of the last 7 days relative to that of the last 30; log(1 + days) since the first and since the
        last event; log of events per person who has any; log(price). NaN where it is not known.
    kinds
        Names, of `KINDS`, of what the catalogue tells.
    codes
        Shape ``(len(kinds), n_items)``: which category, brand ... an item is of, `UNKNOWN` where not known.
    """

    columns: Floats
    kinds: tuple[str, ...]
    codes: Ints

    @cached_property
    def priced(self) -> bool:
        """Whether the price of any item is known."""
        return bool((~np.isnan(self.prices)).any())

    @cached_property
    def prices(self) -> Floats:
        """The logarithm of each price side by side, shape ``(n_items,)``; NaN where it is not known."""
        return np.ascontiguousarray(self.columns[:, PRICE])

    @cached_property
    def groups(self) -> dict[str, Ints]:
        """Codes by name of all that tells items apart: `kinds`, and `PRICE_BAND`, steps of price."""
        steps = np.floor(self.columns[:, PRICE] / _STEP)
        lowest = np.nanmin(steps, initial=0.0)
        bands = np.where(np.isnan(steps), UNKNOWN, np.nan_to_num(steps - lowest)).astype(np.int32)
        return {**dict(zip(self.kinds, self.codes, strict=True)), PRICE_BAND: bands}

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Count once over the events, O(events log events)."""
        kinds, codes = _codes(dataset.items.table)
        columns = [*_sales(dataset), *_ages(dataset), _events_per_person(dataset), _prices(dataset)]
        return cls(np.stack(columns, axis=1).astype(np.float32), kinds, codes)


def _sales(dataset: Dataset) -> list[NDArray[np.float64]]:
    """Events of each window, of all time, and the trend."""
    age = (dataset.end - dataset.time) / DAY_MS
    counts = [
        np.bincount(dataset.item[age <= days], minlength=dataset.n_items).astype(float) for days in _WINDOWS
    ]
    week, month = counts[_WINDOWS.index(7)], counts[_WINDOWS.index(30)]
    trend = np.log((week + 1.0) / 7.0) - np.log((month + 1.0) / 30.0)
    return [*(_against_mean(count) for count in (*counts, dataset.popularity)), trend]


def _against_mean(counts: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.log1p(counts) - np.log1p(counts.mean() if len(counts) else 0.0), np.float64)


def _ages(dataset: Dataset) -> list[NDArray[np.float64]]:
    """Days since the first and the last event of each item."""
    first = np.full(dataset.n_items, np.iinfo(np.int64).max)
    last = np.full(dataset.n_items, np.iinfo(np.int64).min)
    np.minimum.at(first, dataset.item, dataset.time)
    np.maximum.at(last, dataset.item, dataset.time)
    sold = dataset.popularity > 0
    return [
        np.where(sold, _log_days(dataset.end - np.where(sold, moment, 0)), np.nan) for moment in (first, last)
    ]


def _log_days(milliseconds: Longs) -> NDArray[np.float64]:
    return np.log1p(np.maximum(milliseconds, 0) / DAY_MS)


def _events_per_person(dataset: Dataset) -> NDArray[np.float64]:
    known = dataset.person >= 0
    keys = dataset.item[known].astype(np.int64) << 32 | dataset.person[known]
    people = np.bincount(np.unique(keys) >> 32, minlength=dataset.n_items)
    events = np.bincount(dataset.item[known], minlength=dataset.n_items)
    return np.where(people > 0, np.log(np.maximum(events, 1) / np.maximum(people, 1)), np.nan)


def _prices(dataset: Dataset) -> NDArray[np.float64]:
    if c.PRICE not in dataset.items.table.columns:
        return np.full(dataset.n_items, np.nan)
    price = dataset.items.table[c.PRICE].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.where(price > 0, np.log(np.maximum(price, 1e-9)), np.nan)


def _codes(table: pl.DataFrame) -> tuple[tuple[str, ...], Ints]:
    """Codes of the kinds that tell items apart: more than one value, and values that items share."""
    found: dict[str, NDArray[Any]] = {}
    for kind in KINDS:
        if kind not in table.columns:
            continue
        values = table[kind].cast(pl.String)
        n = values.drop_nulls().n_unique()
        if 1 < n < values.drop_nulls().len():
            ranks = values.rank("dense").cast(pl.Int32) - 1
            found[kind] = ranks.fill_null(UNKNOWN).to_numpy()
    codes = np.array(list(found.values()), np.int32).reshape(len(found), len(table))
    return tuple(found), codes
