"""Implicit alternating least squares: people and items as vectors, people from their history alone.

    min over x, y of  sum over p, j of c_pj ([c_pj > 1] - x_p y_j)^2 + lambda (|x_p|^2 + |y_j|^2)
    c_pj = 1 + alpha * sum over events of p with j of recency ^ (events since) * w

(Hu, Koren and Volinsky 2008), learned by the library ``implicit``. Only the vectors of items are kept; asked,
a person's vector is solved from the history by the same normal equations:

    x = (Y^T Y + sum_j (c_j - 1) y_j y_j^T + lambda I)^-1 sum_j c_j y_j,   score_j = x y_j

A score below 0 says nothing. Ranking everything needs one product with all items, so in a large catalogue
this only scores what others bring (`base.retrieves`).
"""

from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Evidence, Floats, Histories, Ints, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.cuts import fading
from shopkeeper.recommenders.dense import LIVE, rank
from shopkeeper.recommenders.evidence import about, reasons
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import contains

_LATEST: Final = 256
"""Events of a person that are learned from, the latest, as many as a history holds."""


@dataclass(frozen=True, slots=True)
class FactorsConfig:
    """How vectors are learned and asked.

    Attributes
    ----------
    dim
        Length of a vector.
    alpha
        How much more an event of weight 1 counts than nothing.
    penalty
        lambda.
    iterations
        Times that people and items are solved.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1, when asked.
    learned_recency
        The same when learning.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    seed
        Of the first vectors.
    """

    dim: int = 64
    alpha: float = 10.0
    penalty: float = 1.0
    iterations: int = 15
    recency: float = 0.9
    learned_recency: float = 1.0
    seen: float = 1.0
    seed: int = 0


class Factors:
    """What lies close to the person in a space of few dimensions."""

    name: ClassVar[str] = "factors"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False

    def __init__(self, config: FactorsConfig | None = None) -> None:
        self.config = config or FactorsConfig()
        self._take(np.empty((0, self.config.dim), np.float32), np.ones(0, np.float32))

    @property
    def retrieves(self) -> bool:
        """Whether ranking everything is quick enough for a live request."""
        return self.vectors_.size <= LIVE

    def fit(self, dataset: Dataset) -> Self:
        """Learn vectors of all items that known people touched; the others have no score."""
        confidence = _confidence(dataset, self.config.learned_recency, self.config.alpha)
        items = np.flatnonzero(np.bincount(confidence.indices, minlength=dataset.n_items))
        vectors = np.zeros((dataset.n_items, self.config.dim), np.float32)
        if len(items):
            vectors[items] = _learned(confidence[:, items], self.config)
        return self._take(vectors, dataset.weights)

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank every item; see `Recommender.recommend`."""
        people, known = self._people(requests), requests.histories.known

        def scores(row: int) -> Floats:
            out: Floats = np.maximum(self.vectors_ @ people[row], np.float32(0.0))
            out[known[row]] *= np.float32(self.config.seen)
            return out

        return rank(scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        out = np.zeros(len(candidates.items), np.float32)
        for row, person in enumerate(self._people(requests)):
            low, high = candidates.offsets[row], candidates.offsets[row + 1]
            out[low:high] = np.maximum(self.vectors_[candidates.items[low:high]] @ person, np.float32(0.0))
        if self.config.seen != 1.0:
            out[contains(requests.histories.known, candidates)] *= np.float32(self.config.seen)
        return out

    def similar(self, items: Ints, k: int) -> Recommendations:
        """Items whose vectors point the same way, never the item itself."""
        lengths = np.linalg.norm(self.vectors_, axis=1)
        unit = self.vectors_ / np.maximum(lengths, 1e-12)[:, None]
        return rank(lambda row: unit @ unit[items[row]], about(items), k, self.name)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Items of the history that carried each score, the strongest first, at most three.

        The score is a sum over the history, y_j A^-1 c_i y_i (Hu, Koren and Volinsky 2008, section 5).
        """
        history, weights = self._heard(request.histories)
        vectors = self.vectors_[history.items]
        matrix = self._system(vectors, weights)
        each = (1.0 + weights)[:, None] * np.linalg.solve(matrix, vectors.T).T
        carried = each @ self.vectors_[items].T
        return tuple(Evidence(self.name, reasons(history.items, carried[:, i])) for i in range(len(items)))

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), vectors=self.vectors_, weights=self.weights_)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        return cls(FactorsConfig(**settings))._take(arrays["vectors"], arrays["weights"])

    def _take(self, vectors: Floats, weights: Floats) -> Self:
        self.vectors_, self.weights_ = vectors, weights
        self._gram = vectors.T @ vectors
        return self

    def _people(self, requests: Requests) -> list[Floats]:
        """Vector of each person, 0 where the history says nothing.

        One request at a time: a product of matrices adds in another order for another number of rows.
        """
        history, weights = self._heard(requests.histories)
        return [
            self._person(history.items[low:high], weights[low:high])
            for low, high in pairwise(history.offsets.tolist())
        ]

    def _person(self, items: Ints, weights: Floats) -> Floats:
        vectors = self.vectors_[items]
        right = (np.float32(1.0) + weights) @ vectors
        return np.asarray(np.linalg.solve(self._system(vectors, weights), right), np.float32)

    def _system(self, vectors: Floats, weights: Floats) -> Floats:
        """The matrix of the module's formula; ``weights`` are c - 1."""
        matrix = self._gram + (vectors.T * weights) @ vectors
        # A penalty of 0 must not leave it unsolvable where there are fewer items than dimensions.
        matrix[np.diag_indices_from(matrix)] += np.float32(max(self.config.penalty, 1e-6))
        return np.asarray(matrix, np.float32)

    def _heard(self, histories: Histories) -> tuple[Ragged, Floats]:
        """Distinct items of each history and c - 1 of each."""
        decayed = fading(histories.offsets, self.weights_[histories.kinds], self.config.recency)
        return _summed(histories.recent, np.float32(self.config.alpha) * decayed)


