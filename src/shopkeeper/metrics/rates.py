"""How sure a rate is whose trials come in bunches, such as the items of one person's pages.

Ten items on one page are not ten independent trials. The variance of the rate is that of a ratio of sums over
bunches (Cochran, Sampling techniques, 1977, chapter 6; Deng, Knoblich and Lu, Applying the delta method in
metric analytics, KDD 2018). It says how many independent trials would be as sure; the interval is Wilson's
for so many (Wilson, 1927; Korn and Graubard, 1998), which stays between 0 and 1 and is honest where nothing
has happened yet.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.metrics.ranking import Values

_Z: Final = 1.959963984540054
"""Of a two-sided interval of 95%."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate or a mean with its 95% interval; all three are 0 where there were no trials."""

    value: float
    low: float
    high: float


NO_RATE: Final = Rate(0.0, 0.0, 0.0)


def share(successes: Values, trials: Values) -> Rate:
    """Successes a trial, over bunches.

    Parameters
    ----------
    successes, trials
        Shape ``(n,)``: of each bunch; never more successes than trials.
    """
    total = float(trials.sum())
    if not total:
        return NO_RATE
    rate = float(successes.sum()) / total
    n = _independent(successes, trials, rate)
    centre = (rate + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * float(np.sqrt(rate * (1 - rate) / n + _Z**2 / (4 * n**2)))
    return Rate(rate, max(0.0, centre - half), min(1.0, centre + half))


def mean_per(amounts: Values, trials: Values) -> Rate:
    """Amount a trial, over bunches; a normal interval, cut off at 0."""
    total = float(trials.sum())
    if not total:
        return NO_RATE
    mean = float(amounts.sum()) / total
    half = _Z * float(np.sqrt(_variance(amounts, trials, mean)))
    return Rate(mean, max(0.0, mean - half), mean + half)


def _independent(successes: Values, trials: Values, rate: float) -> float:
    """How many independent trials are as sure as these; as many as bunches where nothing tells."""
    variance = _variance(successes, trials, rate)
    if variance <= 0:
        return float(len(trials))
    return min(rate * (1 - rate) / variance, float(trials.sum()))


def _variance(amounts: Values, trials: Values, ratio: float) -> float:
    """Variance of a ratio of sums over bunches."""
    n = len(trials)
    if n < 2:
        return 0.0
    residuals = amounts - ratio * trials
    return float((residuals**2).sum()) / float(trials.sum()) ** 2 * n / (n - 1)
