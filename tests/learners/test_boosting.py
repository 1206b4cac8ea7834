"""Boosted trees on matrices whose rule is known."""

import numpy as np
import pytest

from shopkeeper.learners.boosting import BoostingConfig, Grouped, RankingTrees

NAMES = ("rule", "noise", "code")
CONFIG = BoostingConfig(trees=20, rate=0.3, leaves=4, least_in_leaf=5)


def groups(n, seed):
    """Groups of ten rows; the one with the highest first column is right."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n * 10, 3)).astype(np.float32)
    matrix[:, 2] = rng.integers(0, 3, n * 10)
    right = np.zeros((n, 10), bool)
    right[np.arange(n), matrix[:, 0].reshape(n, 10).argmax(axis=1)] = True
    return Grouped(matrix, right.ravel(), np.full(n, 10, np.int64))


@pytest.fixture(scope="module")
def trees():
    return RankingTrees(CONFIG).fit(groups(120, 0), NAMES, ["code"])


def test_what_is_right_comes_first(trees):
    asked = groups(50, 2)
    first = trees.predict(asked.matrix).reshape(50, 10).argmax(axis=1)
    assert asked.right.reshape(50, 10)[np.arange(50), first].mean() > 0.7
    assert max(trees.gains, key=trees.gains.get) == "rule"


def test_same_data_give_the_same_trees(trees):
    again = RankingTrees(CONFIG).fit(groups(120, 0), NAMES, ["code"])
    matrix = groups(5, 3).matrix
    np.testing.assert_array_equal(again.predict(matrix), trees.predict(matrix))


def test_one_row_is_predicted_as_among_many(trees):
    matrix = groups(3, 3).matrix
    matrix[::4, 0] = np.nan
    alone = [trees.predict(row[None])[0] for row in matrix]
    np.testing.assert_array_equal(alone, trees.predict(matrix))


def test_contributions_sum_to_the_prediction(trees):
    matrix = groups(3, 4).matrix
    parts = trees.contributions(matrix)
    assert parts.shape == (30, 4)
    np.testing.assert_allclose(parts.sum(axis=1), trees.predict(matrix), rtol=1e-5, atol=1e-5)
    assert np.abs(parts[:, 0]).sum() > np.abs(parts[:, 1:3]).sum()


def test_text_keeps_everything(trees, tmp_path):
    trees.save(tmp_path / "trees.txt")
    matrix = groups(5, 5).matrix
    np.testing.assert_array_equal(
        RankingTrees.load(tmp_path / "trees.txt").predict(matrix), trees.predict(matrix)
    )
    assert (tmp_path / "trees.txt").read_text("utf-8").startswith("tree\n")


def test_nothing_is_predicted_before_learning():
    with pytest.raises(RuntimeError, match="grown"):
        RankingTrees().predict(groups(1, 0).matrix)
