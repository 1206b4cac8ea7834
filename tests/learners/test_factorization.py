"""The factorization machine against the plain double sum, finite differences, and crosses that are there."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.learners.factorization import (
    Descending,
    Machine,
    learn_logistic,
    learn_matching,
    softmax_slopes,
)


def rows_of(rng, n, features, density=0.4):
    dense = rng.normal(size=(n, features)) * (rng.random((n, features)) < density)
    return sparse.csr_array(dense.astype(np.float32))


def plain(machine, row):
    """Rendle's first line: every pair of features."""
    linear = machine.bias + sum(weight * x for weight, x in zip(machine.weights, row, strict=True))
    pairs = combinations(range(len(row)), 2)
    return linear + sum(machine.vectors[f] @ machine.vectors[g] * row[f] * row[g] for f, g in pairs)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.integers(1, 8), st.integers(1, 6))
def test_the_fast_sum_is_the_double_sum(seed, features, dim):
    rng = np.random.default_rng(seed)
    parts: Any = (rng.normal(size=features), rng.normal(size=(features, dim)))
    machine = Machine(0.7, *parts)
    rows = rows_of(rng, 5, features)
    expected = [plain(machine, row) for row in rows.toarray()]
    np.testing.assert_allclose(machine.scores(rows), expected, rtol=1e-4, atol=1e-4)


def test_gradients_are_finite_differences():
    rng = np.random.default_rng(1)
    rows: Any = rows_of(rng, 7, 5).astype(float)
    slopes: Any = rng.normal(size=7)
    start: Any = (rng.normal(size=5), rng.normal(size=(5, 3)))
    machine = Machine(0.2, *start)

    def loss(step, which, place):
        parts: Any = [np.array(machine.bias), machine.weights.copy(), machine.vectors.copy()]
        parts[which][place] += step
        dense = rows.toarray()
        return slopes @ np.array([plain(Machine(*parts), row) for row in dense])

    found = machine.gradients(rows, slopes)
    every: Any = [[()], np.ndindex(5), np.ndindex(5, 3)]
    for which, places in enumerate(every):
        for place in places:
            expected = (loss(1e-5, which, place) - loss(-1e-5, which, place)) / 2e-5
            np.testing.assert_allclose(np.asarray(found[which])[place], expected, rtol=1e-5, atol=1e-7)


def test_softmax_slopes_are_finite_differences():
    rng = np.random.default_rng(2)
    own, rest = np.array([0, 3, 3, 1]), np.array([1, 2, 4])
    expected: Any = np.log([0.5, 2.0, 1.0])
    parts: Any = [rng.normal(size=(4, 3)), rng.normal(size=(5, 3)), rng.normal(size=5)]

    def loss(people, things, bias):
        total = 0.0
        for person, chosen in zip(people, own, strict=True):
            right = person @ things[chosen] + bias[chosen]
            others = [
                person @ things[thing] + bias[thing] - log
                for thing, log in zip(rest, expected, strict=True)
                if thing != chosen
            ]
            total += np.log(np.exp([right, *others]).sum()) - right
        return total / len(people)

    found = softmax_slopes(parts[0], parts[1], parts[2], own, rest, expected)
    for which, part in enumerate(parts):
        for place in np.ndindex(part.shape):
            both = []
            for step in (1e-5, -1e-5):
                moved = [value.copy() for value in parts]
                moved[which][place] += step
                both.append(loss(*moved))
            np.testing.assert_allclose(found[which][place], (both[0] - both[1]) / 2e-5, rtol=1e-4, atol=1e-7)


def test_a_cross_that_no_weight_can_tell_is_found():
    """A click follows from two features together, exclusive or; each alone says nothing."""
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 2, (2000, 2))
    rows = sparse.csr_array(np.eye(2, dtype=np.float32)[codes].reshape(2000, 4))
    labels = (codes[:, 0] ^ codes[:, 1]).astype(np.float32)
    machine = learn_logistic(rows, labels, Descending(dim=4, batch=100, epochs=10))
    right = (machine.scores(rows) > 0) == (labels > 0)
    assert right.mean() > 0.99


def test_matching_learns_who_takes_what():
    rng = np.random.default_rng(4)
    who = rng.integers(0, 3, 1500)
    chosen = (4 * who + rng.integers(0, 4, 1500)).astype(np.int32)
    right = sparse.csr_array(np.eye(12, dtype=np.float32))
    left = sparse.csr_array(np.eye(3, dtype=np.float32)[who])
    machine = learn_matching(lambda rows: left[rows], chosen, right, 3, Descending(dim=4, batch=100, drawn=8))
    scores = machine.vectors[:3] @ machine.vectors[3:].T + machine.weights[3:]
    best = np.argsort(-scores, axis=1)[:, :4]
    assert [set(row) for row in best.tolist()] == [{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}]


def test_learning_is_repeatable_and_can_be_ended():
    rng = np.random.default_rng(5)
    rows, labels = rows_of(rng, 200, 6), (rng.random(200) < 0.5).astype(np.float32)
    one, other = (learn_logistic(rows, labels, Descending(epochs=2)) for _ in range(2))
    assert np.array_equal(one.vectors, other.vectors)
    passes = []

    def watch(machine):
        passes.append(machine)
        return len(passes) < 3

    chosen = rng.integers(0, 6, 200).astype(np.int32)
    right = sparse.csr_array(np.eye(6, dtype=np.float32))
    learn_matching(lambda part: rows[part], chosen, right, 6, Descending(epochs=9, batch=50), watch)
    assert len(passes) == 3


def test_what_is_told_of_things_is_where_they_start():
    told = np.repeat(np.random.default_rng(6).standard_normal((2, 5)).astype(np.float32), 3, axis=0)
    things = sparse.csr_array(np.eye(6, dtype=np.float32))
    how = Descending(dim=4, epochs=0, drawn=2)
    machine = learn_matching(
        lambda rows: things[rows], np.arange(6, dtype=np.int32), things, 6, how, told=told
    )
    likeness = machine.vectors[:6] @ machine.vectors[6:].T
    assert np.array_equal(likeness > 0, told @ told.T > (told @ told.T).mean())
    assert not machine.weights.any()


@pytest.mark.parametrize("n", [0, 1])
def test_next_to_nothing_to_learn_from(n):
    rows = sparse.csr_array(np.ones((n, 2), np.float32))
    assert np.isfinite(learn_logistic(rows, np.ones(n, np.float32), Descending()).vectors).all()
    right = sparse.csr_array(np.eye(1, dtype=np.float32))
    chosen = np.zeros(n, np.int32)
    machine = learn_matching(lambda part: rows[part], chosen, right, 2, Descending(drawn=4))
    assert np.isfinite(machine.vectors).all()
