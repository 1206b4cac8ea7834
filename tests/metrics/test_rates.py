"""Intervals of rates whose trials come in bunches: bounds, known cases, and how often they hold the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.metrics.rates import NO_RATE, mean_per, share

BUNCHES = st.lists(st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1)


@given(BUNCHES)
def test_the_interval_holds_the_rate_and_stays_between_0_and_1(bunches):
    successes, trials = np.array(bunches, float).T
    found = share(successes, trials)
    assert found.value == pytest.approx(successes.sum() / trials.sum())
    assert 0 <= found.low <= found.value + 1e-12
    assert found.value - 1e-12 <= found.high <= 1
    assert found.high > found.low


def test_bunches_of_one_give_wilsons_own_interval():
    """10 of 100: 0.0552 to 0.1744; that variance is taken over n - 1 moves the third digit."""
    found = share(np.repeat([1.0, 0.0], [10, 90]), np.ones(100))
    assert (found.low, found.high) == pytest.approx((0.0552, 0.1744), abs=1e-3)


def test_nothing_shown_and_nothing_clicked_yet():
    assert share(np.empty(0), np.empty(0)) == NO_RATE
    assert mean_per(np.empty(0), np.empty(0)) == NO_RATE
    nothing = share(np.zeros(50), np.full(50, 10.0))
    assert (nothing.value, nothing.low) == (0, 0)
    assert nothing.high == pytest.approx(1.96**2 / (50 + 1.96**2), rel=1e-3)


def test_the_truth_lies_inside_nearly_as_often_as_promised():
    """People differ in how much they click, which an interval over single items would not see."""
    rng = np.random.default_rng(3)
    held, naive = 0, 0
    for _ in range(400):
        people = rng.beta(0.5, 9.5, 200)
        trials = rng.integers(5, 40, 200).astype(float)
        found = share(rng.binomial(trials.astype(int), people).astype(float), trials)
        held += found.low <= 0.05 <= found.high
        half = 1.96 * np.sqrt(found.value * (1 - found.value) / trials.sum())
        naive += abs(found.value - 0.05) <= half
    assert 0.92 <= held / 400 <= 0.98
    assert naive / 400 < 0.75


def test_a_mean_holds_its_truth_as_often():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        trials = rng.integers(1, 20, 300).astype(float)
        found = mean_per(rng.gamma(2.0, 1.5, 300) * trials, trials)
        held += found.low <= 3.0 <= found.high
    assert 0.92 <= held / 400 <= 0.98
