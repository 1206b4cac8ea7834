"""Likeness by the catalogue as it answers."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.features.fields import Fields, joined
from shopkeeper.recommenders.content import Content, ContentConfig, nearest
from tests.recommenders.worlds import ask, everything, names, shop

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
