"""How often an item that nobody has touched is tried in a list: as often as it may well be the better choice.

    rate = P(a > b),  a ~ Beta(1 + taken, 1 + shown - taken) of untouched items, b the same of what usually
    stands in that place; never below `LEAST` nor above `MOST`

This is Thompson's rule (1933) with its probability computed where it is usually drawn, so that it is known
and can be told beside the answer. What was seen starts with validation and goes on with what visitors do.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from shopkeeper.core.types import Bools, Ragged
from shopkeeper.data.split import Cases
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.select import contains

LEAST: Final = 0.01
"""Lists in which one is tried although little speaks for it: who is never shown cannot be chosen."""
MOST: Final = 0.2
"""Lists in which one is tried although much speaks for it: the ranking itself learns to, see `blend`."""
PLACE: Final = 4
"""Where it stands in a list, counted from 0: below what is best, and still seen."""
CHOICES: Final = 10
"""Untouched items that suit somebody best, of which one is drawn."""
_PRIOR: Final = 500.0
"""Times shown that validation counts for, at most: what visitors do outweighs it in time."""
_STEPS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Seen:
    """How often something was shown, and how often it was taken then."""

    shown: float = 0.0
    taken: float = 0.0

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(self.shown + other.shown, self.taken + other.taken)

    def at_most(self, shown: float) -> "Seen":
        """The same share, as if shown no more often than this."""
        factor = min(1.0, shown / self.shown) if self.shown else 1.0
        return Seen(self.shown * factor, self.taken * factor)


@dataclass(frozen=True, slots=True)
class Tried:
    """What was seen of untouched items, and of what usually stands in their place."""

    fresh: Seen = Seen()
    usual: Seen = Seen()

    def __add__(self, other: "Tried") -> "Tried":
        return Tried(self.fresh + other.fresh, self.usual + other.usual)


NOTHING_TRIED: Final = Tried()
"""Neither was ever seen."""


def rate(tried: Tried) -> float:
    """Share of lists in which an untouched item is tried; `LEAST` where neither was ever seen."""
    if not tried.fresh.shown and not tried.usual.shown:
        return LEAST
    return float(np.clip(ahead(tried.fresh, tried.usual), LEAST, MOST))


@lru_cache(maxsize=64)
def ahead(one: Seen, other: Seen) -> float:
    """Probability that one is taken more often than the other, by what was seen of both."""
    from scipy.special import betainc, betaincinv  # slow to load

    (a, b), (c, d) = ((1.0 + seen.taken, 1.0 + seen.shown - seen.taken) for seen in (one, other))
    middles = (np.arange(_STEPS) + 0.5) / _STEPS
    return float(betainc(c, d, betaincinv(a, b, middles)).mean())


def validated(blend: Recommender, content: Recommender, untouched: Bools, cases: Cases) -> Tried:
    """What cases of validation say of both: an item drawn of `CHOICES`, and the one at `PLACE`.

    Parameters
    ----------
    blend
        Makes the list.
    content
        Chooses untouched items.
    untouched
        Shape ``(n_items,)``: items nobody had touched when both were fitted.
    cases
        Later than what both were fitted on.
    """
    fresh = content.recommend(replace(cases.requests, allowed=untouched), CHOICES).lists
    usual = blend.recommend(cases.requests, PLACE + 1).lists
    full = np.flatnonzero(usual.lengths == PLACE + 1)
    placed = Ragged.of([usual[row][PLACE:] for row in full.tolist()])
    return Tried(_seen(fresh, cases.truth), _seen(placed, cases.truth.take(full)))


def _seen(lists: Ragged, truth: Ragged) -> Seen:
    """Lists of which one item each is shown, drawn evenly, and how many of these were taken."""
    hit = contains(truth, lists)
    shares = hit / np.maximum(lists.lengths[lists.rows], 1)
    return Seen(float((lists.lengths > 0).sum()), float(shares.sum())).at_most(_PRIOR)
