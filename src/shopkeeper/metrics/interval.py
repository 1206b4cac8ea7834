"""How sure a mean is: bootstrap percentile intervals, with requests as the unit that is drawn again.

Source: Efron, Bootstrap methods: another look at the jackknife, 1979; paired differences as in Sakai,
Evaluating evaluation metrics based on the bootstrap, SIGIR 2006. Requests are treated as independent; where a
person asks several, as in sessions, the interval is somewhat too narrow.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Longs
from shopkeeper.metrics.ranking import Values

RESAMPLES: Final = 1_000
"""Draws behind an interval."""

LEVEL: Final = 0.95
"""Share of draws an interval covers."""

_BLOCK_CELLS: Final = 1 << 22
"""Most cells drawn at once: 32 MB of counts."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its bootstrap percentile interval.

    Attributes
    ----------
    mean
        Mean of the defined values; NaN where there is none.
    low, high
        Bounds of the interval; NaN where there is no value.
    n
        Number of defined values.
    """

    mean: float
    low: float
    high: float
    n: int

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.low > 0


def bootstrap(values: Values, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL) -> Interval:
    """Percentile interval of the mean of ``values``, shape ``(n,)``; NaN values are undefined and left out.

    Each draw takes ``n`` values with replacement. What is drawn is how often each distinct value occurs, from
    a multinomial distribution: the same thing, and cheap where ranks take few values.
    """
    return bootstrap_columns(values[:, None], seed=seed, resamples=resamples, level=level)[0]


def bootstrap_columns(
    values: Values, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> list[Interval]:
    """Intervals of the means of several columns over the same draws.

    Parameters
    ----------
    values
        Shape ``(n, m)``; NaN where a request has no value in that column.
    seed, resamples, level
        Of the draws: seed, number, and share that the interval covers.

    Raises
    ------
    InvalidRequest
        ``level`` is not between 0 and 1, or ``resamples`` not positive.
    """
    if not 0 < level < 1 or resamples < 1:
        raise InvalidRequest(
            f"level = {level}, resamples = {resamples}: the level must lie between 0 and 1, and resamples be "
            "at least 1."
        )
    defined = ~np.isnan(values)
    filled = np.where(defined, values, 0.0)
    counts = defined.sum(axis=0)
    means = _ratio(filled.sum(axis=0), counts.astype(np.float64))
    draws = _draws(filled, defined.astype(np.float64), seed, resamples)
    return [_interval(means[j], draws[:, j], int(counts[j]), level) for j in range(values.shape[1])]


def paired_bootstrap(
    a: Values, b: Values, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> Interval:
    """Percentile interval of ``mean(a - b)`` over the requests where both are defined.

    Parameters
    ----------
    a, b
        Shape ``(n,)``: values of two models on the same requests, aligned.
    seed, resamples, level
        As in `bootstrap_columns`.

    Raises
    ------
    InvalidRequest
        The two are not aligned.
    """
    if a.shape != b.shape:
        raise InvalidRequest(
            f"{len(a)} values and {len(b)} values: a paired comparison needs the same requests."
        )
    return bootstrap(a - b, seed=seed, resamples=resamples, level=level)


def _draws(filled: Values, defined: Values, seed: int, resamples: int) -> Values:
    """Means of each draw, shape ``(resamples, m)``; NaN where a draw has no defined value."""
    out = np.full((resamples, filled.shape[1]), np.nan)
    if not len(filled):
        return out
    rows, frequency = _distinct_rows(np.hstack([filled, defined]))
    filled, defined = np.hsplit(rows, 2)
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // len(rows))
    for start in range(0, resamples, block):
        n_draws = min(block, resamples - start)
        drawn = rng.multinomial(frequency.sum(), frequency / frequency.sum(), n_draws).astype(np.float64)
        out[start : start + n_draws] = _ratio(drawn @ filled, drawn @ defined)
    return out


def _distinct_rows(values: Values) -> tuple[Values, Longs]:
    """Distinct rows and how often each occurs."""
    _, first, frequency = np.unique(
        np.ascontiguousarray(values).view(f"V{values.shape[1] * values.itemsize}").ravel(),
        return_index=True,
        return_counts=True,
    )
    return values[first], frequency.astype(np.int64)


def _interval(mean: float, draws: Values, n: int, level: float) -> Interval:
    usable = draws[~np.isnan(draws)]
    if not len(usable):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(mean), float(low), float(high), n)


def _ratio(total: Values, weight: Values) -> Values:
    out = np.full(np.shape(total), np.nan)
    np.divide(total, weight, out=out, where=weight > 0)
    return out
