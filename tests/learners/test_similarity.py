"""Likeness of items against the plain formulas, whole and in blocks."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.learners import similarity
from shopkeeper.learners.similarity import nearest_items

NAMES = ("cosine", "jaccard", "log_likelihood")
worlds = st.tuples(st.integers(1, 9), st.integers(1, 8)).flatmap(
    lambda shape: st.lists(
        st.lists(st.sampled_from([0.0, 0.0, 0.2, 0.5, 1.0]), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


def cells(one, other):
    """The table of counts to expect: both, one alone, the other alone, neither."""
    pairs = list(zip(one, other, strict=True))
    return (
        sum(x * y for x, y in pairs),
        sum(x * (1 - y) for x, y in pairs),
        sum((1 - x) * y for x, y in pairs),
        sum((1 - x) * (1 - y) for x, y in pairs),
    )


def plain(name, one, other):
    """The formula of one pair, by its definition."""
    met = sum(x * y for x, y in zip(one, other, strict=True))
    own, others = sum(x * x for x in one), sum(y * y for y in other)
    if not met:
        return 0.0
    if name == "cosine":
        return met / sqrt(own * others)
    if name == "jaccard":
        return met / (own + others - met)
    a, b, c, d = cells(one, other)
    n = a + b + c + d
    if a * n <= (a + b) * (a + c):
        return 0.0
    chance = ((a + b) * (a + c), (a + b) * (b + d), (c + d) * (a + c), (c + d) * (b + d))
    return 2 * sum(k * log(k * n / e) for k, e in zip((a, b, c, d), chance, strict=True) if k > 1e-12)


def plain_table(name, rows, shrinkage):
    scale = max(max(row) for row in rows)
    columns = [[value / (scale or 1.0) for value in column] for column in zip(*rows, strict=True)]
    out = np.zeros((len(columns), len(columns)))
    for i, one in enumerate(columns):
        for j, other in enumerate(columns):
            met = sum(x * y for x, y in zip(one, other, strict=True))
            if i != j and met:
                out[i, j] = plain(name, one, other) * met / (met + shrinkage)
    return out


@pytest.mark.parametrize("name", NAMES)
@given(worlds, st.sampled_from([0.0, 2.5]), st.sampled_from([1, 7, 1 << 22]))
def test_likeness_is_that_of_the_formula(name, rows, shrinkage, block):
    past = sparse.csr_array(np.array(rows, np.float32))
    before, similarity._BLOCK = similarity._BLOCK, block
    try:
        found = nearest_items(past, name, shrinkage, 99).toarray()
    finally:
        similarity._BLOCK = before
    np.testing.assert_allclose(found, plain_table(name, rows, shrinkage), rtol=1e-4, atol=1e-5)


def test_counts_of_people_give_the_published_likelihood_ratio():
    """Dunning's "the swiss": 110 together, 2442 and 111 apart, 29114 neither."""
    rows = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [110, 2442, 111, 29114], axis=0)
    found = nearest_items(sparse.csr_array(rows.astype(np.float32)), "log_likelihood", 0.0, 5)
    assert found[0, 1] == found[1, 0] == pytest.approx(270.72, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_nearest_are_kept(name):
    rng = np.random.default_rng(0)
    past = sparse.csr_array((rng.random((80, 20)) < 0.3).astype(np.float32))
    whole, few = (nearest_items(past, name, 1.0, keep).toarray() for keep in (20, 3))
    assert (np.count_nonzero(few, axis=1) <= 3).all()
    for row in range(20):
        kept = few[row] > 0
        assert whole[row][~kept].max() <= whole[row][kept].min()
        np.testing.assert_array_equal(few[row][kept], whole[row][kept])
