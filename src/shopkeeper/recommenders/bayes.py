"""What people with the asker's interests take: naive Bayes over the interests of a history.

    P(j | h) = P(j) prod_i (P(i | j) / P(i)) ^ (evidence h_i), over the sum of the same for all items
    P(j)     = share of takers who took j,  P(i) = mean share of i in what takers took
    P(i | j) = (c_ij + shrinkage P(i)) / (n_j + shrinkage)

c_ij is the share of i in what each taker of j took, summed over the n_j of them; h_i is the share of i in the
history, occasions as ``log(1 + n)``. This is multinomial naive Bayes (McCallum and Nigam 1998, "A comparison
of event models for naive Bayes text classification") with a person as the text and items as its words. A long
history is no more certain than a short one: what people do is not independent, so that all of it together
speaks as ``evidence`` independent words do.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Evidence, Floats, Histories, Ints, Longs, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import build_histories
from shopkeeper.learners.linear import empty, stacked, strongest
from shopkeeper.recommenders.dense import LIVE, rank
from shopkeeper.recommenders.evidence import reasons
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state

_KEPT: Final = 500
"""Items kept that an interest speaks for, the likeliest."""
_BLOCK: Final = 1024
"""Interests counted at once."""
_CELLS: Final = 1 << 22
"""Chances looked at at once."""
_LEAST: Final = -1e6
"""Logarithm of a chance below which nothing was taken at all."""


@dataclass(frozen=True, slots=True)
class BayesConfig:
    """How interests are heard.

    Attributes
    ----------
    shrinkage
        Takers of an item that weigh as much as everybody.
    evidence
        Independent words that a whole history counts as.
    """

    shrinkage: float = 10.0
    evidence: float = 10.0


class Bayes:
    """What suits somebody with these interests."""

    name: ClassVar[str] = "bayes"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True

    def __init__(self, config: BayesConfig | None = None) -> None:
        self.config = config or BayesConfig()
        self._take(empty(0), np.empty(0, np.int64))

    @property
    def retrieves(self) -> bool:
        """Whether ranking everything is quick enough for a live request."""
        return len(self.takers_) <= LIVE

    def fit(self, dataset: Dataset) -> Self:
        """Count what the takers of each item care for."""
        people = np.arange(len(dataset.people), dtype=np.int64)
        histories = build_histories(dataset, people, np.full(len(people), dataset.end, np.int64))
        shares = _shares(histories, dataset.n_items)
        taken = sparse.csr_array((np.ones_like(shares.data), shares.indices, shares.indptr), shares.shape)
        interests = sparse.csr_array(shares.T)
        usual = self.config.shrinkage * interests.sum(axis=1) / max(len(people), 1)
        parts = []
        for low in range(0, dataset.n_items, _BLOCK):
            part = sparse.csr_array(interests[low : low + _BLOCK] @ taken)
            part.data = np.log1p(part.data / np.repeat(usual[low : low + _BLOCK], np.diff(part.indptr)))
            parts.append(strongest(part, _KEPT).astype(np.float32))
        takers = np.bincount(taken.indices, minlength=dataset.n_items).astype(np.int64)
        return self._take(stacked(parts, dataset.n_items), takers)

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank every item; see `Recommender.recommend`."""
        asked = _shares(requests.histories, len(self.takers_))
        return rank(lambda row: self._chances(asked[[row]])[0], requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """P(j | h) of each candidate; see `Recommender.score`."""
        asked = _shares(requests.histories, len(self.takers_))
        step = max(_CELLS // max(len(self.takers_), 1), 1)
        parts = [np.empty(0, np.float32)]
        for low in range(0, len(requests), step):
            part = candidates.take(np.arange(low, min(low + step, len(requests))))
            parts.append(self._chances(asked[low : low + step])[part.rows, part.items])
        return np.concatenate(parts)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Interests that speak most for each item, at most three."""
        asked = _shares(request.histories, len(self.takers_))
        carried = (sparse.diags_array(asked.data) @ self.matrix_[asked.indices][:, items]).toarray()
        return tuple(Evidence(self.name, reasons(asked.indices, column)) for column in carried.T)

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), takers=self.takers_, **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        return cls(BayesConfig(**settings))._take(matrix_of(arrays), arrays["takers"])

    def _take(self, matrix: sparse.csr_array, takers: Longs) -> Self:
        """Keep ``log(1 + c_ij / (shrinkage P(i)))``, and how many took each item."""
        self.matrix_, self.takers_ = matrix, takers
        with np.errstate(divide="ignore"):  # what nobody took has no chance
            self._prior = np.log(takers / max(int(takers.sum()), 1))
        # What is left of log P(i | j) / P(i) without the matrix is the same for every interest.
        self._alone = -np.log1p(takers / self.config.shrinkage)
        return self

    def _chances(self, asked: sparse.csr_array) -> Floats:
        """P(j | h) of every item for some histories; each row is the same whatever stands beside it."""
        words = (asked @ self.matrix_).toarray() + asked.sum(axis=1)[:, None] * self._alone
        odds = self._prior + self.config.evidence * words
        odds = np.exp(odds - np.maximum(odds.max(axis=1, initial=-np.inf, keepdims=True), _LEAST))
        return np.asarray(odds / np.maximum(odds.sum(axis=1, keepdims=True), 1e-12), np.float32)


def _shares(histories: Histories, n_items: int) -> sparse.csr_array:
    """Share of each interest in each history, people x items."""
    known = histories.known
    counts = np.log1p(histories.summary_counts.astype(np.float64))
    total = np.bincount(known.rows, counts, len(known))
    shares = counts / total[known.rows]
    return sparse.csr_array((shares, known.items, known.offsets), shape=(len(known), n_items))
