"""What a treatment changes for each person, learned from people of whom some were treated.

Three ways over boosted trees (Künzel et al. 2019, Metalearners for estimating heterogeneous treatment effects
using machine learning): the S-learner has the treatment as one column, the T-learner a model for each arm.
The DR-learner (Kennedy 2023, Towards optimal doubly robust estimation of heterogeneous causal effects) fits
trees to doubly robust differences. Every judgement of a person comes from models that did not see them, and
the three are added up with the weights that best tell these differences (as in van der Laan, Polley and
Hubbard 2007, Super learner).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import expit

from shopkeeper.core.types import Bools, Floats, Longs
from shopkeeper.learners.boosting import BinaryTrees, BoostingConfig, Matrix, NumberTrees
from shopkeeper.metrics.uplift import Trial, doubly_robust

Doubles = NDArray[np.float64]
Progress = Callable[[str, int, int], None]

FOLDS: Final = 5
LEARNERS: Final = ("S", "T", "DR")


@dataclass(frozen=True, slots=True)
class EffectsConfig:
    """How effects are learned.

    Attributes
    ----------
    outcomes
        How trees that tell outcomes are grown.
    differences
        How trees that tell differences are grown; they are much noisier than outcomes.
    seed
        Of the folds.
    """

    outcomes: BoostingConfig = field(
        default_factory=lambda: BoostingConfig(
            trees=200, rate=0.06, leaves=4, least_in_leaf=100, share_of_features=0.7, shrink=10.0, threads=1
        )
    )
    differences: BoostingConfig = field(
        default_factory=lambda: BoostingConfig(
            trees=80, rate=0.05, leaves=4, least_in_leaf=200, share_of_features=0.7, shrink=10.0, threads=1
        )
    )
    seed: int = 0

    def for_rows(self, n: int) -> "EffectsConfig":
        """The same with leaves that ``n`` rows can fill."""
        least = max(5, n // 40)
        outcomes, differences = (
            replace(trees, least_in_leaf=min(trees.least_in_leaf, least))
            for trees in (self.outcomes, self.differences)
        )
        return replace(self, outcomes=outcomes, differences=differences)


@dataclass(frozen=True, slots=True)
class People:
    """What is known of ``n`` people and which columns hold codes.

    Attributes
    ----------
    matrix
        Rows x columns, NaN for what is not known.
    coded
        Places of the columns that hold codes.
    """

    matrix: Matrix
    coded: tuple[int, ...] = ()

    def take(self, rows: Bools | Longs) -> "People":
        """These people, in this order."""
        return replace(self, matrix=self.matrix[rows])

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, for trees: those of a file may hold signs that LightGBM refuses."""
        return tuple(f"column_{place}" for place in range(self.matrix.shape[1]))

    @property
    def categorical(self) -> tuple[str, ...]:
        """Names of the columns that hold codes."""
        return tuple(self.names[place] for place in self.coded)

    def grow(self, truth: Bools, config: BoostingConfig) -> BinaryTrees:
        """Trees that tell yes from no about these people."""
        return BinaryTrees(config).fit(self.matrix, truth, self.names, self.categorical)


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of ``n`` people.

    Attributes
    ----------
    effect
        Shape ``(n,)``: expected outcome treated less untreated.
    expected
        Shape ``(n, 2)``: expected outcome untreated and treated.
    learners
        Shape ``(n, 3)``: the effect by each of `LEARNERS`.
    """

    effect: Doubles
    expected: Doubles
    learners: Doubles


@dataclass(frozen=True)
class Effects:
    """A fitted model of effects.

    Attributes
    ----------
    weights
        Of each of `LEARNERS`; all 0 where differences between people could not be told.
    center, mean
        What each learner says on average, and the mean effect itself.
    """

    outcomes: "_Outcomes"
    differences: NumberTrees
    weights: Doubles
    center: Doubles
    mean: float

    @classmethod
    def fit(
        cls, people: People, trial: Trial, chance: Doubles, config: EffectsConfig, progress: Progress
    ) -> Self:
        """Learn; both arms and both outcomes must occur.

        Parameters
        ----------
        people, trial
            Who they are, who was treated and what came of it.
        chance
            Shape ``(n,)``: probability of each to be treated, from a model that did not see whether they
            were.
        config
            How it is learned.
        progress
            Told of stages.
        """
        config = config.for_rows(len(trial.treated))
        fold = folds(trial, config.seed)
        effects, expected = np.zeros((len(fold), 3)), np.zeros((len(fold), 2))
        for place in range(FOLDS):
            held = fold == place
            told = _Outcomes.fit(people.take(~held), _rows(trial, ~held), config.outcomes).tell(
                people.take(held)
            )
            effects[held, :2], expected[held] = told
            progress("learn outcomes on four of five", place + 1, FOLDS)
        outcomes = doubly_robust(trial, chance, expected)
        apart = outcomes[:, 1] - outcomes[:, 0]
        for place in range(FOLDS):
            held = fold == place
            trees = _differences(people.take(~held), apart[~held], config)
            effects[held, 2] = trees.predict(people.matrix[held])
            progress("learn differences on four of five", place + 1, FOLDS)
        center = effects.mean(axis=0)
        weights = nnls(effects - center, apart - apart.mean())[0]
        return cls(
            _Outcomes.fit(people, trial, config.outcomes),
            _differences(people, apart, config),
            weights,
            center,
            float(apart.mean()),
        )

    def tell(self, people: People) -> Told:
        """The effect on people the model may never have seen; columns as in learning."""
        effects, expected = self.outcomes.tell(people)
        learners = np.column_stack([effects, self.differences.predict(people.matrix).astype(np.float64)])
        return Told(self.mean + (learners - self.center) @ self.weights, expected, learners)


@dataclass(frozen=True)
class _Outcomes:
    """Models of the outcome: one for both arms, and one each."""

    both: BinaryTrees
    arms: tuple[BinaryTrees, BinaryTrees]

    @classmethod
    def fit(cls, people: People, trial: Trial, config: BoostingConfig) -> Self:
        both = _with_arm(people, trial.treated).grow(trial.outcome, config)
        untreated, treated = (
            people.take(arm).grow(trial.outcome[arm], config) for arm in (~trial.treated, trial.treated)
        )
        return cls(both, (untreated, treated))

    def tell(self, people: People) -> tuple[Doubles, Doubles]:
        """Effects by S and T, and expected outcomes by both together, each ``(n, 2)``."""
        n = len(people.matrix)
        arms = [np.zeros(n, bool), np.ones(n, bool)]
        single = [expit(self.both.predict(_with_arm(people, arm).matrix).astype(np.float64)) for arm in arms]
        two = [expit(trees.predict(people.matrix).astype(np.float64)) for trees in self.arms]
        effects = np.stack([single[1] - single[0], two[1] - two[0]], axis=1)
        return effects, (np.stack(single, axis=1) + np.stack(two, axis=1)) / 2


def _with_arm(people: People, treated: Bools) -> People:
    return replace(people, matrix=np.column_stack([people.matrix, treated.astype(np.float32)]))


def _differences(people: People, apart: Doubles, config: EffectsConfig) -> NumberTrees:
    numbers: Floats = apart.astype(np.float32)
    return NumberTrees(config.differences).fit(people.matrix, numbers, people.names, people.categorical)


def folds(trial: Trial, seed: int) -> Longs:
    """A fold for each person, arms and outcomes spread over all `FOLDS`."""
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(len(trial.treated)), trial.outcome, trial.treated))
    fold = np.empty(len(order), np.int64)
    fold[order] = np.arange(len(order)) % FOLDS
    return fold


def _rows(trial: Trial, rows: Bools) -> Trial:
    return Trial(trial.treated[rows], trial.outcome[rows], trial.weights[rows])
