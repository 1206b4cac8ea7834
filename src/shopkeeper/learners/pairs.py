"""Pairs of items that stand close together in what one person did, counted in whole units.

    C_ij = sum over pairs of one person's events, e of item i and f of item j, of
             [w_e w_f exp(-(d - 1) / tau)]                 where f comes d <= reach events after e
             [symmetry * w_e w_f exp(-(d - 1) / tau)]      where f comes d <= reach events before e

``[x]`` is ``x`` in whole units of `UNIT` times the strongest pair there can be. Sums of whole numbers do not
depend on their order, so what was counted in can be taken out again without a trace; a fraction of a unit is
what a pair may lose, and pairs too far apart to make half a unit are not looked at. Counting is linear in
events times reach, whatever the length of a history; memory is that of the result and of one portion.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Bools, Floats, Ints, Longs
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.counts import PairCounts, csr, narrow

UNIT: Final = 2.0**-12
"""What is counted in, relative to the strongest pair: fine enough for a view beside a view (1/25 of it)."""
_PAIRS = 1 << 20
"""Pairs looked at at once: few enough to stay near the processor."""
_BLOCK = 1 << 22
"""Entries of one block of the result, about."""
_BITS: Final = 13
"""Bits that hold the units of any pair."""
_DENSE = 8
"""Rows with more pairs than 1 / `_DENSE` of all items are summed in a dense array, others sorted."""
_FEW = 4096
"""Catalogues up to this size are sorted all the same where there are few pairs."""

_Rows = tuple[Longs, Ints, Longs]
"""Lengths, columns and counts of a few rows of C."""


@dataclass(frozen=True)
class Kernel:
    """How much a pair counts.

    Attributes
    ----------
    reach
        Most events between two that count as a pair.
    tau
        Distance, in events, at which a pair counts 1/e.
    symmetry
        How much a pair counts backwards.
    weights
        How strongly each kind of event speaks, indexed by `EventType`.
    """

    reach: int
    tau: float
    symmetry: float
    weights: Floats

    @property
    def unit(self) -> float:
        """What one unit is worth."""
        return UNIT * max(float(self.weights.max(initial=0.0)), 1e-15) ** 2

    @cached_property
    def units(self) -> Longs:
        """Units of a pair: kind of the row's event x kind of the other x places from the first to the second.

        The last axis, 2 reach + 1 long, runs from the farthest before to the farthest after; it is cut where
        nothing is left.
        """
        decay = np.exp(-np.arange(self.reach) / self.tau)
        window = np.concatenate([self.symmetry * decay[::-1], [0.0], decay])
        weights = np.asarray(self.weights, np.float64)
        both = np.outer(weights, weights) / self.unit
        units = np.rint(both[:, :, None] * window).astype(np.int64)
        spare = int(units.any(axis=(0, 1))[self.reach + 1 :][::-1].argmax()) if units.any() else self.reach
        return np.ascontiguousarray(units[:, :, spare : units.shape[2] - spare])


def count_pairs(dataset: Dataset, kernel: Kernel, changed: Bools | None = None) -> PairCounts:
    """C of the module's formula, from rows of known people.

    Parameters
    ----------
    dataset
        Rows of some or all people; within a person in their order.
    kernel
        How much a pair counts.
    changed
        Shape ``(len(dataset),)``: only pairs with one of these rows are counted; None counts all. From the
        first such row of a person, all that follow are of them.
    """
    rows = dataset.person >= 0
    if changed is not None:
        rows &= _near(dataset, changed & rows, kernel.reach)
    part = (dataset.person[rows], dataset.item[rows], dataset.kind[rows])
    events = _Events.of(*part, kernel, None if changed is None else changed[rows])
    return PairCounts.of(
        _blocks(events.rows(dataset.n_items), dataset.n_items), dataset.n_items, events.pairs
    )


def _near(dataset: Dataset, changed: Bools, reach: int) -> Bools:
    """Changed rows and those of the same person at most ``reach`` before the first."""
    starts = np.flatnonzero(changed & ~np.append(False, changed[:-1] & (np.diff(dataset.person) == 0)))
    near = np.zeros(len(changed) + 1, np.int64)
    first = np.maximum(starts - reach, dataset.offsets[dataset.person[starts]])
    np.add.at(near, first, 1)
    np.add.at(near, starts, -1)
    return changed | (np.cumsum(near[:-1]) > 0)


@dataclass(frozen=True, slots=True)
class _Events:
    """Events in the order of people, and which of their neighbours each makes a pair with.

    Attributes
    ----------
    item, kind
        Of each event.
    before, after
        How far its pairs reach to either side.
    gap
        How many places right after it are left out: what has not changed, where only changes are counted.
    units
        Of `Kernel`, cut to the kinds that occur; ``kind`` is coded accordingly.
    """

    item: Ints
    kind: NDArray[np.int8]
    before: Ints
    after: Ints
    gap: Ints
    units: NDArray[np.int64]

    @classmethod
    def of(
        cls, person: Ints, item: Ints, kind: NDArray[np.int8], kernel: Kernel, changed: Bools | None
    ) -> Self:
        kinds = np.flatnonzero(np.bincount(kind, minlength=1))
        units = kernel.units[np.ix_(kinds, kinds)]
        reach = units.shape[2] // 2
        starts = np.flatnonzero(np.append(True, person[1:] != person[:-1])[: len(person)])
        lengths = np.diff(np.append(starts, len(person)))
        place = np.arange(len(person)) - np.repeat(starts, lengths)
        left = np.repeat(lengths, lengths) - 1 - place
        backwards = np.minimum(place, reach if units[:, :, :reach].any() else 0)
        after, gap = np.minimum(left, reach), np.zeros(len(person), np.int64)
        if changed is not None:
            # The unchanged come first; they pair with the changed after them only.
            old = np.repeat(np.add.reduceat(~changed, starts), lengths) if len(starts) else gap
            gap = np.where(changed, 0, old - place - 1)
            backwards = np.where(changed, backwards, 0)
            after = np.maximum(after, gap)
        code = np.searchsorted(kinds, kind).astype(np.int8)
        return cls(
            item, code, backwards.astype(np.int32), after.astype(np.int32), gap.astype(np.int32), units
        )

    @property
    def pairs(self) -> int:
        """Pairs of all events."""
        return int(self._lengths.sum())

    @property
    def _lengths(self) -> Longs:
        return self.before.astype(np.int64) + self.after - self.gap

    def rows(self, n_items: int) -> Iterator[_Rows]:
        """C, a few of its rows at a time, in order."""
        order = np.argsort(self.item, kind="stable")
        bounds = np.append(0, np.cumsum(np.bincount(self.item, minlength=n_items)))
        pairs = np.append(0, np.cumsum(self._lengths[order]))[bounds]
        heavy = np.diff(pairs) * _DENSE > max(n_items, _FEW)
        for low, high in _portions(pairs, heavy):
            events = order[bounds[low] : bounds[high]]
            if heavy[low]:
                yield self._dense(events, n_items)
            else:
                yield _summed(*self._pairs(events), pairs[low : high + 1] - pairs[low], n_items)

    def _dense(self, events: Longs, n_items: int) -> _Rows:
        """One row with many pairs, added up over all items, some events at a time."""
        total = np.zeros(n_items)
        step = max(1, _PAIRS // self.units.shape[2])
        for low in range(0, len(events), step):
            column, units = self._pairs(events[low : low + step])
            total += np.bincount(column, units, minlength=n_items)
        found = np.flatnonzero(total)
        return np.array([len(found)]), found.astype(np.int32), total[found].astype(np.int64)

    def _pairs(self, events: Longs) -> tuple[Ints, Longs]:
        """The other item and the units of each pair of these events, event by event."""
        reach = self.units.shape[2] // 2
        window = np.arange(-reach, reach + 1, dtype=np.int32)
        before, after, gap = (part[events, None] for part in (self.before, self.after, self.gap))
        row, place = np.nonzero((window >= -before) & (window <= after) & ((window < 0) | (window > gap)))
        event = events[row]
        other = event + place - reach
        return self.item[other], self.units[self.kind[event], self.kind[other], place]


def _portions(pairs: Longs, heavy: Bools) -> Iterator[tuple[int, int]]:
    """Ranges of rows: a heavy row by itself, light ones together up to about `_PAIRS` pairs."""
    cuts = np.searchsorted(pairs, np.arange(0, pairs[-1], _PAIRS))
    alone = np.flatnonzero(heavy)
    bounds = np.unique(np.concatenate([[0, len(heavy)], alone, alone + 1, cuts]))
    return pairwise(bounds.tolist())


def _summed(column: Ints, units: Longs, starts: Longs, n_items: int) -> _Rows:
    """Rows with one entry a column, by sorting cells and units as one number."""
    row = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    key = np.sort((row * n_items + column) << _BITS | units)
    cell = key >> _BITS
    first = np.flatnonzero(np.append(True, cell[1:] != cell[:-1])[: len(cell)])
    total = np.add.reduceat(key & ((1 << _BITS) - 1), first) if len(first) else key
    row, column = np.divmod(cell[first][total > 0], n_items)
    return np.bincount(row, minlength=len(starts) - 1), column.astype(np.int32), total[total > 0]


def _blocks(rows: Iterator[_Rows], n_items: int) -> Iterator[sparse.csr_array]:
    """The same rows in blocks of about `_BLOCK` entries."""
    gathered: list[_Rows] = []
    size = 0
    for part in rows:
        gathered.append(part)
        size += len(part[1])
        if size >= _BLOCK:
            yield _block(gathered, n_items)
            gathered, size = [], 0
    if gathered:
        yield _block(gathered, n_items)


def _block(rows: list[_Rows], n_items: int) -> sparse.csr_array:
    lengths, column, count = (np.concatenate(part) for part in zip(*rows, strict=True))
    return csr(narrow(count), column, np.append(0, np.cumsum(lengths)).astype(np.int32), n_items)
