"""A projection against its formula, and what it learns."""

import numpy as np
import pytest

from shopkeeper.encoders.base import unit
from shopkeeper.learners import contrastive
from shopkeeper.learners.contrastive import ContrastiveConfig, learn_projection, taken_together
from tests.recommenders.worlds import shop

RNG = np.random.default_rng(0)


def drawn(n, dim, seed=0):
    return unit(np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32))


def plain_loss(matrix, x, y, names, popular, t):
    """The module's formula, one pair at a time."""
    total = 0.0
    for i in range(len(x)):
        scores = {}
        for j in range(len(y)):
            if j == i or names[j] != names[i]:
                a, b = x[i] @ matrix, y[j] @ matrix
                scores[j] = a @ b / np.linalg.norm(a) / np.linalg.norm(b) / t - popular[j]
        total -= scores[i] - np.log(np.exp(list(scores.values())).sum())
    return total / len(x)


def test_the_gradient_is_that_of_the_formula():
    x, y = (drawn(6, 4, seed) for seed in (1, 2))
    matrix = (np.eye(4) + 0.1 * RNG.standard_normal((4, 4))).astype(np.float32)
    names = np.array([0, 1, 2, 1, 3, 4], np.int32)
    popular = np.log(RNG.random(6)).astype(np.float32)
    found = contrastive._gradient(matrix, x, y, names, popular, 0.5)
    for place in np.ndindex(4, 4):
        step = np.zeros((4, 4))
        step[place] = 1e-5
        rise = plain_loss(matrix + step, x, y, names, popular, 0.5) - plain_loss(
            matrix - step, x, y, names, popular, 0.5
        )
        assert found[place] == pytest.approx(rise / 2e-5, abs=1e-3)


def test_what_is_taken_together_comes_nearer():
    # Half of the numbers say what goes together, the other half what an item is called.
    kinds = RNG.integers(20, size=400)
    vectors = unit(np.hstack([drawn(20, 8, 3)[kinds], 2 * drawn(400, 8, 4)]).astype(np.float32))
    one = RNG.integers(400, size=4_000).astype(np.int32)
    other = np.array([RNG.choice(np.flatnonzero(kinds == kinds[item])) for item in one], np.int32)
    learned = learn_projection(vectors, vectors, (one, other), ContrastiveConfig(batch=128, rate=1e-2)).of(
        vectors
    )

    def share(rows):
        alike = rows @ rows.T
        np.fill_diagonal(alike, -1)
        return np.mean(kinds[np.argsort(-alike, axis=1)[:, :10]] == kinds[:, None])

    assert share(learned) > 1.5 * share(vectors)


def test_without_enough_pairs_nothing_changes():
    vectors = drawn(10, 4)
    vectors[3] = 0.0
    few = learn_projection(vectors, vectors, (np.zeros(5, np.int32), np.ones(5, np.int32)))
    np.testing.assert_allclose(few.of(vectors), vectors, atol=1e-6)
    unsaid = learn_projection(vectors, vectors, (np.full(2_000, 3, np.int32), np.ones(2_000, np.int32)))
    assert (unsaid.matrix == np.eye(4)).all()


def test_the_same_seed_learns_the_same():
    vectors, pairs = drawn(50, 4), tuple(RNG.integers(50, size=(2, 2_000)).astype(np.int32))
    one, other = (learn_projection(vectors, vectors, pairs, ContrastiveConfig(batch=64)) for _ in range(2))
    assert (one.matrix == other.matrix).all()


def test_pairs_are_of_one_person_and_of_two_items():
    dataset = shop([("u", "i01", 1), ("u", "i02", 2), ("u", "i02", 3), ("v", "i03", 4), ("v", "i01", 5)])
    found = set(zip(*(part.tolist() for part in taken_together(dataset)), strict=True))
    assert found == {(1, 2), (3, 1)}
