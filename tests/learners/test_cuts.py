"""Moments of histories, against a loop over people."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.learners.cuts import Cuts, batch_size, fading, unit
from tests.recommenders.worlds import shop, shops


def plain(dataset, before, after, most, first):
    """(rows before, rows from then on) of the last ``most`` moments of each person."""
    out = []
    for person in range(len(dataset.people)):
        rows = [row for row in range(len(dataset)) if dataset.person[row] == person]
        times = sorted({int(dataset.time[row]) for row in rows})
        for moment in times[0 if first else 1 :][-most:]:
            past = [row for row in rows if dataset.time[row] < moment][-before:]
            out.append((past, [row for row in rows if dataset.time[row] >= moment][:after]))
    return out


@given(shops, st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.booleans())
def test_moments_are_those_of_a_loop(dataset, before, after, most, first):
    cuts = Cuts.of(dataset, before, after, most, first=first)
    (past, low), (future, high) = cuts.past, cuts.future
    found = [
        (past[low[i] : low[i + 1]].tolist(), future[high[i] : high[i + 1]].tolist()) for i in range(len(cuts))
    ]
    assert found == plain(dataset, before, after, most, first)


def test_the_past_can_be_forgotten():
    dataset = shop([("u", "i01", 1), ("u", "i02", 2), ("u", "i03", 3)])
    past, offsets = Cuts.of(dataset, 5, 5, 5).forgetting(np.array([True, False])).past
    assert past.tolist() == [0, 1]
    assert offsets.tolist() == [0, 0, 2]


def test_weights_fade_with_every_event_since():
    offsets, weights = np.array([0, 3, 3, 5]), np.array([1, 1, 2, 1, 4], np.float32)
    np.testing.assert_allclose(fading(offsets, weights, 0.5), [0.25, 0.5, 2, 0.5, 4])


def test_rows_of_length_one():
    offsets = np.array([0, 2, 2, 4])
    np.testing.assert_allclose(unit(np.array([3, 4, 0, 0], np.float32), offsets), [0.6, 0.8, 0, 0])


def test_few_examples_make_small_batches():
    assert batch_size(10, 256) == 16
    assert batch_size(1_600, 256) == 100
    assert batch_size(10**6, 256) == 256
