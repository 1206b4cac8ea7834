"""Directed, distance-decayed co-occurrence: what people do next after an item.

    C_ij    = sum over pairs of one person's events: w_i w_j exp(-(d - 1) / tau) for j at d <= reach events
              after i, and symmetry times that for j before i (`learners.pairs`)
    W_ij    = C_ij with the fame of i and j divided out (`recommenders.followers`)
    score_j = sum over the history of recency ^ (events since i) * w_i * W_ij

The sum ends where recency ^ (events since i) falls to 0.001: what is older changes next to nothing.

The family is item-to-item collaborative filtering (Linden, Smith and York 2003; Deshpande and Karypis 2004)
with order and distance as in sequential rules (Kamehkhosh, Jannach and Ludewig 2017).
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import (
    EventType,
    Evidence,
    Floats,
    Histories,
    Ints,
    Longs,
    Ragged,
    Recommendations,
    Requests,
)
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.changes import changed_rows
from shopkeeper.learners.counts import PairCounts
from shopkeeper.learners.pairs import Kernel, count_pairs
from shopkeeper.learners.rows import WeightedRows
from shopkeeper.recommenders.base import Updating
from shopkeeper.recommenders.evidence import heard, once
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.followers import Fame, Followers
from shopkeeper.recommenders.select import at, contains, top_k

_FAINT: Final = 1e-3
"""Decay down to which events of a history are heard."""
_COUNTS: Final = "counts"
"""Name of the file that only taking in changes needs."""
_SUMS: Final = ("row_sums", "column_sums", "pairs")
_CHANCE: Final = np.float32(5.0)
"""Pairs that two items must have before half of what they say counts in `Cooccurrence.similar`."""


@dataclass(frozen=True, slots=True)
class CooccurrenceConfig:
    """What is learned from how far apart, and how a history is read.

    Attributes
    ----------
    reach
        Most events between two that count as a pair.
    tau
        Distance, in events, at which a pair counts 1/e.
    symmetry
        How much a pair counts backwards, 0 to 1.
    alpha, beta
        How much the fame of the first and of the second item is divided out, 0 to 1.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    neighbours
        Most following items kept for each item.
    kinds
        How strongly each kind of event speaks, by the name of its `EventType`; for kinds that are not named
        the shop's own weights hold.
    """

    reach: int = 20
    tau: float = 6.0
    symmetry: float = 0.3
    alpha: float = 0.3
    beta: float = 0.2
    recency: float = 0.7
    seen: float = 1.0
    neighbours: int = 300
    kinds: dict[str, float] = field(default_factory=dict)

    def weights(self, shop: Floats) -> Floats:
        """Weights of the shop with those of ``kinds`` in their place, indexed by `EventType`."""
        return np.array([self.kinds.get(kind.name, float(shop[kind])) for kind in EventType], np.float32)

    def kernel(self, weights: Floats) -> Kernel:
        """How much a pair counts."""
        return Kernel(self.reach, self.tau, self.symmetry, weights)


class Cooccurrence(Updating):
    """What people do next after the items in the history."""

    name: ClassVar[str] = "cooccurrence"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False
    DEFAULT: ClassVar[CooccurrenceConfig] = CooccurrenceConfig()

    def __init__(self, config: CooccurrenceConfig | None = None) -> None:
        self.config = config or self.DEFAULT
        self.weights_: Floats = np.ones(0, np.float32)
        self._counts: PairCounts | Path
        self._take(PairCounts.of([], 0, 0))

    def fit(self, dataset: Dataset) -> Self:
        """Count pairs in O(events * reach) and keep the strongest followers of each item."""
        weights = self.config.weights(dataset.weights)
        return self.fit_counts(count_pairs(dataset, self.config.kernel(weights)), weights)

    def fit_counts(self, counts: PairCounts, weights: Floats) -> Self:
        """Fit from counts, so that trials that share them do not count again."""
        self.weights_ = weights
        self._take(counts)._whole()
        return self

    def exchange(self, before: Dataset, after: Dataset) -> Self:
        """Count the pairs of what changed out and in; see `Updatable`. The result is that of a new fit.

        Takes time for the changed rows and for the items, not for what was counted before. Answers are slower
        until the model is saved: rows of W are made as they are asked for.
        """
        kernel = self.config.kernel(self.weights_)
        was, now = (
            count_pairs(rows, kernel, changed)
            for rows, changed in zip((before, after), changed_rows(before, after), strict=True)
        )
        return self._take(self.counts.changed(was, -1).changed(now, 1))

    @property
    def counts(self) -> PairCounts:
        """C; a loaded model reads it when it is first asked for."""
        if isinstance(self._counts, Path):
            self._counts = PairCounts.of_arrays(read_state(self._counts)[1])
        return self._counts

    @property
    def next_(self) -> sparse.csr_array:
        """W as a whole."""
        return self._whole().matrix

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Follow the history one step; see `Recommender.recommend`."""
        candidates, scores = self.scored(requests)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Everything that follows anything in the history; see `Scores`."""
        followers, scores = self._rows.sums(*self._heard(requests.histories))
        if self.config.seen != 1.0:
            seen = contains(requests.histories.known, followers)
            scores = np.where(seen, scores * np.float32(self.config.seen), scores)
        return followers, scores

    def similar(self, items: Ints, k: int) -> Recommendations:
        """What people do after each item, never the item itself.

        Few pairs say little: ``W_ij * n / (n + m)``, with ``n`` the number of pairs of the two, draws to
        nothing what may be chance (shrinkage as in Bell and Koren 2007, "Scalable collaborative filtering").
        """
        rows = self._rows.rows(items)
        pairs = self._fame.support(rows, items)
        scores = rows.data * (pairs / (pairs + _CHANCE))
        requests = Requests(
            _single_events(items), np.zeros(len(items), np.int64), exclude=Ragged.of([[i] for i in items])
        )
        lists = Ragged(rows.indptr.astype(np.int64), rows.indices)
        return top_k(lists, scores, requests, k, self.name)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Events of the history that carried each item's score, the strongest first, at most three."""
        history, weights = self._heard(request.histories)
        sources = history.items
        carried = self._rows.cells(sources, items) * weights[:, None]
        return tuple(Evidence(self.name, _strongest(sources, carried[:, i])) for i in range(len(items)))

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`.

        What answers requests and what changes are counted into are apart: the second is many times larger,
        and a server never reads it.
        """
        sums = {name: np.asarray(getattr(self._fame, name)) for name in _SUMS}
        write_state(folder, asdict(self.config), weights=self.weights_, **sums, **matrix_arrays(self.next_))
        write_state(folder / _COUNTS, {}, **self.counts.arrays())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(CooccurrenceConfig(**settings))
        model.weights_ = arrays["weights"]
        model._counts = folder / _COUNTS
        model._fame = model._divisor(arrays["row_sums"], arrays["column_sums"], int(arrays["pairs"]))
        model._rows = WeightedRows(matrix_of(arrays))
        return model

    def _take(self, counts: PairCounts) -> Self:
        """Answer from these counts, row by row."""
        self._counts = counts
        self._fame = self._divisor(counts.row_sums, counts.column_sums, counts.pairs)
        self._rows: WeightedRows | Followers = Followers(counts, self._fame, self.config.neighbours)
        return self

    def _whole(self) -> WeightedRows:
        """Answer from W as a whole, which is fastest."""
        if isinstance(self._rows, Followers):
            self._rows = WeightedRows(self._rows.whole())
        return self._rows

    def _divisor(self, row_sums: Longs, column_sums: Longs, pairs: int) -> Fame:
        config = self.config
        return Fame(
            row_sums, column_sums, pairs, config.kernel(self.weights_).unit, config.alpha, config.beta
        )

    def _heard(self, histories: Histories) -> tuple[Ragged, Floats]:
        return once(*heard(histories, self.weights_, self.config.recency, _FAINT))


class Transition(Cooccurrence):
    """What people do right after the last item: `Cooccurrence` with the shortest reach.

    Long and short reach see different things, and together they beat either; the blend learns how much.
    """

    name: ClassVar[str] = "transition"
    DEFAULT: ClassVar[CooccurrenceConfig] = CooccurrenceConfig(
        reach=1, tau=1.0, symmetry=0.3, alpha=0.65, beta=0.1, recency=0.2
    )


def _single_events(items: Ints) -> Histories:
    n = len(items)
    offsets, zeros = np.arange(n + 1, dtype=np.int64), np.zeros(n, np.int64)
    ones = np.ones(n, np.int32)
    return Histories(
        offsets,
        items,
        np.zeros(n, np.int8),
        zeros,
        ones.astype(np.float32),
        offsets,
        items,
        ones,
        zeros,
        zeros,
    )


def _strongest(sources: Ints, carried: Floats) -> tuple[int, ...]:
    order = np.argsort(-carried, kind="stable")[:3]
    return tuple(int(sources[i]) for i in order if carried[i] > 0)
