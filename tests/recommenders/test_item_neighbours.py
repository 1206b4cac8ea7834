"""Item neighbours as they answer."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.recommenders.item_neighbours import ItemNeighbours, ItemNeighboursConfig
from tests.recommenders.worlds import ask, everybody, everything, names, shop
from tests.training.shops import chains

SHOP = chains(60)


@pytest.mark.parametrize("similarity", ["cosine", "jaccard", "log_likelihood"])
def test_scores_are_those_of_the_formula(similarity):
    model = ItemNeighbours(ItemNeighboursConfig(similarity=similarity, recency=0.5)).fit(SHOP)
    requests = ask(SHOP, [("i03", 1), ("i04", 2, "view_item"), ("i05", 3)])
    rows = model.matrix_.toarray()[SHOP.items.encode(["i03", "i04", "i05"])].astype(float)
    expected = np.array([0.25, 0.5 * 0.2, 1.0]) @ rows
    np.testing.assert_allclose(model.score(requests, everything(requests, 60)), expected, rtol=1e-5)
    assert (expected > 0).sum() > 5


def test_cosine_is_that_of_who_touched_what():
    dataset = shop([("u", "i01", 1), ("u", "i02", 2), ("v", "i01", 1), ("w", "i01", 1), ("w", "i03", 1)])
    model = ItemNeighbours(ItemNeighboursConfig(similarity="cosine", shrinkage=0.0)).fit(dataset)
    found = model.matrix_[[dataset.items.code("i01")]].toarray()[0]
    np.testing.assert_allclose(found[dataset.items.encode(["i02", "i03"])], 1 / np.sqrt(3), rtol=1e-6)
    assert found[dataset.items.code("i01")] == 0


def test_what_went_together_lately_counts_more():
    """Three took i02 with i01 long ago, two take i03 with it now."""
    old = [(p, i, 1) for p in "abc" for i in ("i01", "i02")]
    new = [(p, i, 90) for p in "xy" for i in ("i01", "i03")]
    dataset = shop(old + new)
    config = ItemNeighboursConfig(similarity="cosine")
    for half_life, first in ((0.0, "i02"), (10.0, "i03")):
        model = ItemNeighbours(replace(config, half_life=half_life)).fit(dataset)
        answer = model.similar(dataset.items.encode(["i01"]), 5)
        assert names(dataset, answer)[0][0] == first


def test_a_longer_history_is_heard_from_its_end():
    model = ItemNeighbours(ItemNeighboursConfig(recency=0.3)).fit(SHOP)
    late = ask(SHOP, [("i40", day) for day in range(20)] + [("i10", 30)])
    assert names(SHOP, model.recommend(late, 1)) == names(SHOP, model.recommend(ask(SHOP, [("i10", 30)]), 1))


def test_the_seen_can_be_left_out():
    model = ItemNeighbours(ItemNeighboursConfig(seen=0.0)).fit(SHOP)
    requests = everybody(SHOP)
    answer = model.recommend(requests, 60)
    for row in range(len(requests)):
        assert not set(answer.lists[row].tolist()) & set(requests.histories.known[row].tolist())
