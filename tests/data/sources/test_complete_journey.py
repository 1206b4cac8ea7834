"""The Complete Journey: nothing lost, money adds up, titles read like a shelf and tell items apart."""

import importlib
import json
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import MissingDependency
from shopkeeper.data.contract import contract_of
from shopkeeper.data.sources import complete_journey as source
from shopkeeper.data.sources.complete_journey import files
from shopkeeper.data.sources.complete_journey.sizes import readable_size
from shopkeeper.data.sources.complete_journey.words import aisle_of, plain, title_of
from shopkeeper.data.validate_frame import check_frame

LINES, REDEMPTIONS = 1_469_307, 2_102


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    return pl.concat(source.events(), how="diagonal")


@pytest.fixture(scope="module")
def items() -> pl.DataFrame:
    return source.items()


def test_every_line_is_an_event_or_set_aside_with_its_reason(events):
    aside = source.set_aside()
    assert events.height + aside.height == LINES + REDEMPTIONS
    assert aside[c.REASON].null_count() == 0
    assert set(aside.columns) == {c.SOURCE, c.LINE, c.FIELD, c.REASON, c.ROW}
    assert json.loads(aside[c.ROW][0])["quantity"] == 0


def test_event_ids_are_distinct_and_chunks_bounded(events):
    assert events[c.EVENT_ID].n_unique() == events.height
    assert max(chunk.height for chunk in source.events(rows=500_000)) == 500_000
    assert set(events.columns) <= set(c.EVENT_COLUMNS)


def test_redemptions_name_campaign_and_coupon_and_all_chunks_have_the_same_columns(events):
    taken = events.filter(pl.col(c.EVENT_TYPE) == "select_promotion")
    assert taken.select(c.PROMOTION_ID, c.COUPON).null_count().row(0) == (0, 0)
    assert len({tuple(chunk.columns) for chunk in source.events(rows=1_000_000)}) == 1
    paper = events.filter((pl.col(c.EVENT_TYPE) == "purchase") & pl.col(c.COUPON).is_not_null())
    assert (paper[c.DISCOUNT] > 0).mean() > 0.99


@pytest.mark.parametrize("kind", ["events", "items", "customers", "campaigns"])
def test_every_row_keeps_its_contract(kind, events):
    frame = events.tail(50_000) if kind == "events" else getattr(source, kind)()
    checked = check_frame(frame, contract_of(kind, ShopConfig(), now=1_600_000_000_000))
    assert checked.good.all()
    assert not checked.cut


def test_value_and_discount_add_up_to_the_shelf_price(events):
    bought = events.filter(pl.col(c.EVENT_TYPE) == "purchase")
    shelf_value = bought[c.PRICE] * bought[c.QUANTITY]
    # prices are rounded to a hundredth of a cent, so the error grows with the quantity
    assert (
        (shelf_value - bought[c.VALUE] - bought[c.DISCOUNT]).abs() <= 0.011 + 1e-4 * bought[c.QUANTITY]
    ).all()
    assert (bought[c.VALUE] >= 0).all()
    assert (bought[c.QUANTITY] > 0).all()


def test_a_line_with_loyalty_discount_and_matched_coupon(events):
    # 2 units, retailer received 3.55, loyalty discount 1.78, coupon 0.55 and the retailer's match 0.45
    line = events.filter(pl.col(c.EVENT_ID) == "cj-31198795316-850562").row(0, named=True)
    assert (line[c.PRICE], line[c.VALUE], line[c.DISCOUNT]) == (2.89, 3.0, 2.78)


def test_fuel_is_in_gallons_and_not_offered(events, items):
    fuel = items.filter(pl.col(c.CATEGORY) == "Fuel")
    pumped = events.filter(pl.col(c.ITEM_ID).is_in(fuel[c.ITEM_ID].implode()))
    assert 2 < pumped[c.PRICE].median() < 3
    assert 5 < pumped[c.QUANTITY].median() < 20
    assert not fuel[c.IN_STOCK].any()


def test_times_are_utc_and_customers_raw(events):
    assert events[c.TIMESTAMP].min() == 1_483_271_606_000  # 2017-01-01 11:53:26 UTC
    assert events[c.CUSTOMER_ID].n_unique() == source.customers().height == 2_469


def test_every_event_and_offer_names_a_shelf_item(events, items):
    known = set(items[c.ITEM_ID])
    assert set(events[c.ITEM_ID].drop_nulls()) == known
    assert set(source.campaigns()[c.ITEM_ID].drop_nulls()) <= known


def test_shelf_map_sends_each_item_to_itself(items):
    mapping = source.shelf_of()
    assert mapping["product_id"].n_unique() == mapping.height
    own = mapping.filter(pl.col("product_id").cast(pl.String) == pl.col("item_id"))
    assert set(items[c.ITEM_ID]) <= set(own["item_id"])


