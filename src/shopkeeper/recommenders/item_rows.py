"""Answering from a matrix of items by items: rows of the history are added up, its latest event first.

    score_j = sum over the history of recency ^ (events since i) * w_i * W_ij, times ``seen`` if j is known

The sum ends where recency ^ (events since i) falls to 0.01.
"""

from typing import ClassVar, Final, Protocol, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Evidence, Floats, Histories, Ints, Ragged, Recommendations, Requests
from shopkeeper.learners.linear import empty
from shopkeeper.learners.rows import WeightedRows
from shopkeeper.recommenders.evidence import about, heard, once, reasons
from shopkeeper.recommenders.select import at, contains, top_k

_FAINT: Final = 1e-2
"""Decay down to which events of a history are heard."""


class Hearing(Protocol):
    """How a history is read.

    Attributes
    ----------
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    """

    @property
    def recency(self) -> float:
        """See the class."""
        ...

    @property
    def seen(self) -> float:
        """See the class."""
        ...


class ItemRows:
    """What recommenders share that differ in their W alone.

    Attributes
    ----------
    matrix_
        W of the module's formula, items x items.
    weights_
        How strongly each kind of event speaks, indexed by `EventType`.
    """

    name: ClassVar[str] = ""
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False

    config: Hearing
    matrix_: sparse.csr_array
    weights_: Floats

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Add up rows of W; see `Recommender.recommend`."""
        candidates, scores = self.scored(requests)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Everything that anything in the history speaks for; see `Scores`."""
        found, scores = self._rows.sums(*self._heard(requests.histories))
        scores = np.maximum(scores, np.float32(0.0))
        if self.config.seen != 1.0:
            scores[contains(requests.histories.known, found)] *= np.float32(self.config.seen)
        return found, scores

    def similar(self, items: Ints, k: int) -> Recommendations:
        """What each item speaks for, never the item itself."""
        rows = self.matrix_[items]
        lists = Ragged(rows.indptr.astype(np.int64), rows.indices.astype(np.int32))
        return top_k(lists, rows.data, about(items), k, self.name)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Events of the history that carried each item's score, the strongest first, at most three."""
        history, weights = self._heard(request.histories)
        carried = self._rows.cells(history.items, items) * weights[:, None]
        return tuple(Evidence(self.name, reasons(history.items, carried[:, i])) for i in range(len(items)))

    def _take(self, matrix: sparse.csr_array, weights: Floats) -> Self:
        """Keep W, and how strongly each kind of event speaks."""
        self.matrix_, self.weights_ = matrix, weights
        self._rows = WeightedRows(matrix)
        return self

    def _take_nothing(self) -> None:
        """Nothing is known yet."""
        self._take(empty(0), np.ones(0, np.float32))

    def _heard(self, histories: Histories) -> tuple[Ragged, Floats]:
        return once(*heard(histories, self.weights_, self.config.recency, _FAINT))
