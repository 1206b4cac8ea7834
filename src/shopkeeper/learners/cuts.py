"""Histories cut at a moment: what came before is asked, what came then is the answer."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from shopkeeper.core.types import Bools, Floats, Longs, ragged_positions
from shopkeeper.data.dataset import Dataset

_SMALL_BATCH: Final = 16
_FEW_STEPS: Final = 16


@dataclass(frozen=True, slots=True)
class Cuts:
    """Moments at which known people did something.

    Attributes
    ----------
    starts, cuts, ends
        Shape ``(n,)``: rows ``starts:cuts`` of the dataset come before the moment, ``cuts:ends`` at or after
        it, all of one person.
    """

    starts: Longs
    cuts: Longs
    ends: Longs

    def __len__(self) -> int:
        return len(self.cuts)

    @classmethod
    def of(cls, dataset: Dataset, before: int, after: int, most: int, *, first: bool = False) -> Self:
        """The last ``most`` moments of each person, at most ``before`` and ``after`` rows beside each.

        Their very first moment has nothing before it; it is left out unless ``first`` is asked for.
        """
        person, known = dataset.person, dataset.person >= 0
        begins = np.ones(len(person), bool)
        begins[1:] = (person[1:] != person[:-1]) | (dataset.time[1:] > dataset.time[:-1])
        if not first:
            begins &= np.arange(len(person)) > dataset.offsets[person]
        rows = np.flatnonzero(begins & known)
        later = np.searchsorted(person[rows], person[rows], "right") - np.arange(len(rows))
        rows = rows[later <= most]
        starts, ends = dataset.offsets[person[rows]], dataset.offsets[person[rows] + 1]
        return cls(np.maximum(starts, rows - before), rows, np.minimum(ends, rows + after))

    def take(self, rows: Longs) -> "Cuts":
        """These moments, in this order."""
        return Cuts(self.starts[rows], self.cuts[rows], self.ends[rows])

    def forgetting(self, rows: Bools) -> "Cuts":
        """The same moments, with nothing before these."""
        return Cuts(np.where(rows, self.cuts, self.starts), self.cuts, self.ends)

    @property
    def past(self) -> tuple[Longs, Longs]:
        """Rows of the dataset before each moment, and the offsets of each moment's rows in them."""
        return _rows(self.starts, self.cuts)

    @property
    def future(self) -> tuple[Longs, Longs]:
        """Rows of the dataset from each moment on, and the offsets of each moment's rows in them."""
        return _rows(self.cuts, self.ends)


def _rows(starts: Longs, ends: Longs) -> tuple[Longs, Longs]:
    bounds = np.empty(2 * len(starts), np.int64)
    bounds[::2], bounds[1::2] = starts, ends
    return ragged_positions(bounds, np.arange(0, 2 * len(starts), 2))


def fading(offsets: Longs, weights: Floats, recency: float) -> Floats:
    """``weights`` of events times ``recency`` ^ (events of the same row since)."""
    back = np.repeat(offsets[1:], np.diff(offsets)) - 1 - np.arange(offsets[-1])
    return np.asarray(weights * np.float32(recency) ** back.astype(np.float32), np.float32)


def unit(weights: Floats, offsets: Longs) -> Floats:
    """Weights of each row scaled to the length 1."""
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    lengths = np.sqrt(np.bincount(rows, weights.astype(np.float64) ** 2, len(offsets) - 1))
    return np.asarray(weights / np.maximum(lengths, 1e-12)[rows], np.float32)


def batch_size(examples: int, most: int) -> int:
    """Examples a step: ``most``, or fewer where there are so few that a pass would be but a few steps."""
    return min(most, max(_SMALL_BATCH, examples // _FEW_STEPS))
