"""The line through log-odds, on data with a known line."""

import numpy as np
import pytest
from scipy.special import expit

from shopkeeper.learners.logistic import Logistic


@pytest.fixture(scope="module")
def line():
    rng = np.random.default_rng(0)
    matrix = (rng.normal(size=(4_000, 3)) * [1, 100, 1] + [0, 1_000, 0]).astype(np.float32)
    truth = rng.random(4_000) < expit(1.5 * matrix[:, 0] - (matrix[:, 1] - 1_000) / 100)
    matrix[::7, 2] = np.nan
    return Logistic(1.0).fit(matrix, truth), matrix


def test_slopes_are_found_whatever_the_scale(line):
    np.testing.assert_allclose(line[0].slopes, [1.5, -1.0, 0.0], atol=0.15)


def test_contributions_sum_to_the_prediction(line):
    found, matrix = line
    parts = found.contributions(matrix[:50])
    np.testing.assert_allclose(parts.sum(axis=1) + found.offset, found.predict(matrix[:50]), rtol=1e-6)


def test_what_is_not_known_counts_as_the_mean(line):
    found, _ = line
    asked = np.array([[np.nan] * 3, found.mean], np.float32)
    told = found.predict(asked)
    assert told[0] == pytest.approx(told[1], abs=1e-5)


def test_an_odd_customer_is_only_so_far_away(line):
    found, _ = line
    far = np.array([[1e9, 1_000, 0], [1e12, 1_000, 0]], np.float32)
    assert found.predict(far)[0] == found.predict(far)[1]


def test_a_column_that_never_changes_says_nothing():
    matrix = np.column_stack([np.ones(60), np.arange(60)]).astype(np.float32)
    found = Logistic().fit(matrix, np.arange(60) > 30)
    assert found.contributions(matrix)[:, 0].max() == 0
