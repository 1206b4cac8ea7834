"""Effects that are known are found, whoever was treated, and none is found where there is none."""

import numpy as np
import pytest

from shopkeeper.learners.boosting import BoostingConfig
from shopkeeper.learners.effects import FOLDS, Effects, EffectsConfig, People, folds
from shopkeeper.metrics.uplift import Trial

SMALL = BoostingConfig(trees=25, rate=0.2, leaves=4, least_in_leaf=20, share_of_features=1.0, threads=1)
CONFIG = EffectsConfig(SMALL, SMALL)
N = 3000


def world(effect, chance, seed=0):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(N, 3)).astype(np.float32)
    matrix[:, 2] = rng.integers(0, 3, N)
    treated = rng.random(N) < chance(matrix)
    outcome = rng.random(N) < 0.2 + 0.1 * (matrix[:, 1] > 0) + effect(matrix) * treated
    return People(matrix, coded=(2,)), Trial.of(treated, outcome)


def told(effect, chance=lambda matrix: np.full(len(matrix), 0.5)):
    people, trial = world(effect, chance)
    return people, Effects.fit(people, trial, chance(people.matrix), CONFIG, lambda *stage: None)


def test_who_is_moved_is_found_by_every_learner():
    people, effects = told(lambda matrix: 0.4 * (matrix[:, 0] > 0))
    found = effects.tell(people)
    moved = people.matrix[:, 0] > 0.3
    rest = people.matrix[:, 0] < -0.3
    assert found.effect[moved].mean() == pytest.approx(0.4, abs=0.06)
    assert found.effect[rest].mean() == pytest.approx(0.0, abs=0.06)
    assert (found.learners[moved].mean(axis=0) - found.learners[rest].mean(axis=0) > 0.25).all()
    assert found.expected[moved, 1].mean() == pytest.approx(0.65, abs=0.06)


def test_who_was_chosen_does_not_look_moved():
    """Those who buy anyway were treated more often: there is an effect on nobody."""
    _, effects = told(
        lambda matrix: np.zeros(len(matrix)), lambda matrix: np.where(matrix[:, 1] > 0, 0.8, 0.2)
    )
    assert effects.mean == pytest.approx(0.0, abs=0.03)


def test_a_group_without_any_outcome():
    people, trial = world(lambda matrix: np.zeros(len(matrix)), lambda matrix: np.full(len(matrix), 0.5))
    lonely = Trial.of(trial.treated, trial.outcome & trial.treated)
    found = Effects.fit(people, lonely, np.full(N, 0.5), CONFIG, lambda *stage: None).tell(people)
    assert np.isfinite(found.effect).all()
    assert found.effect.mean() == pytest.approx(0.25, abs=0.05)


def test_every_fold_has_some_of_each():
    _, trial = world(lambda matrix: np.zeros(len(matrix)), lambda matrix: np.full(len(matrix), 0.1))
    fold = folds(trial, 3)
    for kind in (trial.treated, trial.outcome, trial.treated & trial.outcome):
        counts = np.bincount(fold[kind], minlength=FOLDS)
        assert counts.max() - counts.min() <= 2
