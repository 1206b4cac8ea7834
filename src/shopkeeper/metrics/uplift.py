"""How well scores rank people by what a treatment changes for them, and what treating by them brings.

Qini: Radcliffe 2007, Using control groups to target on predicted lift. AUUC: Gutierrez and Gérardy 2017,
Causal inference and uplift modelling: a review of the literature. Value of a policy: Dudík, Langford and Li
2011, Doubly robust policy evaluation and learning. Intervals: Efron's bootstrap over people; the scores must
come from a model that did not see them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import rankdata

from shopkeeper.core.types import Bools, Longs
from shopkeeper.metrics.interval import LEVEL, Interval, bootstrap

Doubles = NDArray[np.float64]

RESAMPLES: Final = 500
"""Draws behind an interval."""
GROUPS: Final = 1_000
"""Points of a curve at most: with more distinct scores, people are taken by thousandths of their rank."""
_BLOCK: Final = 1 << 22
"""Numbers drawn at once."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of ``n`` people of whom some were treated.

    Attributes
    ----------
    treated, outcome
        Shape ``(n,)``.
    weights
        Shape ``(n,)``: one over the probability to be in the arm that one is in; 1 where a coin decided.
    """

    treated: Bools
    outcome: Bools
    weights: Doubles

    @classmethod
    def of(cls, treated: Bools, outcome: Bools, weights: Doubles | None = None) -> "Trial":
        """A trial, by a coin where there are no weights."""
        return cls(treated, outcome, np.ones(len(treated)) if weights is None else weights)


@dataclass(frozen=True, slots=True)
class Curves:
    """Gain over the share of people taken, the highest scores first; tied people come together.

    Attributes
    ----------
    share
        Of people, 0 to 1.
    qini
        ``(Y_t(k) - Y_c(k) N_t(k) / N_c(k)) / N_t``: with N people of an arm and Y outcomes among the first k.
    uplift
        ``(Y_t(k) / N_t(k) - Y_c(k) / N_c(k)) n(k) / n``.

    Both end at the mean effect. What nobody stands for counts as no gain.
    """

    share: Doubles
    qini: Doubles
    uplift: Doubles


@dataclass(frozen=True, slots=True)
class Uplift:
    """How well scores rank effects.

    Attributes
    ----------
    qini
        Area between the Qini curve and the straight line to its end: 0 for an order that knows nothing.
    auuc
        Area under the uplift curve: half the mean effect for an order that knows nothing.
    """

    qini: Interval
    auuc: Interval


def curves(scores: Doubles, trial: Trial) -> Curves:
    """The points of both curves.

    Parameters
    ----------
    scores
        Shape ``(n,)``, higher for whom the treatment changes more.
    trial
        What came of these people.
    """
    cells, counts = _cells(scores, trial)
    return Curves(*(points[0] for points in _curves(cells, counts[None].astype(np.float64))))


def uplift(scores: Doubles, trial: Trial, *, seed: int = 0, resamples: int = RESAMPLES) -> Uplift:
    """Both areas with bootstrap percentile intervals of 95%; arguments as of `curves`."""
    cells, counts = _cells(scores, trial)
    told = _areas(cells, counts[None].astype(np.float64))[0]
    rng = np.random.default_rng(seed)
    share = counts / counts.sum()
    block = max(1, _BLOCK // len(counts))
    drawn = [
        _areas(cells, rng.multinomial(len(scores), share, min(block, resamples - start)).astype(np.float64))
        for start in range(0, resamples, block)
    ]
    edges = np.quantile(np.concatenate(drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    qini, auuc = (
        Interval(float(told[place]), float(edges[0, place]), float(edges[1, place]), len(scores))
        for place in (0, 1)
    )
    return Uplift(qini, auuc)


def doubly_robust(trial: Trial, chance: Doubles, expected: Doubles) -> Doubles:
    """What each person would have done untreated and treated, shape ``(n, 2)``: noisy, right on average.

    ``mu_a(x) + 1[arm = a] (y - mu_a(x)) / P(arm = a | x)``: right if either the chances or the expected
    outcomes are.

    Parameters
    ----------
    trial
        What came of them; its weights are not looked at.
    chance
        Shape ``(n,)``: probability to be treated, strictly between 0 and 1.
    expected
        Shape ``(n, 2)``: expected outcome untreated and treated, from a model that did not see the outcome.
    """
    arms = np.stack([~trial.treated, trial.treated], axis=1)
    chances = np.stack([1 - chance, chance], axis=1)
    return np.asarray(expected + arms * (trial.outcome[:, None] - expected) / chances)


def policy_value(treat: Bools, outcomes: Doubles) -> Interval:
    """Mean outcome a person if those, and only those, were treated.

    Parameters
    ----------
    treat
        Shape ``(n,)``: whom the policy treats; it must not have seen the outcomes.
    outcomes
        Shape ``(n, 2)``: of `doubly_robust`.
    """
    return bootstrap(np.where(treat, outcomes[:, 1], outcomes[:, 0]))


@dataclass(frozen=True, slots=True)
class _Cells:
    """People who are the same to the curves, summed: a row of ``table`` for each of them.

    Attributes
    ----------
    table
        Cells x (4 groups): what one person of the cell adds to N_c, N_t, Y_c and Y_t of the group.
    people
        Cells x groups: 1 for the group of the cell.
    """

    table: sparse.csr_array
    people: sparse.csr_array


def _cells(scores: Doubles, trial: Trial) -> tuple[_Cells, Longs]:
    """The distinct kinds of people, and how many there are of each."""
    group = _groups(scores)
    kinds = np.stack([group, trial.treated, trial.outcome, trial.weights], axis=1).astype(np.float64)
    distinct, counts = np.unique(kinds, axis=0, return_counts=True)
    place, arm = distinct[:, 0].astype(np.int64), distinct[:, 1].astype(np.int64)
    came, weight = distinct[:, 2], distinct[:, 3]
    n_groups, row = int(group.max()) + 1, np.arange(len(distinct))
    columns = np.concatenate([arm * n_groups + place, (2 + arm) * n_groups + place])
    table = sparse.csr_array(
        (np.concatenate([weight, weight * came]), (np.tile(row, 2), columns)),
        shape=(len(distinct), 4 * n_groups),
    )
    people = sparse.csr_array((np.ones(len(row)), (row, place)), shape=(len(distinct), n_groups))
    return _Cells(table, people), counts.astype(np.int64)


def _groups(scores: Doubles) -> Longs:
    """Place of each person from the highest score down; tied people share one."""
    rank = rankdata(-scores, method="min").astype(np.int64) - 1
    if len(np.unique(rank)) > GROUPS:
        rank = rank * GROUPS // len(scores)
    return np.unique(rank, return_inverse=True)[1].astype(np.int64)


def _curves(cells: _Cells, counts: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Share, Qini and uplift, ``(draws, groups + 1)``, of each row of counts, ``(draws, cells)``."""
    sums = np.cumsum((counts @ cells.table).reshape(len(counts), 4, -1), axis=2)
    people = np.cumsum(counts @ cells.people, axis=1)
    none, some, came_without, came_with = (sums[:, place] for place in range(4))
    without, with_ = _ratio(came_without, none), _ratio(came_with, some)
    share = people / people[:, -1:]
    qini = _ratio(came_with - without * some, np.broadcast_to(some[:, -1:], some.shape))
    begun = [np.pad(column, ((0, 0), (1, 0))) for column in (share, qini, (with_ - without) * share)]
    return begun[0], begun[1], begun[2]


def _areas(cells: _Cells, counts: Doubles) -> Doubles:
    """Qini and AUUC of each row of counts, shape ``(draws, 2)``."""
    share, qini, gain = _curves(cells, counts)
    return np.stack([np.trapezoid(qini, share) - qini[:, -1] / 2, np.trapezoid(gain, share)], axis=1)


def _ratio(total: Doubles, weight: Doubles) -> Doubles:
    out = np.zeros(total.shape)
    np.divide(total, weight, out=out, where=weight > 0)
    return out
