"""Likeness by the catalogue as it answers."""

from dataclasses import replace

import numpy as np

from shopkeeper.data.dataset import ItemIndex
from shopkeeper.encoders.base import unit
from shopkeeper.features.fields import Fields, joined
from shopkeeper.recommenders.content import Content, ContentConfig, adaptation
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
    whole = Content().fit_fields(SHOP, fields, None).matrix_.toarray()
    some = Content().fit_fields(SHOP, fields, None, np.array([2, 7])).matrix_.toarray()
    assert (some[[2, 7]] == whole[[2, 7]]).all()
    assert not np.delete(some, [2, 7], 0).any()


def test_how_much_was_found_is_kept(tmp_path):
    model = Content().fit(SHOP)
    model.recall_ = 0.75
    model.save(tmp_path)
    assert Content.load(tmp_path).recall_ == 0.75


def readable_shop():
    """Items that are taken by fives, whose vectors tell the fives in their weaker half."""
    rng = np.random.default_rng(0)
    ids = [f"i{place:02}" for place in range(60)]
    rows = [
        (f"p{person}", ids[5 * five + place], step)
        for person, five in enumerate(rng.integers(12, size=2_000))
        for step, place in enumerate(rng.permutation(5))
    ]
    fives, own = rng.standard_normal((12, 8)), rng.standard_normal((60, 8))
    vectors = unit(np.hstack([np.repeat(fives, 5, axis=0), 2 * own]).astype(np.float32))
    dataset = shop(rows, ids)
    return replace(dataset, items=ItemIndex(dataset.items.ids, dataset.items.table, lambda: vectors))


def test_meaning_adapts_to_what_is_taken_together_and_is_kept(tmp_path):
    dataset = readable_shop()
    config = ContentConfig(words=0.0, kinds=0.0, meaning=0.0, adapted=1.0, neighbours=4)
    model = Content(config).fit(dataset)
    plain = Content(replace(config, meaning=1.0, adapted=0.0)).fit(dataset)

    def share(content):
        rows, columns = content.matrix_.nonzero()
        return np.mean(rows // 5 == columns // 5)

    assert share(model) > 1.3 * share(plain)
    assert plain.projection_ is None
    model.save(tmp_path)
    kept = Content.load(tmp_path).projection_
    assert kept is not None
    assert model.projection_ is not None
    assert (kept.matrix == model.projection_.matrix).all()


def test_what_is_not_read_does_not_adapt():
    assert adaptation(SHOP, Fields.of(SHOP.items)) is None
    assert len(Content(ContentConfig(adapted=1.0)).fit(SHOP).similar(np.array([2]), 1).items) == 1
