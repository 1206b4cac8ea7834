"""Item statistics against a walk through the events of each item."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from shopkeeper.core.types import DAY_MS
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.features.items import NAMES, UNKNOWN, ItemTable
from tests.recommenders import worlds
from tests.recommenders.worlds import ITEMS, shop


def with_catalogue(dataset, **columns):
    """The same events over a catalogue that tells more of its items."""
    table = dataset.items.table.with_columns(**{name: pl.Series(values) for name, values in columns.items()})
    return replace(dataset, items=ItemIndex(dataset.items.ids, table))


def events_within(dataset, days, items):
    """Events of these items in the last days."""
    ages = (dataset.end - dataset.time) / DAY_MS
    return sum(bool(age <= days) and item in items for age, item in zip(ages, dataset.item, strict=True))


def plain(dataset, item):
    """What is known of an item, in the order of `NAMES`, without a price."""
    rows = [row for row in range(len(dataset)) if dataset.item[row] == item]
    ages = [(dataset.end - int(dataset.time[row])) / DAY_MS for row in rows]
    sold = {days: sum(age <= days for age in ages) for days in (1, 7, 30, 90, math.inf)}
    people = [int(dataset.person[row]) for row in rows if dataset.person[row] >= 0]
    return [
        *(
            math.log((1 + count) / (1 + events_within(dataset, days, range(12)) / 12))
            for days, count in sold.items()
        ),
        math.log((sold[7] + 1) / 7 / ((sold[30] + 1) / 30)),
        math.log1p(max(ages)) if rows else math.nan,
        math.log1p(min(ages)) if rows else math.nan,
        math.log(len(people) / len(set(people))) if people else math.nan,
        math.nan,
    ]


@settings(max_examples=25, deadline=None)
@given(worlds.shops)
def test_statistics_are_those_of_a_walk_through_the_events(dataset):
    expected = [plain(dataset, item) for item in range(dataset.n_items)]
    np.testing.assert_allclose(ItemTable.of(dataset).columns, expected, rtol=1e-5, atol=1e-6)


def test_prices_are_logs_and_unknown_where_absent_or_not_positive():
    dataset = with_catalogue(shop([("ada", "i01", 0)]), price=[10.0, None, 0.0, *[1.0] * 9])
    found = ItemTable.of(dataset)
    np.testing.assert_allclose(
        found.columns[:4, NAMES.index("price")], [math.log(10), np.nan, np.nan, 0.0], rtol=1e-6
    )
    assert found.priced
    assert not ItemTable.of(shop([("ada", "i01", 0)])).priced


def test_kinds_are_coded_and_those_that_tell_nothing_left_out():
    brands = ["b", "a", None, *["a"] * 9]
    dataset = with_catalogue(
        shop([("ada", "i01", 0)]), brand=brands, category=["same"] * 12, item_group_id=list(ITEMS)
    )
    found = ItemTable.of(dataset)
    assert found.kinds == ("brand",)
    assert found.codes[0].tolist() == [1, 0, UNKNOWN, *[0] * 9]


def test_a_busier_month_changes_nothing_where_all_sell_alike():
    quiet = shop([("ada", item, 0) for item in ITEMS])
    busy = shop([(person, item, 0) for item in ITEMS for person in ("ada", "bob", "cy")])
    np.testing.assert_allclose(ItemTable.of(quiet).columns[:, :5], 0.0, atol=1e-6)
    np.testing.assert_allclose(ItemTable.of(busy).columns[:, :5], 0.0, atol=1e-6)


def test_a_shop_without_events_knows_nothing():
    found = ItemTable.of(shop([]))
    assert found.columns.shape == (12, len(NAMES))
    assert found.codes.shape == (0, 12)
    assert (found.columns[:, :5] == 0).all()


@pytest.mark.parametrize("name", ["days_since_first_sale", "events_per_person", "price"])
def test_what_is_not_known_is_not_a_number(name):
    assert np.isnan(ItemTable.of(shop([])).columns[:, NAMES.index(name)]).all()
