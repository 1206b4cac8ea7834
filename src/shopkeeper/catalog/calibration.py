"""From what several classifiers say to one probability that means what it says.

Opinions are pooled by their logarithms (the log-linear pool of Genest and Zidek, Combining probability
distributions, 1986), with weights learned on cases that no classifier saw (stacking, Wolpert 1992):

    p(k) proportional to exp(b_k + sum over classifiers of w_m log p_m(k))

With one classifier this is vector scaling with a shared scale (Guo et al., On calibration of modern neural
networks, 2017). Weights are held towards equal ones and biases towards 0, so that a few cases do little harm.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from shopkeeper.core.types import Floats, Longs

_HOLD_WEIGHTS: Final = 10.0
_HOLD_BIASES: Final = 3.0
"""Strength of the penalties, in cases."""

_Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of ``m`` classifiers over ``n_classes`` labels.

    Attributes
    ----------
    weights
        Shape ``(m,)``, not negative.
    biases
        Shape ``(n_classes,)``.
    """

    weights: _Doubles
    biases: _Doubles

    @classmethod
    def fit(cls, log: Floats, truth: Longs) -> Self:
        """Learn the weights by the likelihood of the truth.

        Parameters
        ----------
        log
            Shape ``(m, n, n_classes)``: logarithms of probabilities, of cases that no classifier saw.
        truth
            Shape ``(n,)``: code of the true label of each case.
        """
        m, n, n_classes = log.shape
        start = np.concatenate([np.full(m, 1 / m), np.zeros(n_classes)])
        if not n:
            return cls(start[:m], start[m:])

        def loss(at: _Doubles) -> tuple[float, _Doubles]:
            told = log_softmax(np.tensordot(at[:m], log, 1) + at[m:], axis=1)
            wrong = np.exp(told)
            wrong[np.arange(n), truth] -= 1
            held = at - start
            hold = np.where(np.arange(len(at)) < m, _HOLD_WEIGHTS, _HOLD_BIASES)
            slope = np.concatenate([np.tensordot(log, wrong, 2), wrong.sum(axis=0)]) + hold * held
            total = -told[np.arange(n), truth].sum() + (hold * held * held).sum() / 2
            return total / n, slope / n

        bounds = [(0, None)] * m + [(None, None)] * n_classes
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(found[:m], found[m:])

    def probabilities(self, log: Floats) -> Floats:
        """Pooled probabilities, shape ``(n, n_classes)``, of opinions of shape ``(m, n, n_classes)``."""
        told = np.tensordot(self.weights, log, 1) + self.biases
        return np.exp(log_softmax(told, axis=1)).astype(np.float32)
