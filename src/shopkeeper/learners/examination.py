"""What rows of a page are worth, apart from where on the page they stand: the position-based click model.

A row is clicked when it is looked at and found worth it, and whether it is looked at depends on its place
alone (Craswell et al., An experimental comparison of click position-bias models, WSDM 2008). So clicks are
expected to be showings x worth x looking. Both factors are the maximum of the Poisson quasi-likelihood, which
asks no more than that this product is right (McCullagh and Nelder, Generalized linear models, 1989, chapter
9), found in turns. Expectation maximisation takes hundreds of rounds more where clicks are rare.
What a row is worth to one person is drawn towards what it is worth to all, as strongly as people are alike:
a beta distribution whose strength is that of the highest likelihood of what everybody did (beta-binomial,
empirical Bayes; Casella, An introduction to empirical Bayes data analysis, 1985).
Priors keep a place or a row with few showings near what was believed before. The first place counts as always
looked at: only ratios can be known.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betaln, xlog1py, xlogy

from shopkeeper.core.types import Doubles

ROUNDS: Final = 200
"""Of one factor after the other, at most."""
_CLOSE: Final = 1e-7
_FADES: Final = 0.85
"""What is believed before of looking at a place, of looking at the one above."""
_PLACE_WEIGHT: Final = 5.0
"""How many clicks such a belief is worth."""
_ROW_WEIGHT: Final = 20.0
"""How many showings a belief about a row is worth."""
_STEP: Final = 0.03
"""By which share a row is believed before to be worth less than the one above."""


STRENGTHS: Final = (3.0, 6.0, 12.0, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0)
"""Likenesses of people that are told apart."""
_CERTAIN: Final = 3.0
"""By how much the logarithm of the likelihood must be higher for people to differ."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Beliefs about rows after some showings, as beta distributions, and about places.

    Attributes
    ----------
    clicks, misses
        Shape ``(n_rows,)``: parameters of the beta distribution of the chance that a row is clicked when it
        is looked at.
    looked
        Shape ``(n_places,)``: chance that a place is looked at; 1 for the first.
    """

    clicks: Doubles
    misses: Doubles
    looked: Doubles

    @property
    def mean(self) -> Doubles:
        """Shape ``(n_rows,)``: expected chance of a click when looked at."""
        worth: Doubles = self.clicks / (self.clicks + self.misses)
        return worth

    def samples(self, n: int, seed: int) -> Doubles:
        """Shape ``(n, n_rows)``: chances that may well be true, for Thompson sampling."""
        drawn: Doubles = np.random.default_rng(seed).beta(self.clicks, self.misses, (n, len(self.clicks)))
        return drawn


def row_worth(shown: Doubles, clicked: Doubles) -> Worth:
    """What rows are worth.

    Parameters
    ----------
    shown, clicked
        Shape ``(n_rows, n_places)``: how often each row stood at each place, and how often it was clicked
        there. Rows come in the order that is believed in before anything is known.
    """
    n_rows, n_places = shown.shape
    looked: Doubles = _FADES ** np.arange(n_places, dtype=np.float64)
    # The whole page's rate, so that a row of which little is known is neither praised nor damned.
    base = np.clip((clicked.sum() + 1) / ((shown * looked).sum() + 10), 1e-4, 0.9)
    prior = base * (1 - _STEP) ** np.arange(n_rows)
    place_prior, worth = looked.copy(), prior.copy()
    for _ in range(ROUNDS):
        last = worth
        worth = (clicked.sum(1) + _ROW_WEIGHT * prior) / ((shown * looked).sum(1) + _ROW_WEIGHT)
        hoped = (shown * worth[:, None]).sum(0)
        looked = (clicked.sum(0) + _PLACE_WEIGHT * place_prior) / (hoped + _PLACE_WEIGHT)
        looked[0] = 1.0
        if np.abs(worth - last).max() < _CLOSE:
            break
    clicks = clicked.sum(1) + _ROW_WEIGHT * prior
    looks = (shown * looked).sum(1) + _ROW_WEIGHT
    # Where a low place was clicked more than it is believed to be looked at, there were at least its clicks.
    return Worth(clicks, np.maximum(looks - clicks, clicks * 0.01), looked)


def likeness(looks: Doubles, clicked: Doubles, mean: Doubles) -> float:
    """How many looks of a person what all do is worth; infinite where nobody differs for certain.

    Parameters
    ----------
    looks, clicked
        Shape ``(n_people, n_rows)``: how often each person looked at each row, by what is known of places,
        and clicked it.
    mean
        Shape ``(n_rows,)``: what rows are worth to all.
    """
    clicked = np.minimum(clicked, looks)
    misses = looks - clicked
    alike = float(xlogy(clicked, mean).sum() + xlog1py(misses, -mean).sum())
    found = []
    for strength in STRENGTHS:
        before, against = strength * mean, strength * (1 - mean)
        chances = betaln(before + clicked, against + misses) - betaln(before, against)
        found.append(float(chances.sum()))
    best = int(np.argmax(found))
    return STRENGTHS[best] if found[best] > alike + _CERTAIN else np.inf


def own_worlds(worlds: Doubles, looks: Doubles, clicked: Doubles, strength: float) -> Doubles:
    """What rows are worth to one person, expected in each of some worlds; of their shape ``(n, n_rows)``.

    What is tried is decided for all: were it drawn for each person as well, each would pay for it.

    Parameters
    ----------
    worlds
        What rows may be worth to all.
    looks, clicked
        Shape ``(n_rows,)``, of this person; see `likeness`.
    strength
        What `likeness` found.
    """
    own: Doubles = (strength * worlds + clicked) / (strength + np.maximum(looks, clicked))
    return own
