"""Trees as tables against LightGBM, which walks down them."""

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.learners.tree_tables import TreeTables

CODES = 70
"""More than one word of LightGBM's sets of codes holds."""


def rows(rng, n):
    """Two columns of numbers, of which the second is sometimes unknown, one of few values, and codes."""
    matrix = rng.normal(size=(n, 4)).astype(np.float32)
    matrix[rng.random(n) < 0.3, 1] = np.nan
    matrix[:, 2] = rng.integers(0, 3, n)
    matrix[:, 3] = rng.integers(0, CODES, n)
    return matrix


def grown(seed, leaves, n=600, trees=12):
    rng = np.random.default_rng(seed)
    matrix = rows(rng, n)
    told = np.nan_to_num(matrix[:, 1]) + (matrix[:, 3] % 7 > 3) + matrix[:, 2] * matrix[:, 0]
    data = lgb.Dataset(matrix, told, categorical_feature=[3], params={"verbosity": -1})
    parameters = {"num_leaves": leaves, "min_data_in_leaf": 5, "verbosity": -1, "seed": seed}
    return lgb.train(parameters, data, trees)


def tables_of(booster):
    tables = TreeTables.of_text(booster.model_to_string())
    assert tables is not None
    return tables


def odd(rng, n):
    """Rows with values that training never saw: unknown ones, codes out of range, infinities, thresholds."""
    matrix = rows(rng, n)
    matrix[rng.random((n, 4)) < 0.2] = np.nan
    matrix[rng.random((n, 4)) < 0.1] = 0.0
    matrix[rng.random(n) < 0.2, 3] = rng.choice([-1, CODES, 10_000, 2.5])
    matrix[rng.random(n) < 0.1, 0] = np.inf
    return matrix


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from([1, 2, 60, 700]))
def test_sums_are_those_of_lightgbm_to_the_last_bit(seed, leaves, n):
    booster = grown(seed % 5, leaves)
    tables = tables_of(booster)
    matrix = odd(np.random.default_rng(seed), n)
    np.testing.assert_array_equal(tables.predict(matrix), booster.predict(matrix, raw_score=True))


def test_values_on_a_threshold_go_where_lightgbm_sends_them():
    booster = grown(0, 8)
    tables = tables_of(booster)
    edges = tables.thresholds[np.isfinite(tables.thresholds)]
    for near in (edges, np.nextafter(edges, np.float32(np.inf)), np.nextafter(edges, np.float32(-np.inf))):
        matrix = np.repeat(near[:, None], 4, axis=1)
        np.testing.assert_array_equal(tables.predict(matrix), booster.predict(matrix, raw_score=True))


def test_nothing_is_asked_of_no_rows():
    tables = tables_of(grown(0, 8))
    assert tables.predict(np.empty((0, 4), np.float32)).shape == (0,)


def test_a_tree_that_never_splits_is_a_number():
    flat = lgb.Dataset(np.ones((50, 2)), np.full(50, 3.0), params={"verbosity": -1})
    booster = lgb.train({"verbosity": -1, "num_leaves": 8}, flat, 3)
    tables = tables_of(booster)
    asked = np.ones((2, 2), np.float32)
    np.testing.assert_array_equal(tables.predict(asked), booster.predict(asked, raw_score=True))


@pytest.mark.parametrize("leaves", [16, 31])
def test_larger_trees_are_left_to_lightgbm(leaves):
    assert TreeTables.of_text(grown(0, leaves, n=3000).model_to_string()) is None
