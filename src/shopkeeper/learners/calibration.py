"""From scores to probabilities that mean what they say.

Platt's sigmoid (Probabilistic outputs for support vector machines, 1999, with his targets for small samples)
where few cases are known, isotonic regression (Zadrozny and Elkan 2002, Transforming classifier scores into
accurate multiclass probability estimates) where many are.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from shopkeeper.core.types import Bools

Doubles = NDArray[np.float64]

MANY: Final = 1_000
"""Cases of the rarer answer from which on isotonic regression is the better one."""
_EDGE: Final = 1e-6


def log_odds(probability: Doubles) -> Doubles:
    """``log(p / (1 - p))``, of probabilities kept off 0 and 1."""
    return np.asarray(logit(np.clip(probability, _EDGE, 1 - _EDGE)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising map from scores to probabilities.

    Attributes
    ----------
    slope, offset
        Of the sigmoid over the score, a log-odds.
    knots, values
        Log-odds after the sigmoid, and the probabilities there, straight lines between; empty where the
        sigmoid is all there is.
    """

    slope: float
    offset: float
    knots: Doubles
    values: Doubles

    @classmethod
    def fit(cls, scores: Doubles, truth: Bools) -> Self:
        """Learn from cases that the scores were not learned from.

        Parameters
        ----------
        scores
            Shape ``(n,)``: log-odds.
        truth
            Shape ``(n,)``; both answers must occur.
        """
        slope, offset = _sigmoid(scores, truth)
        nothing = np.empty(0)
        if min(truth.sum(), (~truth).sum()) < MANY:
            return cls(slope, offset, nothing, nothing)
        from sklearn.isotonic import IsotonicRegression  # a second to load

        moved = slope * scores + offset
        steps = IsotonicRegression(out_of_bounds="clip").fit(moved, truth.astype(np.float64))
        return cls(
            slope, offset, steps.X_thresholds_.astype(np.float64), steps.y_thresholds_.astype(np.float64)
        )

    def probability(self, scores: Doubles) -> Doubles:
        """Probability of each score."""
        moved = self.slope * scores + self.offset
        smooth = expit(moved)
        if not len(self.knots):
            return np.asarray(smooth)
        # Steps alone make ties; half of the sigmoid keeps the order within a step.
        return np.asarray((np.interp(moved, self.knots, self.values) + smooth) / 2)


def _sigmoid(scores: Doubles, truth: Bools) -> tuple[float, float]:
    from scipy.optimize import minimize  # slow to load

    positive = float(truth.sum())
    negative = len(truth) - positive
    target = np.where(truth, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(at: Doubles) -> tuple[float, Doubles]:
        moved = at[0] * scores + at[1]
        wrong = expit(moved) - target
        value = float(np.mean(np.logaddexp(0, moved) - target * moved))
        return value, np.array([np.mean(wrong * scores), np.mean(wrong)])

    found = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(1e-3, None), (None, None)]
    )
    return float(found.x[0]), float(found.x[1])