def test_titles_are_short_distinct_and_do_not_shout(items):
    titles = items[c.TITLE]
    assert titles.n_unique() == items.height
    assert titles.str.len_chars().max() <= 60
    assert titles.head(2000).str.contains(r"\b[A-Z]{4,}\b|FRZN|/").sum() == 0
    assert items.head(2000)[c.PRICE].null_count() == 0
    assert items.select(c.CATEGORY, c.CATEGORY2, c.CATEGORY3).null_count().sum_horizontal().item() == 0


def test_makers_are_the_last_resort(events, items):
    sold = events.group_by(c.ITEM_ID).len().join(items, on=c.ITEM_ID)
    named = sold.filter(pl.col(c.TITLE).str.contains("maker"))["len"].sum()
    assert named / sold["len"].sum() < 0.15


def test_delisted_items_are_out_of_stock(events, items):
    last = events.group_by(c.ITEM_ID).agg(pl.col(c.TIMESTAMP).max()).join(items, on=c.ITEM_ID)
    stale = last.filter(pl.col(c.TIMESTAMP) < events[c.TIMESTAMP].max() - 60 * 86_400_000)
    assert not stale[c.IN_STOCK].any()


def test_items_as_of_a_moment_know_nothing_of_later(events, items):
    moment = 1_500_000_000_000
    then = source.items(as_of=moment)
    assert then[c.ITEM_ID].to_list() == items[c.ITEM_ID].to_list()
    sold = set(events.filter(pl.col(c.TIMESTAMP) < moment)[c.ITEM_ID].drop_nulls())
    assert set(then.filter(pl.col(c.IN_STOCK))[c.ITEM_ID]) <= sold
    assert set(then.filter(pl.col(c.PRICE).is_not_null())[c.ITEM_ID]) <= sold
    assert (then[c.CREATED_AT].drop_nulls() < moment).all()


def test_campaigns_have_dates_items_and_audience():
    campaigns = source.campaigns()
    assert campaigns[c.CAMPAIGN_ID].n_unique() == 27
    assert (campaigns[c.STARTS_AT] < campaigns[c.ENDS_AT]).all()
    assert set(campaigns[c.KIND].unique()) == {"Type A", "Type B", "Type C"}
    assert campaigns[c.CUSTOMER_ID].count() == 6_589
    assert campaigns[c.COUPON].count() == campaigns[c.ITEM_ID].count() > 0


def test_a_missing_package_is_told_with_the_remedy(monkeypatch):
    monkeypatch.setattr(files, "PACKAGE", "no_such_package_here")
    with pytest.raises(MissingDependency, match=r"pip install 'shopkeeper\[demo\]'"):
        files.folder()


def test_the_package_is_located_without_importing_it():
    use = "from shopkeeper.data.sources import complete_journey as s; s.shelf_of()"
    code = f"import sys; {use}; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("size", "category", "department", "label"),
    [
        ("22 LB", "FRZN ICE", "GROCERY", "22 lb"),
        ("12 PK/12 OZ", "SOFT DRINKS", "GROCERY", "12 × 12 oz"),
        ("10/6.75 OZ", "CANNED JUICES", "GROCERY", "10 × 6.75 oz"),
        ("405.6 OZ", "WATER - CARBONATED/FLVRD DRINK", "GROCERY", "24 × 16.9 oz"),
        ("1/2 GAL", "FLUID MILK PRODUCTS", "GROCERY", "half gallon"),
        ("L     8 OZ", "CHEESE", "GROCERY", "8 oz"),
        ("8 1/2 OZ", "CHEESE", "GROCERY", "8.5 oz"),
        ("40 LB", "TROPICAL FRUIT", "PRODUCE", ""),
        ("5 LB", "POTATOES", "PRODUCE", "5 lb"),
        ("24 CT", "VEGETABLES SALAD", "PRODUCE", ""),
        ("10.4 OZ/8 CT", "CONVENIENT BRKFST/WHLSM SNACKS", "GROCERY", "8 ct, 10.4 oz"),
        ("83.5 SQ FT", "BATH TISSUES", "GROCERY", "83.5 sq ft"),
        ("974246  PK", "CIGARETTES", "DRUG GM", ""),
        (None, "CHEESE", "GROCERY", ""),
    ],
)
def test_package_sizes(size, category, department, label):
    assert readable_size(size, category=category, department=department) == label


@given(st.text(max_size=40))
def test_any_size_and_any_shorthand_is_survived(text):
    readable_size(text, category=text, department=text)
    assert 0 < len(plain(text)) <= 44


def test_names_by_dictionary_and_by_rule():
    assert title_of("FRZN ICE", "ICE - CRUSHED/CUBED") == "Crushed or cubed ice"
    assert title_of("FRZN ICE", None) == "Frozen ice"
    assert plain("WOMEN S GENERAL-MAGAZINE") == "Women's general magazine"
    assert plain("STOCKINGS/TREE SKIRTS/HATS") == "Stockings, tree skirts or hats"
    assert aisle_of("FRZN ICE", "GROCERY") == ("Frozen", "Ice")


def test_import_is_lazy_of_the_data():
    assert importlib.import_module("shopkeeper.data.sources.complete_journey").__all__
