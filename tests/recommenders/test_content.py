"""Likeness by the catalogue as it answers."""

import numpy as np

from shopkeeper.features.fields import Fields, joined
from shopkeeper.recommenders.content import Content, ContentConfig
from tests.recommenders.worlds import ask, everything, names, shop

SHOP = shop([("u", "i02", 1), ("v", "i04", 1)])


def test_scores_are_those_of_the_formula():
    config = ContentConfig(recency=0.5, sharpness=2.0)
    model = Content(config).fit(SHOP)
    requests = ask(SHOP, [("i02", 1), ("i04", 2)])
    alike = joined(Fields.of(SHOP.items), config.weights).block(np.arange(12)).astype(float)
    np.fill_diagonal(alike, 0.0)
    expected = 0.5 * alike[2] ** 2 + alike[4] ** 2
    np.testing.assert_allclose(
        model.score(requests, everything(requests, 12)), expected, rtol=1e-4, atol=1e-6
    )


def test_an_item_nobody_touched_is_found():
    assert names(SHOP, Content().fit(SHOP).recommend(ask(SHOP, [("i02", 1)]), 1)) == [["i03"]]


def test_only_the_items_asked_for_know_others_and_what_they_know_is_the_same():
    fields = Fields.of(SHOP.items)
    whole = Content().fit_fields(SHOP, fields).matrix_.toarray()
    some = Content().fit_fields(SHOP, fields, np.array([2, 7])).matrix_.toarray()
    assert (some[[2, 7]] == whole[[2, 7]]).all()
    assert not np.delete(some, [2, 7], 0).any()


def test_how_much_was_found_is_kept(tmp_path):
    model = Content().fit(SHOP)
    model.recall_ = 0.75
    model.save(tmp_path)
    assert Content.load(tmp_path).recall_ == 0.75
