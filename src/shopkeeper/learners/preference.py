"""Which of several things a person takes: a line learned from pairs of what was taken and what was not.

    P(a rather than b) = 1 / (1 + exp(-(x_a - x_b) w))

Learning to rank from pairs (Joachims 2002, "Optimizing search engines using clickthrough data") with the
logistic loss of RankNet (Burges et al. 2005). What is the same for all that a person could take cancels out.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools, Floats, Longs
from shopkeeper.learners.logistic import Logistic

_FOLDS: Final = 5
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Preference:
    """A fitted line.

    Attributes
    ----------
    weights
        w, a number a column.
    """

    weights: Doubles

    @classmethod
    def fit(
        cls, matrix: Floats, taken: Bools, person: Longs, strength: float, doubtful: Bools | None = None
    ) -> Self | None:
        """Learn from what people took and left; all people weigh alike.

        Parameters
        ----------
        matrix
            Rows x columns.
        taken, person
            Shape ``(rows,)``: whether it was taken, and who could take it.
        strength
            Inverse penalty, as of `Logistic`.
        doubtful
            Shape ``(columns,)``: columns that have no weight unless pairs of people who were not learned from
            are told better with them.

        Returns
        -------
        None where nobody took something and left something.
        """
        pairs = _Pairs.of(matrix, taken, person)
        if not len(pairs.person):
            return None
        if doubtful is not None and doubtful.any():
            fewer = pairs.without(doubtful)
            pairs = pairs if pairs.loss(strength) < fewer.loss(strength) else fewer
        return cls(pairs.line(strength))

    def score(self, matrix: Floats) -> Doubles:
        """What is taken rather has a higher score; shape ``(n,)``."""
        return np.asarray(matrix.astype(np.float64) @ self.weights)


@dataclass(frozen=True)
class _Pairs:
    """What was taken less what was left, how much each pair weighs, and whose it is."""

    differences: Floats
    weights: Floats
    person: Longs

    @classmethod
    def of(cls, matrix: Floats, taken: Bools, person: Longs) -> Self:
        found, weights, whose = [matrix[:0]], [np.empty(0, np.float32)], [person[:0]]
        for one in np.unique(person[taken]).tolist():
            own = person == one
            took, left = matrix[own & taken], matrix[own & ~taken]
            pairs = (took[:, None] - left[None]).reshape(-1, matrix.shape[1])
            found.append(pairs)
            weights.append(np.full(len(pairs), 1 / max(len(pairs), 1), np.float32))
            whose.append(np.full(len(pairs), one, np.int64))
        return cls(np.concatenate(found), np.concatenate(weights), np.concatenate(whose))

    def where(self, rows: Bools) -> Self:
        return replace(
            self, differences=self.differences[rows], weights=self.weights[rows], person=self.person[rows]
        )

    def without(self, columns: Bools) -> Self:
        return replace(self, differences=np.where(columns, np.float32(0.0), self.differences))

    def line(self, strength: float) -> Doubles:
        """Each pair is learned from both ways round, so that the line goes through 0."""
        there, right = self.differences, np.arange(2 * len(self.person)) < len(self.person)
        line = Logistic(strength).fit(np.concatenate([there, -there]), right, np.tile(self.weights, 2))
        return line.slopes / line.scale

    def loss(self, strength: float) -> float:
        """Logarithmic loss of pairs by lines that saw none of the same person."""
        people, whose = np.unique(self.person, return_inverse=True)
        fold = (np.random.default_rng(0).permutation(len(people)) % _FOLDS)[whose]
        total = 0.0
        for place in np.unique(fold).tolist():
            held, rest = self.where(fold == place), self.where(fold != place)
            weights = rest.line(strength) if len(rest.person) else np.zeros(self.differences.shape[1])
            total += float(held.weights @ np.logaddexp(0.0, -(held.differences @ weights)))
        return total
