"""What an item is, read from its row of the catalogue."""

import numpy as np
import polars as pl

from shopkeeper.data.dataset import ItemIndex
from shopkeeper.features.content import BUCKETS, Content
from shopkeeper.features.text import grams

TABLE = pl.DataFrame(
    {
        "item_id": ["a", "b", "c", "d"],
        "title": ["Green tea", "Black tea", None, "Cup"],
        "category": ["tea", "tea", "ware", None],
        "category2": ["one", "one", "one", "one"],
        "brand": ["x", "y", "x", "y"],
        "price": [1.0, 10.0, None, 100.0],
        "attributes": [None, '{"title_zh": "红茶", "aspects": ["fine"], "size": 3}', "[]", "{}"],
    }
)


def content(table=TABLE):
    return Content.of(ItemIndex.of(table["item_id"].to_list(), table))


def test_kinds_that_tell_items_apart_have_rows_of_their_own():
    found = content()
    category, brand, band = found.kinds.T
    assert category[0] == category[1] != category[2]
    assert category[3] == 0
    assert brand[0] == brand[2] != brand[1] == brand[3]
    assert band[2] == 0
    used = set(category[category > 0]), set(brand), set(band[band > 0])
    assert len(set.union(*used)) == sum(map(len, used))
    assert found.kinds.max() == found.n_kinds - 1


def test_prices_have_mean_0_and_deviation_1():
    np.testing.assert_allclose(content().price, [-np.sqrt(1.5), 0.0, 0.0, np.sqrt(1.5)], atol=1e-6)


def test_words_of_the_title_and_of_the_attributes():
    found = content().grams
    assert found[0].tolist() == grams(["Green tea"], BUCKETS)[0].tolist()
    assert found[1].tolist() == grams(["Black tea 红茶 fine"], BUCKETS)[0].tolist()
    assert found[2].tolist() == []


def test_a_catalogue_of_ids_alone():
    found = content(TABLE.select("item_id"))
    assert found.kinds.shape == (4, 1)
    assert not found.kinds.any()
    assert not found.price.any()
    assert found.grams.lengths.sum() == 0
    assert len(content(TABLE.select("item_id").head(0))) == 0


def test_one_price_for_all():
    found = content(TABLE.with_columns(price=pl.lit(5.0)))
    assert not found.price.any()
    assert len(set(found.kinds[:, -1])) == 1
