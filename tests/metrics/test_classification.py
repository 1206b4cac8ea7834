import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.metrics.classification import (
    accuracy,
    auc,
    expected_calibration_error,
    gains,
    macro_f1,
    reliability,
)

cases = st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=50)


@given(cases)
def test_calibration_error_is_that_of_the_plain_formula(rows):
    confidence = np.array([c for c, _ in rows], np.float32)
    right = np.array([r for _, r in rows])
    total = 0.0
    for low in range(10):
        inside = [
            i
            for i, c in enumerate(confidence)
            if low <= np.float32(c * 10) < low + 1 or (low == 9 and c == 1)
        ]
        if inside:
            gap = np.mean(right[inside]) - np.mean(confidence[inside])
            total += len(inside) / len(rows) * abs(gap)
    assert expected_calibration_error(confidence, right) == pytest.approx(total, abs=1e-5)


def test_figures_of_labels():
    truth, told = ["a", "a", "b", "c"], ["a", "b", "b", "d"]
    assert accuracy(truth, told) == 0.5
    assert macro_f1(truth, told) == pytest.approx((2 / 3 + 2 / 3 + 0 + 0) / 4)


def test_figures_of_nothing_are_not_defined():
    assert np.isnan(
        [
            accuracy([], []),
            macro_f1([], []),
            expected_calibration_error(np.ones(0, np.float32), np.ones(0, bool)),
        ]
    ).all()


@given(cases)
def test_auc_is_the_share_of_pairs_in_order(rows):
    scores, truth = np.array([c for c, _ in rows]), np.array([r for _, r in rows])
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[truth] for b in scores[~truth]]
    expected = float(np.mean(pairs)) if pairs else float("nan")
    assert auc(scores, truth) == pytest.approx(expected, nan_ok=True)


@given(cases)
def test_reliability_and_its_error_agree(rows):
    told, truth = np.array([c for c, _ in rows]), np.array([r for _, r in rows])
    points = reliability(told, truth)
    assert points.cases.sum() == len(rows)
    gaps = np.nansum(points.cases * np.abs(points.told - points.came)) / len(rows)
    assert expected_calibration_error(told, truth) == pytest.approx(gaps, abs=1e-9)


@given(cases.filter(lambda rows: any(right for _, right in rows)), st.randoms())
def test_gains_end_at_everything_and_do_not_depend_on_the_order(rows, random):
    def chart(cases):
        return gains(np.array([c for c, _ in cases]), np.array([r for _, r in cases]), 7)

    first = chart(rows)
    assert first.gain[-1] == pytest.approx(1)
    assert first.lift[-1] == pytest.approx(1)
    assert (np.diff(first.gain) >= -1e-12).all()
    random.shuffle(rows)
    np.testing.assert_allclose(chart(rows).gain, first.gain)


def test_gains_of_a_perfect_order():
    scores, truth = np.arange(10.0), np.arange(10) >= 8
    np.testing.assert_allclose(gains(scores, truth, 5).lift, [5, 2.5, 5 / 3, 1.25, 1])
