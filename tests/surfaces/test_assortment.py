import math

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import NotFound, UnknownItem
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.surfaces.assortment import lay_out
from tests.surfaces.stock import assortment

THEN = pl.DataFrame(
    [
        {c.ITEM_ID: "b", c.TITLE: "Old b", c.PRICE: 1.0, c.CATEGORY: "X"},
        {c.ITEM_ID: "d", c.TITLE: "Gone d", c.PRICE: 4.0, c.CATEGORY: "Y"},
    ]
)
LIVE = pl.DataFrame(
    [
        {c.ITEM_ID: "a", c.TITLE: "New a", c.PRICE: 9.0, c.CATEGORY: "Z"},
        {c.ITEM_ID: "b", c.TITLE: "New b", c.PRICE: None, c.CATEGORY: "X"},
    ]
)


def test_codes_of_the_model_come_first_and_the_live_catalogue_wins():
    stock = lay_out(ItemIndex.of(["c"], THEN), LIVE, currency="EUR")
    assert stock.ids == ("b", "c", "d", "a")
    assert stock.known == 3
    assert [stock.title(code) for code in range(4)] == ["New b", "Item c", "Gone d", "New a"]
    assert stock.card(0).price is None
    assert stock.card(2).price == 4.0
    assert stock.categories == ("X", "Y", "Z")
    assert stock.category.tolist() == [0, -1, 1, 2]


def test_before_the_first_training_everything_is_newer_than_the_model():
    stock = lay_out(ItemIndex.of([]), LIVE, currency="EUR")
    assert (stock.ids, stock.known) == (("a", "b"), 0)


def test_a_shop_without_a_catalogue_shows_ids():
    stock = lay_out(ItemIndex.of(["x"]), LIVE.clear(), currency="EUR")
    card = stock.card(0)
    assert (card.title, card.title_zh, card.price, card.currency, card.in_stock) == (
        "Item x",
        "Item x",
        None,
        "EUR",
        True,
    )


@pytest.mark.parametrize(
    ("attributes", "title"),
    [
        ('{"title_zh": "牛奶"}', "牛奶"),
        ('{"title_zh": 3}', "Milk"),
        ("not json title_zh", "Milk"),
        (None, "Milk"),
        ("[]", "Milk"),
        ('["title_zh"]', "Milk"),
    ],
)
def test_chinese_title_comes_from_the_attributes(attributes, title):
    stock = assortment([{c.ITEM_ID: "a", c.TITLE: "Milk", c.ATTRIBUTES: attributes}])
    assert stock.card(0).title_zh == title


def test_unknown_names_are_told():
    stock = assortment([{c.ITEM_ID: "a", c.TITLE: "Milk", c.CATEGORY: "Dairy"}])
    assert stock.category_code("Dairy") == stock.code("a") == 0
    for name in ("", "A", "Dairy ", "Z"):
        with pytest.raises(NotFound, match="category"):
            stock.category_code(name)
    with pytest.raises(UnknownItem, match="item_id"):
        stock.code("b")


def test_unknown_price_is_none_and_a_price_is_exact_enough():
    stock = assortment([{c.ITEM_ID: "a", c.PRICE: 3.49}, {c.ITEM_ID: "b", c.PRICE: None}])
    assert stock.card(0).price == 3.49
    assert stock.card(1).price is None
    assert math.isnan(stock.prices[1])


@pytest.mark.parametrize(
    ("attributes", "is_reserved"),
    [
        ('{"age_restricted": true}', True),
        ('{"discreet": true}', True),
        ('{"age_restricted": false}', False),
        ('{"age_restricted": "yes"}', False),
        ("not json age_restricted", False),
        ('["age_restricted"]', False),
        (None, False),
    ],
)
def test_what_is_reserved_may_be_looked_at_but_is_not_offered(attributes, is_reserved):
    stock = assortment([{c.ITEM_ID: "a", c.TITLE: "Beer", c.ATTRIBUTES: attributes}])
    assert (bool(stock.reserved[0]), bool(stock.offered[0])) == (is_reserved, not is_reserved)
    assert stock.showable[0]
