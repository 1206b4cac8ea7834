"""One list for several people: a household, a couple who choose a present, friends on an evening out.

    r_pj    = score of j for person p / p's best score
    score_j = (mean over p of r_pj + min over p of r_pj) / 2

Half of it is what they would like on average (Masthoff 2004), half the least any of them would (least misery;
O'Connor, Cosley, Konstan and Riedl 2001). No card says why it is there: it would tell one what another did.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from shopkeeper.core.types import Floats, Ints, Ragged, Recommendations, Requests, distinct
from shopkeeper.recommenders.base import Ranks
from shopkeeper.recommenders.select import top_k

TOGETHER: Final = "together"
"""Name of the list."""
_DEEP: Final = 100
"""Items that each person brings, or as many as are asked for."""


class Together:
    """Ranks for several people by what ranks for one.

    Parameters
    ----------
    ranks
        Ranks for one.
    members
        A request of each person, at least one; bounds are taken from the request that is answered.
    """

    def __init__(self, ranks: Ranks, members: Sequence[Requests]) -> None:
        self._ranks = ranks
        self._members = members

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """At most ``k`` items for all members; see `Recommender.recommend`, for a batch of one."""
        lists = self._lists(requests, max(k, _DEEP))
        items = distinct(np.concatenate([found.items for found in lists]))
        return top_k(Ragged.of([items]), self._scores(lists, items), requests, k, TOGETHER)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score of each candidate; see `Recommender.score`, for a batch of one."""
        return self._scores(self._lists(requests, _DEEP), candidates.items)

    def _lists(self, requests: Requests, k: int) -> list[Recommendations]:
        """The best of what is allowed for each member."""
        bounded = (
            replace(member, allowed=requests.allowed, exclude=requests.exclude) for member in self._members
        )
        return [self._ranks.recommend(member, k) for member in bounded]

    def _scores(self, lists: list[Recommendations], items: Ints) -> Floats:
        """The module's formula."""
        shares = [
            self._ranks.score(member, Ragged.of([items])) / found.scores.max(initial=np.float32(1e-30))
            for member, found in zip(self._members, lists, strict=True)
        ]
        liked = np.clip(np.stack(shares), 0.0, 1.0)
        return np.asarray((liked.mean(axis=0) + liked.min(axis=0)) / 2, np.float32)
