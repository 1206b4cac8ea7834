"""Likeness by the catalogue as it answers."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.encoders.base import unit
from shopkeeper.features.fields import Fields, joined
from shopkeeper.features.interests import InterestsConfig, interests, usual_likeness
from shopkeeper.recommenders.content import Content, ContentConfig, nearest
from shopkeeper.recommenders.files import matrix_arrays, write_state
from tests.recommenders.worlds import START, ask, everything, names, shop

VECTORS = unit(np.random.default_rng(2).normal(size=(12, 4)).astype(np.float32) + 0.5)
SHOP = shop([("u", "i02", 1), ("v", "i04", 1)])


def test_scores_are_those_of_the_formula():
    config = ContentConfig(recency=0.5, sharpness=2.0)
    model = Content(config).fit(SHOP)
    requests = ask(SHOP, [("i02", 1), ("i04", 2)])
    alike = joined(Fields.of(SHOP.items), config.weights).block(0, 12).astype(float)
    np.fill_diagonal(alike, 0.0)
    expected = 0.5 * alike[2] ** 2 + alike[4] ** 2
    np.testing.assert_allclose(
        model.score(requests, everything(requests, 12)), expected, rtol=1e-4, atol=1e-6
    )


def test_an_item_nobody_touched_is_found():
    assert names(SHOP, Content().fit(SHOP).recommend(ask(SHOP, [("i02", 1)]), 1)) == [["i03"]]


@pytest.mark.parametrize("cells", [12, 40, 10_000])
def test_the_nearest_are_those_of_sorting_every_row(cells, monkeypatch):
    monkeypatch.setattr("shopkeeper.recommenders.content._CELLS", cells)
    rng = np.random.default_rng(1)
    titles = ["".join(rng.choice(list("abcdef"), 8)) for _ in range(40)]
    catalogue = pl.DataFrame({c.ITEM_ID: [f"i{n:02}" for n in range(40)], c.TITLE: titles})
    items = type(SHOP.items).of([], catalogue)
    fields = joined(Fields.of(items), ContentConfig().weights)
    apart = rng.random(40) < 0.3
    found = nearest(fields, 5, apart, 2).toarray()
    alike = fields.block(0, 40)
    np.fill_diagonal(alike, 0.0)
    for row in range(40):
        least, least_apart = np.sort(alike[row])[-5], np.sort(alike[row] * apart)[-2]
        kept = (alike[row] > 0) & ((alike[row] >= least) | (apart & (alike[row] >= least_apart)))
        np.testing.assert_allclose(found[row], alike[row] * kept, rtol=1e-6)


def read(shop_):
    """The shop with titles that something reads."""
    return replace(shop_, items=replace(shop_.items, read=lambda: VECTORS))


def test_interests_are_added_as_the_formula_says(tmp_path):
    config = ContentConfig(interests=2.0, sharpness=2.0, half_life_days=5.0)
    world = read(SHOP)
    model = Content(config).fit(world)
    requests = ask(world, [("i02", 90), ("i04", 95), ("i07", 99)], [("i05", 99)], [])
    plain = Content(replace(config, interests=0.0)).fit(world).score(requests, everything(requests, 12))
    halves = VECTORS.astype(np.float16).astype(np.float32)
    liked = interests(
        requests.histories,
        np.full(3, START + 100 * DAY_MS),
        halves,
        world.weights,
        InterestsConfig(5.0, alike=usual_likeness(halves)),
    )
    found, expected = plain.reshape(3, 12), np.zeros((3, 12))
    for row in range(3):
        for item in range(12):
            if found[row, item] > 0:
                share = liked.weights[row] / liked.weights[row].sum()
                cosines = liked.vectors[row] @ halves[item]
                expected[row, item] = min(1.0, max(0.0, float((cosines * np.sqrt(share)).max()))) ** 2
    near = expected / np.maximum(expected.max(axis=1, keepdims=True), 1e-9)
    both = found / np.maximum(found.max(axis=1, keepdims=True), 1e-9) + 2.0 * near
    np.testing.assert_allclose(
        model.score(requests, everything(requests, 12)).reshape(3, 12), both, rtol=1e-4, atol=1e-6
    )
    model.save(tmp_path / "content")
    kept = Content.load(tmp_path / "content")
    np.testing.assert_array_equal(
        kept.score(requests, everything(requests, 12)), model.score(requests, everything(requests, 12))
    )


def test_models_from_before_interests_are_still_read(tmp_path):
    model = Content().fit(SHOP)
    old = {"words": 1.0, "kinds": 0.25, "meaning": 1.0, "sharpness": 3.0, "recency": 0.8, "seen": 1.0}
    write_state(tmp_path / "old", old, weights=model.weights_, **matrix_arrays(model.matrix_))
    requests = ask(SHOP, [("i02", 1)])
    before, after = (one.recommend(requests, 5).items for one in (model, Content.load(tmp_path / "old")))
    assert before.tolist() == after.tolist()
