"""What people like the asker take, by what is known of them: an answer for those who did nothing yet.

    p_j   = share of item j in all events
    p_sj  = (n_sj + k p_j) / (n_s + k)          of segment s, shrunk towards the whole
    score = mean of p_sj over the segments the asker belongs to, or p_j where nothing is known of them

A segment is one value of one attribute, such as an age band or a place. ``k`` is how many events of a segment
weigh as much as the whole shop: the posterior mean under a Dirichlet prior (Gelman et al. 2013, section 3.4).
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import DAY_MS, Evidence, Floats, Ints, Longs, Ragged, Recommendations, Requests
from shopkeeper.data.attributes import UNKNOWN
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.linear import empty, strongest
from shopkeeper.learners.rows import WeightedRows
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.select import at, top_k

_KEPT: Final = 300
"""Items kept of a segment, the favourites."""


@dataclass(frozen=True, slots=True)
class SegmentsConfig:
    """How segments are heard.

    Attributes
    ----------
    shrinkage
        Events of a segment that weigh as much as the whole shop.
    half_life_days
        Age at which an event counts half.
    """

    shrinkage: float = 300.0
    half_life_days: float = 60.0


class Segments:
    """The favourites of the segments a person belongs to, shrunk towards everybody's."""

    name: ClassVar[str] = "segments"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True

    def __init__(self, config: SegmentsConfig | None = None) -> None:
        self.config = config or SegmentsConfig()
        self._take(empty(1, 0), np.ones(1, np.int64))

    def fit(self, dataset: Dataset) -> Self:
        """Count what each segment takes."""
        starts = np.cumsum([1, *map(len, dataset.attributes.values)]).astype(np.int64)
        age = (dataset.end - dataset.time) / (self.config.half_life_days * DAY_MS)
        strength = dataset.weights[dataset.kind] * np.exp2(-age)
        taken = np.bincount(dataset.item, strength, dataset.n_items)
        whole = taken / max(float(taken.sum()), 1e-12)
        counts = self._counted(dataset, strength, starts).toarray()
        shares = (counts + self.config.shrinkage * whole) / (
            counts.sum(axis=1, keepdims=True) + self.config.shrinkage
        )
        found = strongest(sparse.csr_array(shares.astype(np.float32)), _KEPT)
        narrow = found.indices.astype(np.int32), found.indptr.astype(np.int32)
        return self._take(sparse.csr_array((found.data, *narrow), shape=found.shape), starts)

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Mean of the segments' shares; see `Recommender.recommend`."""
        candidates, scores = self.scored(requests)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """The favourites of any segment of each asker; see `Scores`."""
        segments = self._segments(requests)
        weights = np.repeat(1.0 / np.maximum(segments.lengths, 1), segments.lengths).astype(np.float32)
        return self._rows.sums(segments, weights)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """How many segments of the asker have the item among their favourites."""
        segments = self._segments(request).items
        own = self.matrix_[segments[segments > 0]][:, items].toarray() > 0
        return tuple(Evidence(self.name, facts=(("segments", float(n)),)) for n in own.sum(axis=0))

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        settings = {"config": asdict(self.config), "n_items": self.matrix_.shape[1]}
        write_state(folder, settings, starts=self.starts_, **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        matrix = matrix_of(arrays, settings["n_items"])
        return cls(SegmentsConfig(**settings["config"]))._take(matrix, arrays["starts"])

    def _take(self, matrix: sparse.csr_array, starts: Longs) -> Self:
        """Keep the shares, and in which row the values of each attribute begin; row 0 is the whole shop."""
        self.matrix_, self.starts_ = matrix, starts
        self._rows = WeightedRows(matrix)
        return self

    def _counted(self, dataset: Dataset, strength: Floats, starts: Longs) -> sparse.csr_array:
        """Weight of each item in each segment."""
        known = dataset.person >= 0
        codes = dataset.attributes_of(dataset.person[known].astype(np.int64))
        rows, fields = np.nonzero(codes != UNKNOWN)
        segments = starts[fields] + codes[rows, fields]
        cells = strength[known][rows], (segments, dataset.item[known][rows])
        return sparse.csr_array(cells, shape=(int(starts[-1]), dataset.n_items))

    def _segments(self, requests: Requests) -> Ragged:
        """Segments of each asker, or else the whole shop."""
        n, fields = len(requests), len(self.starts_) - 1
        codes = np.full((n, fields), UNKNOWN) if requests.attributes is None else requests.attributes
        known = codes[:, :fields] != UNKNOWN
        rows = np.hstack([np.zeros((n, 1), np.int64), codes[:, :fields] + self.starts_[:-1]])
        chosen = np.hstack([~known.any(axis=1, keepdims=True), known])
        offsets = np.append(0, np.cumsum(chosen.sum(axis=1))).astype(np.int64)
        return Ragged(offsets, rows[chosen].astype(np.int32))
