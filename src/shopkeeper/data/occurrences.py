"""How often a content was seen before within one source, across its chunks and in bounded memory."""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
_GROWTH: Final = 4
"""Runs of hashes are merged when the older one is less than this many times longer than the newer."""


class Occurrences:
    """Counts contents by 64-bit hashes, eight bytes for each row seen.

    The hashes are kept as a few sorted runs, merged as they grow, so that a source of n chunks costs
    O(n log n) and not O(n^2). Two contents of one hash would merely share their numbering.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def number(self, contents: pl.Series) -> NDArray[np.int64]:
        """Occurrence number of each content, from 0 for the first of its kind, over all calls."""
        hashes = contents.hash().to_numpy()
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        numbers = np.empty(len(hashes), np.int64)
        numbers[order] = _rank_in_run(ordered) + self._seen(ordered)
        self._add(ordered)
        return numbers

    def _seen(self, ordered: Hashes) -> NDArray[np.int64]:
        seen = np.zeros(len(ordered), np.int64)
        for run in self._runs:
            seen += np.searchsorted(run, ordered, "right") - np.searchsorted(run, ordered, "left")
        return seen

    def _add(self, run: Hashes) -> None:
        while self._runs and len(self._runs[-1]) < _GROWTH * len(run):
            run = np.concatenate([self._runs.pop(), run])
            run.sort(kind="stable")
        self._runs.append(run)


def _rank_in_run(ordered: Hashes) -> NDArray[np.int64]:
    """Place of each entry among its equals in a sorted array."""
    places = np.arange(len(ordered), dtype=np.int64)
    starts = np.ones(len(ordered), bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    return places - np.maximum.accumulate(np.where(starts, places, 0))
