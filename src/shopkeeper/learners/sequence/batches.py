"""Batches to learn from: windows of histories of about the same length, and the items they stand against."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Ints, Longs, ragged_positions
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.sequence.inputs import GapCodes, Heard, padded

AGAIN: Final = 8
"""Codes of how long ago an item of the history was seen: one more with each doubling of the events."""

_STEP_TOKENS: Final = 6_400
_SMALL_BATCH: Final = 16
_FEW_STEPS: Final = 32


def again_code(distance: NDArray[np.int64]) -> NDArray[np.int64]:
    """floor(log2(1 + events since)), at most ``AGAIN - 1``."""
    return np.minimum(np.log2(np.maximum(distance, 0) + 1.0).astype(np.int64), AGAIN - 1)


@dataclass(frozen=True, slots=True)
class Batch:
    """The questions of one step: after each event of some windows, what came next.

    Attributes
    ----------
    rows
        Distinct items of the step; what follows names items by their place here.
    heard
        The windows.
    row, place
        Shape ``(n,)``: window and place of each question.
    targets
        Shape ``(n,)``: what came next.
    target_again
        Shape ``(n,)``: `again_code` of the target, -1 where it is not in the window so far.
    negatives
        Shape ``(m,)``: items drawn evenly, distinct, or all there are.
    offset
        log(items / m): what one of the drawn stands for.
    taken
        Question and column of negatives that are the target, or in the window and told apart below.
    own
        Shape ``(n, length)``: the windows' own items that each question stands against too, the latest of
        each item, the target left out.
    own_again
        Shape ``(n, length)``: their `again_code`.
    """

    rows: Longs
    heard: Heard
    row: Longs
    place: Longs
    targets: Longs
    target_again: Longs
    negatives: Longs
    offset: float
    taken: tuple[Longs, Longs]
    own: NDArray[np.bool_]
    own_again: Longs


class Feed:
    """Turns a dataset into batches.

    Parameters
    ----------
    dataset
        Rows of nobody known are left out.
    length
        Longest window; longer histories are cut into several.
    batch, negatives, tokens, seed
        As in `SequenceConfig`.
    gaps
        Codes of times.
    """

    def __init__(
        self,
        dataset: Dataset,
        length: int,
        gaps: GapCodes,
        *,
        batch: int,
        negatives: int,
        tokens: int,
        seed: int,
    ) -> None:
        kept = dataset.where(dataset.person >= 0)
        self.item, self.kind = kept.item, kept.kind
        self.gap = gaps.of(np.diff(kept.time, append=0))
        self.starts, self.ends = _windows(kept.offsets, length)
        self.items = np.flatnonzero(kept.popularity > 0)
        self.negatives, self.tokens, self.seed = negatives, tokens, seed
        self.batch = min(batch, max(_SMALL_BATCH, len(self.starts) // _FEW_STEPS))
        self._column = np.full(kept.n_items, -1)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """One pass: windows of about the same length together, the batches in random order."""
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.starts))
        lengths = self.ends[order] - self.starts[order]
        order = order[: np.searchsorted(np.cumsum(lengths), self.tokens) + 1]
        lengths = self.ends[order] - self.starts[order]
        parts = _parts(order[np.argsort(lengths, kind="stable")], self.starts, self.ends, self.batch)
        for part in rng.permutation(len(parts)).tolist():
            yield self._batch(parts[part], rng)

    def _batch(self, windows: Longs, rng: np.random.Generator) -> Batch:
        edges = np.stack([self.starts[windows], self.ends[windows]], axis=1).ravel()
        events, offsets = ragged_positions(edges, np.arange(0, len(edges), 2))
        heard = padded(self.item[events], self.kind[events], self.gap[events], offsets)
        row, place = np.nonzero(heard.filled)
        wanted = self.item[events + 1].astype(np.int64)
        negatives = self._drawn(rng)
        own, again = _own(heard, row, place)
        distance = place[:, None] - np.arange(heard.items.shape[1])
        same = own & (heard.items[row] == wanted[:, None])
        target_again = np.where(same.any(axis=1), again_code((same * distance).sum(axis=1)), -1)
        taken = self._taken(negatives, wanted, np.where(own, heard.items[row], -1))
        rows, local = np.unique(np.concatenate([heard.items.ravel(), wanted, negatives]), return_inverse=True)
        n, m = heard.items.size, len(wanted)
        heard = Heard(
            local[:n].reshape(heard.items.shape).astype(np.int32), heard.kinds, heard.gaps, heard.lengths
        )
        offset = math.log(len(self.items) / max(1, len(negatives)))
        return Batch(
            rows,
            heard,
            row,
            place,
            local[n : n + m],
            target_again,
            local[n + m :],
            offset,
            taken,
            own & ~same,
            again,
        )

    def _drawn(self, rng: np.random.Generator) -> Longs:
        if len(self.items) <= self.negatives:
            return self.items
        return self.items[np.unique(rng.integers(len(self.items), size=self.negatives))]

    def _taken(self, negatives: Longs, wanted: Longs, own: Ints) -> tuple[Longs, Longs]:
        """Negatives that must not count as such."""
        self._column[negatives] = np.arange(len(negatives))
        columns = self._column[np.column_stack([wanted, np.where(own >= 0, own, wanted[:, None])])]
        self._column[negatives] = -1
        question, place = np.nonzero(columns >= 0)
        return question, columns[question, place]


def _own(heard: Heard, row: Longs, place: Longs) -> tuple[NDArray[np.bool_], Longs]:
    """For each question: which places hold an item of the past, the latest of each, and how long ago."""
    places = np.arange(heard.items.shape[1])
    own = (places <= place[:, None]) & (heard.latest()[row] > place[:, None])
    return own, again_code(place[:, None] - places)


def _windows(offsets: Longs, length: int) -> tuple[Longs, Longs]:
    """Events to start from, cut from the end of each history; the event after a window is its last answer."""
    answered = np.maximum(np.diff(offsets) - 1, 0)
    counts = -(-answered // length)
    person = np.repeat(np.arange(len(counts)), counts)
    back = np.arange(len(person)) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = offsets[:-1][person] + answered[person] - back * length
    return np.maximum(offsets[:-1][person], ends - length), ends


def _parts(windows: Longs, starts: Longs, ends: Longs, batch: int) -> list[Longs]:
    """Consecutive windows, rising in length, as many a step as `batch` and `_STEP_TOKENS` allow."""
    lengths = ends[windows] - starts[windows]
    parts, start = [], 0
    while start < len(windows):
        n = batch
        while n > 1 and n * int(lengths[min(start + n, len(windows)) - 1]) > _STEP_TOKENS:
            n //= 2
        parts.append(windows[start : start + n])
        start += n
    return parts
