"""The chance that something comes true: trees and a line, mixed, and calibrated on people neither saw."""

from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools, Floats
from shopkeeper.learners.boosting import BinaryTrees, BoostingConfig
from shopkeeper.learners.calibration import Calibration
from shopkeeper.learners.logistic import Logistic
from shopkeeper.propensity.examples import Examples, Progress

Doubles = NDArray[np.float64]

FOLDS: Final = 5
_GRID: Final = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True, slots=True)
class ChanceConfig:
    """How a chance is learned.

    Attributes
    ----------
    trees
        How trees are grown.
    strength
        Inverse penalty of the line.
    balance
        Power of how much rarer one answer is, as its weight: 0 leaves rows as they are, 1 makes both answers
        weigh the same. Calibration takes out again what this does to probabilities.
    seed
        Of the folds.
    """

    trees: BoostingConfig = field(
        default_factory=lambda: BoostingConfig(
            trees=150,
            rate=0.06,
            leaves=8,
            least_in_leaf=60,
            share_of_features=0.4,
            share_of_rows=0.6,
            shrink=10.0,
            threads=1,
        )
    )
    strength: float = 0.005
    balance: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Chance:
    """A fitted model.

    Attributes
    ----------
    trees, line
        Both give log-odds.
    mix
        Weight of the trees, 0 to 1; the line has the rest.
    calibration
        From mixed log-odds to the probability.
    names
        Of the columns it reads.
    """

    trees: BinaryTrees
    line: Logistic
    mix: float
    calibration: Calibration
    names: tuple[str, ...]

    @classmethod
    def fit(cls, examples: Examples, config: ChanceConfig, progress: Progress) -> Self:
        """Learn; both answers must occur.

        Each person is in one fold, and judged by models that saw none of their moments; mixture and
        calibration are learned from these judgements.
        """
        fold = np.random.default_rng(config.seed).permutation(int(examples.person.max()) + 1) % FOLDS
        fold = fold[examples.person]
        trees, line = np.zeros(len(examples)), np.zeros(len(examples))
        for place in range(FOLDS):
            held = fold == place
            if held.any() and examples.truth[~held].any() and not examples.truth[~held].all():
                grown, drawn = _learn(examples, ~held, config)
                trees[held] = grown.predict(examples.matrix[held])
                line[held] = drawn.predict(examples.matrix[held])
            progress("learn on four of five", place + 1, FOLDS)
        mix = _mix(trees, line, examples.truth)
        calibration = Calibration.fit(mix * trees + (1 - mix) * line, examples.truth)
        grown, drawn = _learn(examples, np.ones(len(examples), bool), config)
        return cls(grown, drawn, mix, calibration, examples.names)

    def log_odds(self, matrix: Floats) -> Doubles:
        """Mixed log-odds of each row, before calibration."""
        return self.mix * self.trees.predict(matrix) + (1 - self.mix) * self.line.predict(matrix)

    def probability(self, matrix: Floats) -> Doubles:
        """Calibrated probability of each row."""
        return self.calibration.probability(self.log_odds(matrix))

    def contributions(self, matrix: Floats) -> Doubles:
        """What each column adds to the mixed log-odds of each row, rows x columns; SHAP values."""
        trees = self.trees.contributions(matrix)[:, :-1]
        return np.asarray(self.mix * trees + (1 - self.mix) * self.line.contributions(matrix))


def _learn(examples: Examples, rows: Bools, config: ChanceConfig) -> tuple[BinaryTrees, Logistic]:
    matrix, truth = examples.matrix[rows], examples.truth[rows]
    weights = _weights(truth, config.balance)
    trees = BinaryTrees(config.trees).fit(matrix, truth, examples.names, weights=weights)
    return trees, Logistic(config.strength).fit(matrix, truth, weights)


def _weights(truth: Bools, balance: float) -> Floats:
    share = truth.mean()
    weights = np.where(truth, (0.5 / share) ** balance, (0.5 / (1 - share)) ** balance)
    return np.asarray(weights / weights.mean(), np.float32)


def _mix(trees: Doubles, line: Doubles, truth: Bools) -> float:
    """The weight of the trees with the least logarithmic loss."""
    return float(min(_GRID, key=lambda mix: _log_loss(mix * trees + (1 - mix) * line, truth)))


def _log_loss(scores: Doubles, truth: Bools) -> float:
    return float(np.mean(np.logaddexp(0, scores) - truth * scores))
