"""Calibration gives back probabilities that were bent."""

import numpy as np
import pytest
from scipy.special import expit

from shopkeeper.learners.calibration import MANY, Calibration, log_odds
from shopkeeper.metrics.classification import expected_calibration_error


@pytest.mark.parametrize("n", [800, 20 * MANY])
def test_bent_scores_become_probabilities_again(n):
    rng = np.random.default_rng(0)
    score = rng.normal(0, 2, n)
    truth = rng.random(n) < expit(0.5 * score - 1)
    found = Calibration.fit(score, truth)
    assert (len(found.knots) > 0) == (n > MANY)
    fresh = rng.normal(0, 2, 20_000)
    came = rng.random(20_000) < expit(0.5 * fresh - 1)
    assert expected_calibration_error(found.probability(fresh), came) < 0.03
    assert expected_calibration_error(expit(fresh), came) > 0.1


def test_order_stays():
    rng = np.random.default_rng(1)
    score = rng.normal(size=5_000)
    found = Calibration.fit(score, rng.random(5_000) < expit(score))
    told = found.probability(np.sort(rng.normal(0, 3, 1_000)))
    assert (np.diff(told) > 0).all()
    assert ((told > 0) & (told < 1)).all()


def test_scores_that_say_nothing_give_the_share():
    truth = np.arange(100) < 30
    told = Calibration.fit(np.zeros(100), truth).probability(np.zeros(2))
    np.testing.assert_allclose(told, 0.3, atol=0.01)


def test_log_odds_stay_finite():
    assert np.isfinite(log_odds(np.array([0.0, 0.5, 1.0]))).all()
    assert log_odds(np.array([0.5]))[0] == 0
