"""What a sequence model hears of an event: its item, its kind, and how long until the next."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core import columns as c
from shopkeeper.core.types import Histories, Ints, Longs, ragged_positions
from shopkeeper.data.dataset import Dataset

GAPS: Final = 40
"""Codes of time: one more with each doubling of the seconds."""
BANDS: Final = 9
"""Price bands: eight with about as many items each, and 0 for an unknown price."""
_RARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class GapCodes:
    """Codes of the time from one event to the next; from the last one to the question.

    Where times are made up or all alike, one code is left, and time says nothing.

    Attributes
    ----------
    low, high
        The codes that are used; what lies outside, and hardly occurred in training, is taken for the nearest.
    """

    low: int = 0
    high: int = 0

    def of(self, milliseconds: Longs) -> Ints:
        """floor(log2(1 + seconds)) within the codes that are used."""
        code = np.log2(1.0 + np.maximum(milliseconds, 0) / 1000.0).astype(np.int32)
        return np.clip(code, self.low, self.high)

    @classmethod
    def learn(cls, dataset: Dataset) -> Self:
        """All codes between the rarest in a hundred at either end."""
        inside = (dataset.person[1:] == dataset.person[:-1]) & (dataset.person[1:] >= 0)
        codes = cls(0, GAPS - 1).of(np.diff(dataset.time)[inside])
        if not len(codes):
            return cls()
        low, high = np.quantile(codes, [_RARE, 1.0 - _RARE], method="nearest")
        return cls(int(low), int(high))


@dataclass(frozen=True, slots=True)
class Heard:
    """Events of ``n`` histories, oldest first, padded at the end to the longest.

    Attributes
    ----------
    items, kinds, gaps
        Shape ``(n, length)``: item code, `EventType`, code of the time until the next event; 0 where padded.
    lengths
        Shape ``(n,)``.
    """

    items: Ints
    kinds: Ints
    gaps: Ints
    lengths: Longs

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Which places hold an event."""
        return np.asarray(np.arange(self.items.shape[1]) < self.lengths[:, None])

    def take(self, rows: Longs) -> "Heard":
        """These histories, in this order."""
        return Heard(self.items[rows], self.kinds[rows], self.gaps[rows], self.lengths[rows])

    def latest(self) -> NDArray[np.int64]:
        """Where the item of each place comes next in the same row; a large number where it does not."""
        n, length = self.items.shape
        row, place = np.divmod(np.arange(n * length), max(length, 1))
        items = np.where(self.filled, self.items, -1).ravel()
        order = np.lexsort((place, items, row))
        again = np.full(n * length, np.iinfo(np.int64).max)
        one, next_ = order[:-1], order[1:]
        same = (row[one] == row[next_]) & (items[one] == items[next_]) & (items[one] >= 0)
        again[one[same]] = place[next_[same]]
        return again.reshape(n, length)


def hear(histories: Histories, as_of: Longs, known: NDArray[np.bool_], gaps: GapCodes, length: int) -> Heard:
    """The latest ``length`` events of each history whose item is ``known`` to the model."""
    place = np.flatnonzero(known[histories.items]) if len(known) else np.empty(0, np.int64)
    bounds = np.searchsorted(place, histories.offsets)
    starts, ends = np.maximum(bounds[:-1], bounds[1:] - length), bounds[1:]
    edges = np.stack([starts, ends], axis=1).ravel()
    chosen, offsets = ragged_positions(edges, np.arange(0, len(edges), 2))
    rows = place[chosen]
    following = np.append(histories.times[rows][1:], 0)
    last = offsets[1:][np.diff(offsets) > 0] - 1
    following[last] = as_of[np.diff(offsets) > 0]
    return padded(
        histories.items[rows], histories.kinds[rows], gaps.of(following - histories.times[rows]), offsets
    )


def padded(items: Ints, kinds: NDArray[np.int8], gaps: Ints, offsets: Longs) -> Heard:
    """Rows one after another, side by side instead."""
    lengths = np.diff(offsets)
    shape = (len(lengths), int(lengths.max(initial=0)))
    row = np.repeat(np.arange(len(lengths)), lengths)
    column = np.arange(len(items)) - offsets[:-1][row]

    def spread(values: NDArray[np.integer]) -> Ints:
        out = np.zeros(shape, np.int32)
        out[row, column] = values
        return out

    return Heard(spread(items), spread(kinds), spread(gaps), lengths)


def price_bands(dataset: Dataset) -> Ints:
    """Band of each item by quantiles of the known prices, 0 where there is none or all are alike."""
    table = dataset.items.table
    out = np.zeros(dataset.n_items, np.int32)
    if c.PRICE not in table.columns:
        return out
    price = table[c.PRICE].cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = price > 0
    if known.any():
        edges = np.unique(np.quantile(price[known], np.linspace(0, 1, BANDS)[1:-1]))
        bands = 1 + np.searchsorted(edges, price[known], "right").astype(np.int32)
        out[known] = bands if bands.min() < bands.max() else 0
    return out
