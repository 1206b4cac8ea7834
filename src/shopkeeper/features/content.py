"""What an item is, apart from who took it: kinds, price and text, as numbers for a model to learn from."""

import json
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Floats, Ints, Ragged
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.features.text import grams

KINDS: Final = (c.CATEGORY, c.CATEGORY2, c.CATEGORY3, c.BRAND)
"""Columns that say what kind of thing an item is."""

_TEXTS: Final = (c.TITLE, c.DESCRIPTION)
BANDS: Final = 10
"""Price bands with about as many items each."""
BUCKETS: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Content:
    """What each item is.

    Attributes
    ----------
    kinds
        Shape ``(n_items, m)``: row of a table of embeddings for each of `KINDS` that tells items apart and
        for the price band; 0 is not known.
    n_kinds
        Rows of that table.
    price
        Shape ``(n_items,)``: log of the price, mean 0 and deviation 1; 0 where not known.
    grams
        Buckets of the text of each item, see `text.grams`; of title, description, and the plain words among
        the attributes, where a shop keeps its other languages.
    """

    kinds: Ints
    n_kinds: int
    price: Floats
    grams: Ragged

    def __len__(self) -> int:
        return len(self.price)

    @classmethod
    def of(cls, items: ItemIndex) -> Self:
        """Read the catalogue."""
        table = items.table
        price = _log_prices(table)
        columns = [codes for kind in KINDS if (codes := _codes(table, kind)) is not None]
        columns.append(_bands(price))
        starts = np.cumsum([0, *(int(codes.max(initial=-1)) + 1 for codes in columns)])
        kinds = [
            np.where(codes >= 0, codes + start + 1, 0) for codes, start in zip(columns, starts, strict=False)
        ]
        known = ~np.isnan(price)
        spread = float(price[known].std()) if known.any() else 1.0
        middle = float(price[known].mean()) if known.any() else 0.0
        level = np.where(known, (price - middle) / max(spread, 1e-6), 0.0)
        return cls(
            np.stack(kinds, axis=1).astype(np.int32),
            int(starts[-1]) + 1,
            level.astype(np.float32),
            grams(_texts(table), BUCKETS),
        )


def _codes(table: pl.DataFrame, column: str) -> Ints | None:
    """Codes of a column, -1 where empty; None where it does not tell items apart."""
    if column not in table.columns or table[column].drop_nulls().n_unique() < 2:
        return None
    ranks = table[column].cast(pl.String).rank("dense").cast(pl.Int32) - 1
    return np.asarray(ranks.fill_null(-1).to_numpy(), np.int32)


def _log_prices(table: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Log of each price, NaN where not known."""
    if c.PRICE not in table.columns:
        return np.full(len(table), np.nan)
    price = table[c.PRICE].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.where(price > 0, np.log(np.maximum(price, 1e-9)), np.nan)


def _bands(price: np.ndarray[Any, np.dtype[np.float64]]) -> Ints:
    """Price band of each item, -1 where not known."""
    known = ~np.isnan(price)
    if not known.any():
        return np.full(len(price), -1, np.int32)
    edges = np.unique(np.quantile(price[known], np.arange(1, BANDS) / BANDS))
    return np.where(known, np.searchsorted(edges, price, "right"), -1).astype(np.int32)


def _texts(table: pl.DataFrame) -> list[str]:
    """The words of each item."""
    columns = [table[name].fill_null("").to_list() for name in _TEXTS if name in table.columns]
    if c.ATTRIBUTES in table.columns:
        columns.append([_words(text) for text in table[c.ATTRIBUTES].to_list()])
    return [" ".join(parts) for parts in zip(*columns, strict=True)] if columns else [""] * len(table)


def _words(attributes: str | None) -> str:
    """Plain words among the attributes of an item (a JSON object)."""
    found = json.loads(attributes) if attributes else {}
    if not isinstance(found, dict):
        return ""
    lists = (value if isinstance(value, list) else [value] for value in found.values())
    return " ".join(word for values in lists for word in values if isinstance(word, str))
