"""Bootstrap intervals against a plain loop over resamples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.metrics.interval import bootstrap, bootstrap_columns, paired_bootstrap


def plain(values, resamples, level):
    """Draw with replacement, one draw at a time."""
    rng = np.random.default_rng(99)
    means = [np.mean(rng.choice(values, len(values))) for _ in range(resamples)]
    return np.quantile(means, [(1 - level) / 2, (1 + level) / 2])


@pytest.mark.parametrize("n", [5, 40, 600])
@pytest.mark.parametrize("kind", ["ties", "continuous"])
def test_interval_agrees_with_the_plain_loop(n, kind):
    rng = np.random.default_rng(3)
    values = rng.random(n) if kind == "continuous" else rng.integers(0, 3, n) / 2.0
    interval = bootstrap(values, resamples=4000, level=0.9)
    low, high = plain(values, 4000, 0.9)
    near = 0.15 * values.std() / np.sqrt(n) + 0.5 / n  # the second term is one step of the tied values
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(low, abs=near)
    assert interval.high == pytest.approx(high, abs=near)
    assert interval.n == n


def test_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    hits = 0
    for trial in range(200):
        interval = bootstrap(rng.binomial(1, 0.3, 80).astype(float), seed=trial, resamples=300)
        hits += interval.low <= 0.3 <= interval.high
    assert 0.88 <= hits / 200 <= 0.99


values = arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1, width=32))


@given(values, st.integers(0, 5))
def test_interval_holds_together_and_repeats_under_its_seed(column, seed):
    one, two = bootstrap(column, seed=seed, resamples=50), bootstrap(column, seed=seed, resamples=50)
    assert one == two
    assert column.min() - 1e-9 <= one.low <= one.high <= column.max() + 1e-9


def test_undefined_values_are_left_out():
    interval = bootstrap(np.array([1.0, np.nan, 1.0]))
    assert (interval.mean, interval.low, interval.high, interval.n) == (1.0, 1.0, 1.0, 2)


@pytest.mark.parametrize("column", [np.empty(0), np.array([np.nan, np.nan])])
def test_nothing_defined_gives_nan(column):
    interval = bootstrap(column)
    assert np.isnan([interval.mean, interval.low, interval.high]).all()
    assert interval.n == 0
    assert not interval.is_above_zero


def test_columns_are_drawn_together():
    column = np.random.default_rng(0).random(50)
    one, double = bootstrap_columns(np.stack([column, 2 * column], axis=1))
    assert double.low == pytest.approx(2 * one.low)
    assert double.high == pytest.approx(2 * one.high)


def test_pairing_sees_a_small_steady_gain_that_two_intervals_would_hide():
    rng = np.random.default_rng(5)
    base = rng.random(300)
    better = base + 0.01 + 0.001 * rng.standard_normal(300)
    gain = paired_bootstrap(better, base)
    assert gain.is_above_zero
    assert bootstrap(better).low < bootstrap(base).high


def test_equal_models_differ_by_nothing():
    column = np.random.default_rng(0).random(20)
    assert paired_bootstrap(column, column).mean == 0.0


def test_pairs_must_be_aligned():
    with pytest.raises(InvalidRequest, match="same requests"):
        paired_bootstrap(np.zeros(3), np.zeros(4))


@pytest.mark.parametrize(("level", "resamples"), [(0.0, 10), (1.0, 10), (0.9, 0)])
def test_impossible_settings_are_told(level, resamples):
    with pytest.raises(InvalidRequest):
        bootstrap(np.zeros(3), level=level, resamples=resamples)