def _confidence(dataset: Dataset, recency: float, alpha: float) -> sparse.csr_array:
    """The matrix c of the module's formula, people x items."""
    known = np.flatnonzero(dataset.person >= 0)
    ends = dataset.offsets[1:][dataset.person[known]]
    rows = known[ends - 1 - known < _LATEST]
    offsets = np.searchsorted(dataset.person[rows], np.arange(len(dataset.people) + 1))
    weights = fading(offsets, dataset.weights[dataset.kind[rows]], recency)
    touched, sums = _summed(Ragged(offsets, dataset.item[rows]), np.float32(alpha) * weights)
    shape = (len(dataset.people), dataset.n_items)
    return sparse.csr_array((1.0 + sums, touched.items, touched.offsets), shape=shape)


def _learned(confidence: sparse.csr_array, config: FactorsConfig) -> Floats:
    """Vectors of the items of the columns."""
    from implicit.cpu.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # The library divides the rows among threads itself; threads of BLAS below them only get in the way.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=config.dim,
            regularization=config.penalty,
            iterations=config.iterations,
            random_state=config.seed,
        )
        model.fit(sparse.csr_matrix(confidence), show_progress=False)
    return np.asarray(model.item_factors, np.float32)


def _summed(lists: Ragged, values: Floats) -> tuple[Ragged, Floats]:
    """Distinct items of each row, by rising code, and the sum of the values of each."""
    keys = lists.keys
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(keys[order]) != 0)[: len(keys)])
    distinct = keys[order][first]
    offsets = np.searchsorted(distinct, np.arange(len(lists) + 1, dtype=np.int64) << 32).astype(np.int64)
    sums = np.add.reduceat(values[order], first) if len(first) else values
    return Ragged(offsets, (distinct & 0xFFFFFFFF).astype(np.int32)), sums
