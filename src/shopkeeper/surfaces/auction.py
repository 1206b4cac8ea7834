"""A second-price auction for one answer: each place costs what it takes to keep it.

An advert's rank is bid x probability of a click x quality (Edelman, Ostrovsky and Schwarz 2007, Internet
advertising and the generalized second-price auction). Whoever wins a place pays for a click the least bid
that would still have won it, and never less than the reserve. What is charged is that price times the
probability, at each showing: over many showings it is the price of the clicks that came, and a budget is
never overrun by clicks that come later.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Longs

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Win:
    """A place.

    Attributes
    ----------
    advert
        Which of the ``n``.
    charge
        Of the showing, in millionths, rounded down: never above bid x chance.
    """

    advert: int
    charge: int


def auction(rank: Doubles, quality: Doubles, advertiser: Longs, places: int, reserve: float) -> list[Win]:
    """Give away at most so many places, the best first; ties go to the advert that comes first.

    Parameters
    ----------
    rank
        Shape ``(n,)``: bid x chance x quality in millionths, 0 for those who take no part; used up.
    quality
        Shape ``(n,)``: above 0, at most 1.
    advertiser
        Shape ``(n,)``: codes; one advertiser gets one place.
    places
        How many places.
    reserve
        Least rank that is shown.
    """
    wins: list[Win] = []
    best = int(rank.argmax()) if len(rank) else 0
    while len(wins) < places and len(rank) and (own := float(rank[best])) > 0 and own >= reserve:
        rank[advertiser == advertiser[best]] = 0.0
        next_best = int(rank.argmax())
        price = max(float(rank[next_best]), reserve)
        wins.append(Win(best, int(min(own, price) / float(quality[best]))))
        best = next_best
    return wins
