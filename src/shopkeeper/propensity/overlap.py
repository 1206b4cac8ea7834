"""Who was treated: by a coin, or by what they are like; and whether there is anybody to compare them with.

An effect can only be learned where people who are alike are found in both arms. Thresholds: Crump et al.
2009, Dealing with limited overlap in estimation of average treatment effects.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools
from shopkeeper.learners.boosting import BinaryTrees, BoostingConfig
from shopkeeper.learners.calibration import Calibration
from shopkeeper.learners.effects import FOLDS, People, folds
from shopkeeper.metrics.classification import auc
from shopkeeper.metrics.uplift import Trial

Doubles = NDArray[np.float64]

ALONE: Final = 0.1
"""Probability of an arm below which hardly anybody alike is found in it."""
_LEAST: Final = 0.02
"""Chances are kept this far off 0 and 1: one person must not stand for a hundred."""
_SURE: Final = 3.0
_TREES: Final = BoostingConfig(
    trees=60, rate=0.08, leaves=6, least_in_leaf=100, share_of_features=0.7, shrink=10.0, threads=1
)


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far the columns tell who was treated.

    Attributes
    ----------
    auc
        Of telling the treated from the others, on people the model did not see; .5 is a coin.
    random
        Whether the columns tell no more than a coin: the chance is the same for all.
    outside
        Share of people whose chance of one arm is below `ALONE`.
    """

    auc: float
    random: bool
    outside: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """What cannot be known from such data, in plain words; nothing where a coin decided."""
        if self.random:
            return ()
        told: tuple[str, ...] = (
            f"The columns tell who was treated (AUC {self.auc:.2f}): this was no random test. The figures "
            "are right only if nothing that is not in the file decided both who was treated and what came of "
            "it, which no data can show. Treat some at random to be sure.",
        )
        if self.outside:
            told += (
                f"{self.outside:.0%} of the people have hardly anybody like them in the other group: these "
                "data cannot tell the effect on them; their scores are guesses.",
            )
        return told


@dataclass(frozen=True)
class Assignment:
    """A model of who was treated.

    Attributes
    ----------
    share
        Of the people who were treated.
    trees, calibration
        The chance of each; not asked where a coin decided.
    overlap
        What the people learned from are like.
    """

    share: float
    trees: BinaryTrees
    calibration: Calibration
    overlap: Overlap

    @classmethod
    def fit(cls, people: People, trial: Trial, seed: int) -> tuple[Self, Doubles]:
        """Learn from people; also the chance of each, by a model that did not see them.

        A coin is believed in unless the area under the curve lies three standard errors above one half
        (Mann and Whitney 1947).
        """
        treated, fold, scores = trial.treated, folds(trial, seed), np.zeros(len(trial.treated))
        for place in range(FOLDS):
            held = fold == place
            scores[held] = people.take(~held).grow(treated[~held], _TREES).predict(people.matrix[held])
        area, error = auc(scores, treated), np.sqrt((1 / treated.sum() + 1 / (~treated).sum()) / 12)
        random = bool(area < 0.5 + _SURE * error)
        calibration = Calibration.fit(scores, treated)
        share = float(treated.mean())
        chance = np.full(len(treated), share) if random else _bounded(calibration.probability(scores))
        outside = 0.0 if random else float(np.mean(np.minimum(chance, 1 - chance) < ALONE))
        overlap = Overlap(area, random, outside)
        return cls(share, people.grow(treated, _TREES), calibration, overlap), chance

    def chance(self, people: People) -> Doubles:
        """Probability of each to be treated, shape ``(n,)``."""
        if self.overlap.random:
            return np.full(len(people.matrix), self.share)
        return _bounded(self.calibration.probability(self.trees.predict(people.matrix).astype(np.float64)))


def weights(chance: Doubles, treated: Bools) -> Doubles:
    """One over the chance of the arm that one is in, see `Trial.weights`."""
    return np.asarray(1 / np.where(treated, chance, 1 - chance))


def _bounded(chance: Doubles) -> Doubles:
    """In hundredths, so that people who are alike are counted together."""
    return np.asarray(np.round(np.clip(chance, _LEAST, 1 - _LEAST), 2), np.float64)
