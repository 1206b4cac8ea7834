"""Boosted trees on matrices whose rule is known."""

import numpy as np
import pytest

from shopkeeper.learners.boosting import AmountTrees, BinaryTrees, BoostingConfig, Grouped, RankingTrees

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


def test_yes_is_told_from_no_and_weights_count():
    rng = np.random.default_rng(6)
    matrix = rng.normal(size=(2_000, 3)).astype(np.float32)
    truth = rng.random(2_000) < np.where(matrix[:, 0] > 0, 0.8, 0.1)
    chance = 1 / (1 + np.exp(-BinaryTrees(CONFIG).fit(matrix, truth, NAMES).predict(matrix)))
    assert chance[matrix[:, 0] > 0.1].mean() == pytest.approx(0.8, abs=0.06)
    assert chance[matrix[:, 0] < -0.1].mean() == pytest.approx(0.1, abs=0.06)
    weights = np.where(truth, 10, 1).astype(np.float32)
    heavier = BinaryTrees(CONFIG).fit(matrix, truth, NAMES, weights=weights).predict(matrix)
    assert (1 / (1 + np.exp(-heavier))).mean() > chance.mean() + 0.2


def test_amounts_are_told_where_many_are_zero():
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(3_000, 3)).astype(np.float32)
    mean = np.where(matrix[:, 0] > 0, 20.0, 2.0)
    amounts = (rng.gamma(2.0, mean) * (rng.random(3_000) < 0.5)).astype(np.float32)
    told = np.exp(AmountTrees(CONFIG).fit(matrix, amounts, NAMES).predict(matrix))
    for side in (matrix[:, 0] > 0.1, matrix[:, 0] < -0.1):
        assert told[side].mean() == pytest.approx(amounts[side].mean(), rel=0.15)
