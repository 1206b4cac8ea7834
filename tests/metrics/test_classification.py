import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.metrics.classification import accuracy, expected_calibration_error, macro_f1

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
