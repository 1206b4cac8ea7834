"""A split as arrays: what is learned from, and the questions.

This runs inside the environments of the peers, so it needs nothing but NumPy, SciPy and pyarrow.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[Any]

BATCH: Final = 512
"""Requests scored at once."""


@dataclass(frozen=True)
class Part:
    """One part of a split: what is learned from, and the questions.

    Attributes
    ----------
    n_items, n_people
        Number of item and person codes.
    person, item, time
        Events learned from; person -1 is nobody known.
    asked, as_of
        Person (-1: a stranger) and moment of each request.
    offsets, history
        Items of each history, oldest first: request ``i`` has ``history[offsets[i]:offsets[i + 1]]``.
    times
        Time of each item of ``history``.
    truth_offsets, truth
        Items to be found, in the same form.
    """

    n_items: int
    n_people: int
    person: Array
    item: Array
    time: Array
    asked: Array
    as_of: Array
    offsets: Array
    history: Array
    times: Array
    truth_offsets: Array
    truth: Array

    def __len__(self) -> int:
        return len(self.asked)

    @property
    def owner(self) -> Array:
        """Request of each item of ``history``."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @property
    def age(self) -> Array:
        """How many events of its history follow each item of ``history``."""
        return self.offsets[1:][self.owner] - 1 - np.arange(len(self.history))

    def take(self, rows: Array) -> "Part":
        """These requests."""
        places, offsets = _places(self.offsets, rows)
        truths, truth_offsets = _places(self.truth_offsets, rows)
        return replace(
            self,
            asked=self.asked[rows],
            as_of=self.as_of[rows],
            offsets=offsets,
            history=self.history[places],
            times=self.times[places],
            truth_offsets=truth_offsets,
            truth=self.truth[truths],
        )

    def sample(self, n: int) -> "Part":
        """At most ``n`` requests under a fixed seed."""
        if len(self) <= n:
            return self
        return self.take(np.sort(np.random.default_rng(0).choice(len(self), n, replace=False)))

    def people_items(self, weighting: str) -> sparse.csr_matrix:
        """Events learned from as a matrix; see `weighted`."""
        known = self.person >= 0
        return weighted(self.person[known], self.item[known], (self.n_people, self.n_items), weighting)

    def request_items(self, weighting: str) -> sparse.csr_matrix:
        """Histories as a matrix; see `weighted`."""
        return weighted(self.owner, self.history, (len(self), self.n_items), weighting)


def weighted(rows: Array, items: Array, shape: tuple[int, int], weighting: str) -> sparse.csr_matrix:
    """Events as a matrix of ``counts``, of ``log`` (1 + log of the count), or ``binary``."""
    matrix = sparse.coo_matrix((np.ones(len(rows), np.float32), (rows, items)), shape=shape).tocsr()
    if weighting == "binary":
        matrix.data[:] = 1.0
    elif weighting == "log":
        matrix.data[:] = 1.0 + np.log(matrix.data)
    return matrix


def read_split(folder: Path, name: str) -> Part:
    """Read ``test`` or ``tuning``."""
    facts = json.loads((folder / "split.json").read_text())
    train = folder / ("test" if facts["shared_train"] else name) / "train.parquet"
    events, requests = _columns(train), _columns(folder / name / "requests.parquet")
    past, truth = _columns(folder / name / "histories.parquet"), _columns(folder / name / "truth.parquet")
    n = np.arange(len(requests["request"]) + 1)
    return Part(
        facts["items"],
        facts["people"],
        events["person"],
        events["item"],
        events["time"],
        requests["person"],
        requests["as_of"],
        np.searchsorted(past["request"], n),
        past["item"],
        past["time"],
        np.searchsorted(truth["request"], n),
        truth["item"],
    )


def batches(part: Part) -> list[Part]:
    """A part in pieces small enough for a dense matrix."""
    return [part.take(np.arange(low, min(low + BATCH, len(part)))) for low in range(0, len(part), BATCH)]


def _columns(path: Path) -> dict[str, Array]:
    table = pq.read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def _places(offsets: Array, rows: Array) -> tuple[Array, Array]:
    """Places of the entries of these rows, and the offsets of the result."""
    lengths = offsets[rows + 1] - offsets[rows]
    out = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(out[-1]) + np.repeat(offsets[rows] - out[:-1], lengths), out
