import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.errors import InvalidQuery, InvalidRequest, NotFound
from shopkeeper.surfaces.query import Bounds, read_query
from tests.surfaces import stock


@pytest.mark.parametrize(
    ("typed", "words", "low", "high"),
    [
        ("tea under 50", "tea", None, 50),
        ("Tea Under $4.50 green", "tea green", None, 4.5),
        ("boots between 20 and 50 dollars", "boots", 20, 50),
        ("boots from $50 to $20", "boots", 20, 50),
        ("lamp over 30 euros", "lamp", 30, None),
        ("under 9", "", None, 9),
        ("100元以下毛巾", "毛巾", None, 100),
        ("100以内的毛巾", "的毛巾", None, 100),
        ("50到100元的杯子", "的杯子", 50, 100),
        ("200元以上 被子", "被子", 200, None),
        ("不超过30块的杯子", "的杯子", None, 30),
        ("pillow under 50 cm", "pillow under 50 cm", None, None),
        ("toys over 3", "toys over 3", None, None),
        ("3岁以下玩具", "3岁以下玩具", None, None),
        ("15寸以上电脑", "15寸以上电脑", None, None),
        ("thunder 50", "thunder 50", None, None),
        ("under the sea", "under the sea", None, None),
        ("iphone 15", "iphone 15", None, None),
    ],
)
def test_clear_prices_become_bounds(typed, words, low, high):
    wanted = read_query(typed)
    assert wanted.words.lower().split() == words.split()
    assert (wanted.bounds.min_price, wanted.bounds.max_price) == (low, high)
    assert wanted.names_prices_only == (words == "")


def test_the_tighter_bound_counts():
    bounds = read_query("tea under 50", Bounds(min_price=5, max_price=20)).bounds
    assert (bounds.min_price, bounds.max_price) == (5, 20)
    assert read_query("tea under 10", Bounds(max_price=20)).bounds.max_price == 10


@pytest.mark.parametrize("typed", ["", " \n", "x" * 501])
def test_empty_and_long_queries_are_refused_with_the_rule(typed):
    with pytest.raises(InvalidQuery, match="1 to 500"):
        read_query(typed)
    assert read_query("x" * 500).words == "x" * 500


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(min_price=-1),
        Bounds(max_price=float("nan")),
        Bounds(max_price=float("inf")),
        Bounds(None, None, 2, 1),
    ],
)
def test_bounds_that_break_their_rule_are_refused(bounds):
    with pytest.raises(InvalidRequest, match="_price"):
        read_query("tea", bounds)


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=500))
def test_any_other_text_is_a_query(typed):
    if typed.strip():
        assert read_query(typed).typed == typed


def test_within_is_what_each_bound_says():
    goods = stock.assortment(stock.catalogue().to_dicts())
    bounds = Bounds("Category 2", "House", 4.0, 12.0, in_stock=True)
    wanted = [
        goods.category[i] == 2
        and goods.texts["brand"][i] == "House"
        and 4 <= goods.prices[i] <= 12
        and bool(goods.in_stock[i])
        for i in range(len(goods))
    ]
    assert bounds.within(goods).tolist() == wanted
    assert any(wanted)
    assert Bounds().within(goods).all()
    with pytest.raises(NotFound):
        Bounds(category="Nothing").within(goods)
