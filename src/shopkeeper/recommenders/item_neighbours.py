"""What the same people touched: item-item neighbours, read from the latest event of the history backwards.

    score_j = sum over the history of recency ^ (events since i) * w_i * W_ij, times ``seen`` if j is known

W holds the nearest items of each by one of three measures of who touched what (`learners.similarity`), over
weights that fall by half in each half-life before the end of the log. Item-to-item collaborative filtering
(Linden, Smith and York 2003; Deshpande and Karypis 2004); order is heard in the history alone, not learned.
The sum ends where recency ^ (events since i) falls to 0.01.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Evidence, Floats, Histories, Ints, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.linear import empty
from shopkeeper.learners.past import past_of
from shopkeeper.learners.rows import WeightedRows
from shopkeeper.learners.similarity import Similarity, nearest_items
from shopkeeper.recommenders.evidence import about, heard, reasons
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.select import at, contains, top_k

_FAINT: Final = 1e-2
"""Decay down to which events of a history are heard."""


@dataclass(frozen=True, slots=True)
class ItemNeighboursConfig:
    """How alike items are, and how a history is read.

    Attributes
    ----------
    similarity
        One of `learners.similarity`.
    half_life
        Days in which an event loses half its weight for what is learned; 0 where none ever does.
    shrinkage
        Meetings that two items need before half of what they say counts.
    neighbours
        Most items kept for each item.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    """

    similarity: Similarity = "log_likelihood"
    half_life: float = 0.0
    shrinkage: float = 1.0
    neighbours: int = 200
    recency: float = 0.8
    seen: float = 1.0


class ItemNeighbours:
    """What goes with the items in the history, by who touched both."""

    name: ClassVar[str] = "item_neighbours"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False

    def __init__(self, config: ItemNeighboursConfig | None = None) -> None:
        self.config = config or ItemNeighboursConfig()
        self._take(empty(0), np.ones(0, np.float32))

    def fit(self, dataset: Dataset) -> Self:
        """Find the nearest items of each, exactly."""
        config = self.config
        past = past_of(dataset, config.half_life)
        nearest = nearest_items(past, config.similarity, config.shrinkage, config.neighbours)
        return self._take(nearest, dataset.weights)

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Add up neighbours of the history; see `Recommender.recommend`."""
        candidates, scores = self.scored(requests)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Every neighbour of anything in the history; see `Scores`."""
        found, scores = self._rows.sums(*self._heard(requests.histories))
        if self.config.seen != 1.0:
            scores[contains(requests.histories.known, found)] *= np.float32(self.config.seen)
        return found, scores

    def similar(self, items: Ints, k: int) -> Recommendations:
        """The neighbours of each item, never the item itself."""
        rows = self.matrix_[items]
        lists = Ragged(rows.indptr.astype(np.int64), rows.indices)
        return top_k(lists, rows.data, about(items), k, self.name)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Events of the history that carried each item's score, the strongest first, at most three."""
        history, weights = self._heard(request.histories)
        carried = self.matrix_[history.items][:, items].toarray() * weights[:, None]
        return tuple(Evidence(self.name, reasons(history.items, carried[:, i])) for i in range(len(items)))

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), weights=self.weights_, **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        return cls(ItemNeighboursConfig(**settings))._take(matrix_of(arrays), arrays["weights"])

    def _take(self, matrix: sparse.csr_array, weights: Floats) -> Self:
        """Keep W, and how strongly each kind of event speaks."""
        self.matrix_, self.weights_ = matrix, weights
        self._rows = WeightedRows(matrix)
        return self

    def _heard(self, histories: Histories) -> tuple[Ragged, Floats]:
        return heard(histories, self.weights_, self.config.recency, _FAINT)
