"""Buying as chance: how often people buy until they drop out, and how much they spend.

The BG/NBD model (Fader, Hardie and Lee 2005, "Counting your customers" the easy way: an alternative to the
Pareto/NBD model): while active, a person buys at a rate of their own, gamma distributed over people; after
each purchase they drop out with a probability of their own, beta distributed. Spending by the Gamma-Gamma
model (Fader and Hardie 2013, The Gamma-Gamma model of monetary value).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, hyp2f1

Doubles = NDArray[np.float64]

_HOLD: Final = 0.01
"""Strength of the penalty on the parameters' logarithms, in people: a few buyers leave some undetermined."""
_MOST: Final = 50_000
"""People that parameters are learned from; more would change no digit that matters."""


@dataclass(frozen=True, slots=True)
class Buying:
    """What BG/NBD looks at, each of shape ``(n,)``.

    Attributes
    ----------
    repeats
        Purchases after the first.
    last
        Time from the first purchase to the last; 0 without a repeat.
    age
        Time from the first purchase to the moment of the question, in the same unit.
    """

    repeats: Doubles
    last: Doubles
    age: Doubles

    def sample(self, most: int) -> "Buying":
        """Every so many people, at most ``most``."""
        step = -(-len(self.repeats) // most)
        return Buying(self.repeats[::step], self.last[::step], self.age[::step])


@dataclass(frozen=True, slots=True)
class BetaGeometric:
    """A fitted BG/NBD model.

    Attributes
    ----------
    r, alpha
        Shape and rate of the gamma distribution of purchase rates.
    a, b
        Of the beta distribution of the probability to drop out after a purchase.
    """

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, seen: Buying) -> Self:
        """Most likely parameters; people without a purchase have no place in ``seen``."""
        seen = seen.sample(_MOST)
        start = np.log(
            [1.0, max(float(np.mean(seen.age)) / (1 + float(np.mean(seen.repeats))), 1e-3), 0.5, 2.0]
        )

        def loss(logs: Doubles) -> float:
            r, alpha, a, b = np.exp(logs)
            return -float(_log_likelihood(seen, r, alpha, a, b).mean())

        return cls(*np.exp(_lowest(loss, start, len(seen.repeats))).tolist())

    def alive(self, seen: Buying) -> Doubles:
        """Probability that each person has not dropped out; 1 without a repeat, as the model has it."""
        return np.asarray(1 / (1 + self._dropped(seen)))

    def silent(self, seen: Buying, time: float) -> Doubles:
        """Probability of no purchase within ``time`` from now.

        Whoever is alive buys at a rate of gamma distribution ``(r + x, alpha + T)``, so stays silent with
        probability ``((alpha + T) / (alpha + T + time)) ** (r + x)``.
        """
        stay = ((self.alpha + seen.age) / (self.alpha + seen.age + time)) ** (self.r + seen.repeats)
        return np.asarray(1 - self.alive(seen) * (1 - stay))

    def purchases(self, seen: Buying, time: float) -> Doubles:
        """Expected number of purchases within ``time`` from now.

        Equation 10 of the paper, with Euler's transformation of the hypergeometric function: as it stands
        there, it overflows for people who bought often.
        """
        x, age = seen.repeats, self.alpha + seen.age
        a = self.a if abs(self.a - 1) > _NEAR_ONE else 1 + _NEAR_ONE
        series = hyp2f1(a + self.b - 1 - self.r, a - 1, a + self.b + x - 1, time / (age + time))
        shrunk = 1 - (age / (age + time)) ** (a - 1) * series
        expected = (a + self.b + x - 1) / (a - 1) * shrunk / (1 + self._dropped(seen))
        return np.asarray(np.maximum(expected, 0.0))

    def _dropped(self, seen: Buying) -> Doubles:
        """Odds of having dropped out."""
        x = seen.repeats
        log = np.log(self.a) - np.log(self.b + np.maximum(x, 1) - 1)
        log += (self.r + x) * (np.log(self.alpha + seen.age) - np.log(self.alpha + seen.last))
        return np.where(x > 0, np.exp(np.minimum(log, 500.0)), 0.0)


_NEAR_ONE: Final = 1e-4
"""The formula of expected purchases divides by ``a - 1``."""


def _log_likelihood(seen: Buying, r: float, alpha: float, a: float, b: float) -> Doubles:
    """Of each person (equation 6 of the paper, by logarithms)."""
    x = seen.repeats
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -(r + x) * np.log(alpha + seen.age)
    dropped = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + seen.last)
    return np.asarray(rate + stay + np.where(x > 0, np.logaddexp(alive, dropped), alive))


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """A fitted Gamma-Gamma model of what people spend on a purchase.

    Attributes
    ----------
    p
        Shape of what one purchase costs.
    q, gamma
        Shape and rate of the distribution over people; ``q`` is above 1, so that the mean exists.
    """

    p: float
    q: float
    gamma: float

    @classmethod
    def fit(cls, purchases: Doubles, mean: Doubles) -> Self:
        """Most likely parameters from numbers of purchases and their mean amounts, both ``(n,)``."""
        known = (purchases > 0) & (mean > 0)
        step = -(-max(int(known.sum()), 1) // _MOST)
        x, m = purchases[known][::step], mean[known][::step]
        if not len(m):
            return cls(1.0, 2.0, 0.0)

        def loss(logs: Doubles) -> float:
            p, q, gamma = np.exp(logs[0]), 1 + np.exp(logs[1]), np.exp(logs[2])
            likelihood = (
                gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
                + (p * x - 1) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * m)
            )  # fmt: skip
            return -float(likelihood.mean())

        found = _lowest(loss, np.array([1.0, 1.0, np.log(float(np.mean(m)))]), len(m))
        return cls(float(np.exp(found[0])), float(1 + np.exp(found[1])), float(np.exp(found[2])))

    def amount(self, purchases: Doubles, mean: Doubles) -> Doubles:
        """Expected amount of a purchase of each person: their own mean, drawn towards everybody's."""
        bought = self.p * purchases
        return np.asarray(self.p * (self.gamma + purchases * mean) / (bought + self.q - 1))


def _lowest(loss: Callable[[Doubles], float], start: Doubles, n: int) -> Doubles:
    """Where a loss over logarithms of parameters is lowest, held near the start as weakly as `_HOLD` says."""

    def held(logs: Doubles) -> float:
        return loss(logs) + _HOLD / n * float(((logs - start) ** 2).sum())

    from scipy.optimize import minimize  # slow to load

    bounds = [(-10.0, 15.0)] * len(start)
    return np.asarray(minimize(held, start, method="L-BFGS-B", bounds=bounds).x)
