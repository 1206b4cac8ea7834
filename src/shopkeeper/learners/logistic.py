"""Logistic regression over columns of any scale: the plain rival of trees, and their companion."""

from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools, Floats

Doubles = NDArray[np.float64]

_FAR: Final = 4.0
"""Standard deviations beyond which a value is taken as so far: one odd customer must not bend the line."""
_STEPS: Final = 1_000


class Logistic:
    """A line through log-odds, with an L2 penalty; unknown values count as the mean.

    Parameters
    ----------
    strength
        Inverse of the penalty, as scikit-learn's ``C``.
    """

    def __init__(self, strength: float = 0.1) -> None:
        self.strength = strength
        self.mean: Doubles = np.empty(0)
        self.scale: Doubles = np.empty(0)
        self.slopes: Doubles = np.empty(0)
        self.offset = 0.0

    def fit(self, matrix: Floats, truth: Bools, weights: Floats | None = None) -> Self:
        """Learn from rows x columns (NaN where not known) and the truth of each row; both must occur."""
        from sklearn.linear_model import LogisticRegression  # a second to load

        values = matrix.astype(np.float64)
        known = ~np.isnan(values)
        count = np.maximum(known.sum(axis=0), 1)
        self.mean = np.where(known, values, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, values - self.mean, 0.0) ** 2).sum(axis=0) / count)
        self.scale = np.where(spread > 0, spread, 1.0)
        line = LogisticRegression(C=self.strength, max_iter=_STEPS)
        line.fit(self._standard(matrix), truth, sample_weight=weights)
        self.slopes, self.offset = line.coef_[0].astype(np.float64), float(line.intercept_[0])
        return self

    def predict(self, matrix: Floats) -> Doubles:
        """Log-odds of each row."""
        return np.asarray(self._standard(matrix) @ self.slopes + self.offset)

    def contributions(self, matrix: Floats) -> Doubles:
        """What each column adds to the log-odds of each row, rows x columns; 0 for a mean value."""
        return self._standard(matrix) * self.slopes

    def _standard(self, matrix: Floats) -> Doubles:
        away = (matrix.astype(np.float64) - self.mean) / self.scale
        return np.clip(np.nan_to_num(away, nan=0.0), -_FAR, _FAR)
