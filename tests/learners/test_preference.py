"""Pairs of what was taken and left."""

import numpy as np

from shopkeeper.learners.preference import Preference


def choices(n=300, seed=0):
    """Each person could take three things; the first column decides, the second is the person's own."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(n), 3)
    matrix = np.column_stack([rng.normal(size=3 * n), rng.normal(size=n)[person]]).astype(np.float32)
    taken = np.zeros(3 * n, bool)
    for one in range(n):
        own = np.flatnonzero(person == one)
        odds = np.exp(2 * matrix[own, 0])
        taken[rng.choice(own, p=odds / odds.sum())] = True
    return matrix, taken, person


def test_what_decides_is_found_and_what_is_the_same_cancels_out():
    matrix, taken, person = choices()
    line = Preference.fit(matrix, taken, person, 10.0)
    assert line is not None
    assert 1.5 < line.weights[0] < 2.5
    assert line.weights[1] == 0
    np.testing.assert_allclose(line.score(np.array([[3.0, 5.0]], np.float32)), 3 * line.weights[0])


def test_the_order_of_rows_and_people_is_no_matter():
    matrix, taken, person = choices(40)
    order = np.random.default_rng(1).permutation(len(person))
    one = Preference.fit(matrix, taken, person, 1.0)
    other = Preference.fit(matrix[order], taken[order], 100 - person[order], 1.0)
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-3, atol=1e-5)


def test_nobody_who_had_a_choice_says_nothing():
    matrix, _, person = choices(4)
    assert Preference.fit(matrix, np.zeros(12, bool), person, 1.0) is None
    assert Preference.fit(matrix, np.ones(12, bool), person, 1.0) is None


def test_columns_that_do_not_tell_are_not_heard():
    matrix, taken, person = choices(60)
    noise = np.random.default_rng(2).normal(size=(len(matrix), 30)).astype(np.float32)
    doubtful = np.arange(32) >= 2
    both = Preference.fit(np.hstack([matrix, noise]), taken, person, 10.0, doubtful)
    assert both is not None
    assert not both.weights[doubtful].any()
    assert both.weights[0] > 0
    telling = Preference.fit(matrix, taken, person, 10.0, np.array([True, False]))
    assert telling is not None
    assert telling.weights[0] > 0
