"""Appeal and looking, told apart in simulated showings whose truth is known."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from shopkeeper.learners.appeal import learn_appeal
from shopkeeper.learners.boosting import BoostingConfig

CONFIG = BoostingConfig(trees=60, rate=0.2, leaves=6, least_in_leaf=50, share_of_features=1.0, threads=1)
LOOKED = 0.75 ** np.arange(8)
APPEAL = np.array([0.05, 0.12, 0.25, 0.45, 0.6])
"""Of five kinds of goods."""
BELIEF = np.asarray(0.9 ** np.arange(8), np.float64)


@pytest.fixture(scope="module")
def showings():
    """Goods of more appeal stood further up, as a shop would place them."""
    rng = np.random.default_rng(1)
    kind = rng.integers(5, size=30_000)
    place = np.clip((4 - kind) + rng.integers(-2, 4, len(kind)), 0, 7)
    taken = rng.random(len(kind)) < LOOKED[place] * APPEAL[kind]
    matrix = np.stack([kind, rng.random(len(kind))], axis=1).astype(np.float32)
    return matrix, place, taken


def test_the_truth_is_found_under_any_placement(showings):
    matrix, place, taken = showings
    found = learn_appeal(matrix, place, taken, BELIEF, ("kind", "noise"), config=CONFIG)
    told = expit(found.trees.predict(np.stack([np.arange(5), np.full(5, 0.5)], axis=1).astype(np.float32)))
    assert found.looked == pytest.approx(LOOKED, abs=0.06)
    assert told == pytest.approx(APPEAL, abs=0.06)


def test_shares_of_showings_would_mislead(showings):
    """What the correction is for: the plain share of showings is far below the appeal of what stood low."""
    matrix, _, taken = showings
    plain = np.array([taken[matrix[:, 0] == kind].mean() for kind in range(5)])
    assert (plain < APPEAL - 0.02).all()


def test_it_agrees_with_the_likelihood_maximised_slowly(showings):
    """The maximum over all kinds and places at once, by a general optimiser."""
    matrix, place, taken = showings
    kind = matrix[:, 0].astype(int)
    shown, took = np.zeros((2, 5, 8))
    np.add.at(shown, (kind, place), 1)
    np.add.at(took, (kind, place), taken)

    def loss(values):
        chance = np.clip(np.outer(expit(values[:5]), np.append(1.0, expit(values[5:]))), 1e-9, 1 - 1e-9)
        return -(took * np.log(chance) + (shown - took) * np.log(1 - chance)).sum()

    slow = expit(minimize(loss, np.zeros(12), method="BFGS").x)
    found = learn_appeal(matrix, place, taken, BELIEF, ("kind", "noise"), config=CONFIG)
    fast = expit(found.trees.predict(np.stack([np.arange(5), np.full(5, 0.5)], axis=1).astype(np.float32)))
    assert fast == pytest.approx(slow[:5], abs=0.05)
    assert found.looked[1:] == pytest.approx(slow[5:], abs=0.05)
