"""What those like whom the asker hears, and what goes with it: a walk that starts at friends.

    trust_f = 1 / ``doubt`` + |own & L_f| / |own or L_f|
    s_j     = sum over members f of trust_f [j in L_f] / |L_f| ^ ``spread``
    P_ij    = chance to come from i to j by a step to somebody who touched i and on to what they touched
    score_j = sum over t = 0 .. `STEPS` of ``walk`` ^ t (s P^t)_j, times ``seen`` if j is known

L_f is what member f of the asker's circle likes, own what the asker touched. It is personalised PageRank with
the restart distribution s, its power series cut off (Page, Brin, Motwani and Winograd 1999; Haveliwala 2002):
from the asker to a member of the circle, trusted the more the more they have in common, to what that member
likes (for a ``spread`` of 1 each like is as likely), and from there over everybody's behaviour (Jeh and Widom
2003: PageRank is linear in s, so that the walk from an asker is the sum of walks from members).

Ties are walked from the asker alone: friends of friends did not agree to be heard by them. What the circle
likes comes with the request, as the history does; the model keeps P, and nothing of anybody.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import (
    Circle,
    Doubles,
    Evidence,
    Floats,
    Histories,
    Ints,
    Longs,
    Ragged,
    Recommendations,
    Requests,
    Tie,
)
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.linear import empty
from shopkeeper.learners.past import past_of
from shopkeeper.learners.rows import WeightedRows
from shopkeeper.learners.similarity import nearest_items
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.select import at, contains, strongest, top_k

STEPS: Final = 2
"""Steps from item to item after which a walk ends."""
_WIDTH: Final = 100
"""Items from which a walk goes on, the likeliest: what a step costs."""


@dataclass(frozen=True, slots=True)
class SocialConfig:
    """Who is trusted, and how far the walk goes.

    Attributes
    ----------
    doubt
        How many times the trust in somebody with nothing in common is less than in somebody quite alike.
    spread
        How far the likes of one member share what that member has to say: 1 wholly, 0 not at all.
    walk
        Chance that a walk goes on from an item, 0 to below 1.
    neighbours
        Most items kept for each item.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    """

    doubt: float = 10.0
    spread: float = 0.5
    walk: float = 0.3
    neighbours: int = 100
    seen: float = 1.0


class Social:
    """What the circle of the asker likes, and what goes with that.

    Attributes
    ----------
    matrix_
        P of the module's formula, without the way back to the same item.
    """

    name: ClassVar[str] = "social"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False
    hears_circles: ClassVar[bool] = True

    def __init__(self, config: SocialConfig | None = None) -> None:
        self.config = config or SocialConfig()
        self._take(empty(0))

    def fit(self, dataset: Dataset) -> Self:
        """Learn where a step leads."""
        past = past_of(dataset)
        rooted = sparse.csr_array(past.multiply(1.0 / np.sqrt(np.maximum(past.sum(axis=1), 1e-12))[:, None]))
        return self._take(nearest_items(rooted, "walk", 0.0, self.config.neighbours))

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Walk; see `Recommender.recommend`."""
        candidates, scores = self.scored(requests)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Everything a walk comes by; see `Scores`."""
        if requests.circle is None:
            return Ragged.empty(len(requests)), np.empty(0, np.float32)
        parts = [self._started(requests.histories, requests.circle)]
        for _ in range(STEPS if self.config.walk else 0):
            found, scores = parts[-1]
            places = strongest(found, scores, _WIDTH)
            offsets = np.searchsorted(places, found.offsets).astype(np.int64)
            going = np.float32(self.config.walk) * scores[places]
            parts.append(self._rows.sums(Ragged(offsets, found.items[places]), going))
        found, scores = _added(parts)
        if self.config.seen != 1.0:
            scores[contains(requests.histories.known, found)] *= np.float32(self.config.seen)
        return found, scores

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """How many members of the circle like each item, by the tie to them; who they are is not told."""
        circle = request.circle
        if circle is None:
            return (Evidence(self.name),) * len(items)
        kinds = circle.kinds[circle.likes.rows]
        return tuple(
            Evidence(
                self.name,
                facts=tuple(
                    (tie.name, float(n))
                    for tie in Tie
                    if (n := np.count_nonzero((circle.likes.items == item) & (kinds == tie)))
                ),
            )
            for item in items.tolist()
        )

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        return cls(SocialConfig(**settings))._take(matrix_of(arrays))

    def _take(self, matrix: sparse.csr_array) -> Self:
        self.matrix_ = matrix
        self._rows = WeightedRows(matrix)
        return self

    def _started(self, histories: Histories, circle: Circle) -> tuple[Ragged, Floats]:
        """S of the formula."""
        likes = circle.likes
        asker = np.repeat(np.arange(len(circle)), np.diff(circle.offsets))
        common = contains(histories.known, Ragged(likes.offsets[circle.offsets], likes.items))
        both = np.bincount(likes.rows[common], minlength=len(likes))
        either = histories.known.lengths[asker] + likes.lengths - both
        trust = 1.0 / self.config.doubt + both / np.maximum(either, 1)
        each = trust / np.maximum(likes.lengths, 1) ** self.config.spread
        return _summed(asker[likes.rows] << 32 | likes.items, each[likes.rows], len(circle))


def _summed(keys: Longs, values: Doubles, n: int) -> tuple[Ragged, Floats]:
    """Sums of values by row and item, both packed into a key."""
    found, which = np.unique(keys, return_inverse=True)
    offsets = np.searchsorted(found, np.arange(n + 1, dtype=np.int64) << 32).astype(np.int64)
    sums = np.bincount(which, values, len(found)).astype(np.float32)
    return Ragged(offsets, (found & 0xFFFFFFFF).astype(np.int32)), sums


def _added(parts: list[tuple[Ragged, Floats]]) -> tuple[Ragged, Floats]:
    """Sum of several scores of the same requests."""
    keys = np.concatenate([found.keys for found, _ in parts])
    return _summed(keys, np.concatenate([scores for _, scores in parts]), len(parts[0][0]))
