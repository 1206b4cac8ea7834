"""Which of several things a person takes: a line learned from pairs of what was taken and what was not.

    P(a rather than b) = 1 / (1 + exp(-(x_a - x_b) w))

Learning to rank from pairs (Joachims 2002, "Optimizing search engines using clickthrough data") with the
logistic loss of RankNet (Burges et al. 2005). What is the same for all that a person could take cancels out.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools, Floats, Longs
from shopkeeper.learners.logistic import Logistic


@dataclass(frozen=True)
class Preference:
    """A fitted line.

    Attributes
    ----------
    weights
        w, a number a column.
    """

    weights: NDArray[np.float64]

    @classmethod
    def fit(cls, matrix: Floats, taken: Bools, person: Longs, strength: float) -> Self | None:
        """Learn from rows x columns, whether each was taken, and who could take it; all people weigh alike.

        Returns
        -------
        None where nobody took something and left something.
        """
        differences, weights = [], []
        for one in np.unique(person[taken]).tolist():
            own = person == one
            took, left = matrix[own & taken], matrix[own & ~taken]
            if len(left):
                pairs = (took[:, None] - left[None]).reshape(-1, matrix.shape[1])
                differences.append(pairs)
                weights.append(np.full(len(pairs), 1 / len(pairs), np.float32))
        if not differences:
            return None
        right, weight = np.concatenate(differences), np.concatenate(weights)
        # Each pair both ways round, so that the line goes through 0.
        line = Logistic(strength).fit(
            np.concatenate([right, -right]),
            np.arange(2 * len(right)) < len(right),
            np.concatenate([weight, weight]),
        )
        return cls(line.slopes / line.scale)

    def score(self, matrix: Floats) -> NDArray[np.float64]:
        """What is taken rather has a higher score; shape ``(n,)``."""
        return np.asarray(matrix.astype(np.float64) @ self.weights)
