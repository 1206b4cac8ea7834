"""The generated shop: a true funnel, ids and times that hold, one seed one shop, tastes that count."""

import json
from dataclasses import replace
from hashlib import sha256

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.contract import contract_of
from shopkeeper.data.synthetic import GeneratedShop, generate, taste, write
from shopkeeper.data.synthetic.tables import OPENED
from shopkeeper.data.validate_frame import check_frame

DAYS = 200


@pytest.fixture(scope="module")
def shop() -> GeneratedShop:
    return generate(customers=400, items=700, days=DAYS, seed=11)


@pytest.fixture(scope="module")
def bought(shop: GeneratedShop) -> pl.DataFrame:
    return shop.events.filter(pl.col(c.EVENT_TYPE) == "purchase")


@pytest.mark.parametrize("kind", ["events", "items", "customers", "campaigns", "ties"])
def test_every_row_keeps_its_contract(shop, kind):
    checked = check_frame(getattr(shop, kind), contract_of(kind, ShopConfig(), now=OPENED + DAYS * DAY_MS))
    assert checked.good.all()
    assert not checked.faults
    assert not checked.cut


def test_ids_are_explicit_distinct_and_known(shop):
    events = shop.events
    assert events[c.EVENT_ID].n_unique() == events.height
    assert set(events[c.ITEM_ID].drop_nulls()) <= set(shop.items[c.ITEM_ID])
    assert set(events[c.CUSTOMER_ID].drop_nulls()) <= set(shop.customers[c.CUSTOMER_ID])
    assert set(events[c.PROMOTION_ID].drop_nulls()) <= set(shop.campaigns[c.CAMPAIGN_ID])
    assert set(shop.campaigns[c.ITEM_ID].drop_nulls()) <= set(shop.items[c.ITEM_ID])


def test_times_lie_within_the_days_and_the_lives_of_items_and_customers(shop):
    events = shop.events
    assert events[c.TIMESTAMP].is_sorted()
    assert events[c.TIMESTAMP].is_between(OPENED, OPENED + DAYS * DAY_MS - 1).all()
    looks = events.join(shop.items.select(c.ITEM_ID, c.CREATED_AT), on=c.ITEM_ID)
    assert (looks[c.TIMESTAMP] >= looks[c.CREATED_AT]).all()
    visits = events.join(shop.customers.select(c.CUSTOMER_ID, c.CREATED_AT), on=c.CUSTOMER_ID)
    assert (visits[c.TIMESTAMP] >= visits[c.CREATED_AT]).all()
    leaves = shop.goods.leaves
    gone = pl.DataFrame({c.ITEM_ID: shop.items[c.ITEM_ID], "gone": OPENED + leaves * DAY_MS})
    sold = events.filter(pl.col(c.EVENT_TYPE) == "add_to_cart").join(gone, on=c.ITEM_ID)
    assert (sold[c.TIMESTAMP] < sold["gone"] + DAY_MS).all()


def test_the_funnel_is_walked_in_order(shop, bought):
    steps = shop.events.filter(pl.col(c.ITEM_ID).is_not_null(), pl.col(c.SESSION_ID).is_not_null())
    first = (
        steps.group_by(c.SESSION_ID, c.ITEM_ID, c.EVENT_TYPE)
        .agg(pl.col(c.TIMESTAMP).min())
        .pivot(c.EVENT_TYPE, index=[c.SESSION_ID, c.ITEM_ID], values=c.TIMESTAMP)
    )
    carts = first.filter(pl.col("add_to_cart").is_not_null())
    assert (carts["view_item"] < carts["add_to_cart"]).all()
    paid = first.filter(pl.col("purchase").is_not_null())
    assert paid["add_to_cart"].null_count() == 0
    assert (paid["add_to_cart"] < paid["purchase"]).all()
    assert 0.5 < bought.height / carts.height < 0.95
    checkouts = shop.events.filter(pl.col(c.EVENT_TYPE) == "begin_checkout")[c.SESSION_ID]
    assert set(bought[c.SESSION_ID]) <= set(checkouts)


def test_refunds_and_ratings_follow_a_purchase_of_the_same_item(shop, bought):
    later = shop.events.filter(pl.col(c.EVENT_TYPE).is_in(["refund", "rate", "review"]))
    pairs = later.join(bought, on=[c.CUSTOMER_ID, c.ITEM_ID], suffix="_bought")
    followed = pairs.filter(pl.col(c.TIMESTAMP) > pl.col(f"{c.TIMESTAMP}_bought"))
    assert followed[c.EVENT_ID].n_unique() == later.height > 0
    assert later[c.RATING].drop_nulls().is_between(1, 5).all()


def test_money_adds_up_and_offers_are_given_only_to_those_who_saw_them(shop, bought):
    assert ((bought[c.PRICE] * bought[c.QUANTITY] - bought[c.DISCOUNT] - bought[c.VALUE]).abs() < 0.006).all()
    cheap = bought.filter(pl.col(c.DISCOUNT) > 0)
    saw = shop.events.filter(pl.col(c.EVENT_TYPE) == "view_promotion").select(c.SESSION_ID, c.PROMOTION_ID)
    assert cheap.height > 0
    assert cheap.join(saw, on=[c.SESSION_ID, c.PROMOTION_ID], how="anti").is_empty()


def test_guests_never_pay(shop):
    guests = shop.events.filter(pl.col(c.CUSTOMER_ID).is_null())
    assert guests.height > 0
    assert "purchase" not in set(guests[c.EVENT_TYPE])


def test_same_seed_same_bytes(shop, tmp_path):
    def digest(folder):
        return [sha256(path.read_bytes()).hexdigest() for path in write(shop_of(11), folder)]

    def shop_of(seed):
        return generate(customers=40, items=60, days=40, seed=seed)

    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert not shop_of(11).events.equals(shop_of(12).events)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_are_written_and_read_back(tmp_path, form):
    shop = generate(customers=20, items=30, days=20, seed=1)
    paths = write(shop, tmp_path / "deep" / "folder", form)
    assert [path.stem for path in paths] == ["events", "items", "customers", "campaigns", "ties"]
    read = pl.read_csv(paths[0]) if form == "csv" else pl.read_parquet(paths[0])
    assert read.height == shop.events.height


def test_every_item_has_a_chinese_title_and_titles_are_distinct(shop):
    chinese = [json.loads(text)["title_zh"] for text in shop.items[c.ATTRIBUTES]]
    assert all(any("\u4e00" <= char <= "\u9fff" for char in title) for title in chinese)
    assert len(set(chinese)) >= 0.98 * len(chinese)
    assert shop.items[c.TITLE].n_unique() == shop.items.height
    assert shop.items[c.TITLE].str.len_chars().max() <= 80
    terms = shop.events[c.SEARCH_TERM].drop_nulls()
    assert terms.str.contains(r"[\u4e00-\u9fff]").any()
    assert terms.str.contains(r"[a-z]").any()


def test_known_tastes_drive_purchases(shop, bought):
    """Bought items are liked better than others of their kind, and far better than any item at random."""
    overall, within = [], []
    row_of = {key: row for row, key in enumerate(shop.items[c.ITEM_ID])}
    for customer, key in enumerate(shop.customers[c.CUSTOMER_ID].head(120)):
        utility = shop.utility(customer)
        mine = bought.filter(pl.col(c.CUSTOMER_ID) == key)[c.ITEM_ID].unique()
        for item in (row_of[name] for name in mine):
            rivals = utility[shop.goods.kind == shop.goods.kind[item]]
            overall.append((utility < utility[item]).mean())
            within.append((rivals < utility[item]).mean() + (rivals == utility[item]).mean() / 2)
    assert np.mean(overall) > 0.9
    assert np.mean(within) > 0.65


def test_missions_bring_needs_together(shop, bought):
    """Kinds that share a mission stand in one basket more often than others."""
    kind = dict(zip(shop.items[c.ITEM_ID], shop.items[c.CATEGORY3], strict=True))
    baskets = bought.group_by(c.TRANSACTION_ID).agg(pl.col(c.ITEM_ID))[c.ITEM_ID].to_list()
    sets = [{kind[item] for item in basket} for basket in baskets]
    counts = {name: sum(name in basket for basket in sets) for name in ("Diapers", "Baby wipes", "Spaghetti")}
    together = sum({"Diapers", "Baby wipes"} <= basket for basket in sets)
    apart = sum({"Diapers", "Spaghetti"} <= basket for basket in sets)
    lift = together / max(1, counts["Baby wipes"])
    assert lift > 2 * apart / max(1, counts["Spaghetti"])


def test_campaigns_work_and_have_a_control_group(shop, bought):
    treated = control = 0
    for _, campaign in shop.campaigns.group_by(c.CAMPAIGN_ID):
        first = campaign.row(0, named=True)
        during = bought.filter(
            pl.col(c.TIMESTAMP).is_between(first[c.STARTS_AT], first[c.ENDS_AT]),
            pl.col(c.ITEM_ID).is_in(campaign[c.ITEM_ID].drop_nulls().implode()),
        )
        reached = during[c.CUSTOMER_ID].is_in(campaign[c.CUSTOMER_ID].drop_nulls().implode()).sum()
        treated, control = treated + reached, control + during.height - reached
        assert 0.4 < campaign[c.CUSTOMER_ID].count() / shop.customers.height < 0.6
    assert treated > 1.5 * control > 0


def test_friendship_is_mutual_and_listed_once(shop):
    friends = shop.people.friends
    pairs = {(a, b) for a, row in enumerate(friends.tolist()) for b in row if b >= 0}
    assert pairs == {(b, a) for a, b in pairs}
    assert not any(a == b for a, b in pairs)
    assert shop.ties.height == len(pairs) / 2 > 0


def test_taste_agrees_with_a_slow_plain_one(shop):
    people, goods = shop.people, shop.goods
    rng = np.random.default_rng(0)
    customers, items = rng.integers(len(people), size=300), rng.integers(len(goods), size=300)
    fast = taste.taste(people, goods, customers, items)
    slow = [_plain_taste(shop, int(who), int(what)) for who, what in zip(customers, items, strict=True)]
    np.testing.assert_allclose(fast, slow)


def _plain_taste(shop: GeneratedShop, who: int, what: int) -> float:
    people, goods = shop.people, shop.goods
    part, dear = goods.department[what], goods.dearness[what]
    worth = people.quality_weight[who] * goods.quality[what] - people.sense[who] * dear
    if dear > people.reach[who]:
        worth -= 4.0 * (dear - people.reach[who]) ** 2
    first, second = people.styles[who, part]
    if goods.style[what] == first:
        worth += people.style_weight[who]
    elif goods.style[what] == second:
        worth += people.style_weight[who] / 2
    if goods.brand[what] in people.loyal[who, part]:
        worth += people.loyalty[who, part]
    asked = people.musts[who] & goods.can[goods.kind[what]]
    if asked & goods.aspects[what] != asked:
        worth += taste.ELIMINATED
    return float(worth)


def test_dearer_never_means_liked_better(shop):
    goods = replace(shop.goods, dearness=shop.goods.dearness + 0.5)
    everyone = np.arange(len(shop.people))[:, None]
    items = np.arange(len(goods))[None, :]
    assert (
        taste.taste(shop.people, goods, everyone, items)
        < taste.taste(shop.people, shop.goods, everyone, items)
    ).all()


@pytest.mark.parametrize(("customers", "items", "days"), [(1, 1, 1), (1, 5, 3), (30, 1, 30), (3, 200, 2)])
def test_small_shops_can_be_made(customers, items, days):
    shop = generate(customers, items, days, seed=0)
    assert (shop.customers.height, shop.items.height) == (customers, items)
    assert set(shop.events[c.EVENT_TYPE]) <= {kind.name for kind in EventType}


@pytest.mark.parametrize("arguments", [(0, 1, 1, 0), (1, 0, 1, 0), (1, 1, 0, 0), (1, 1, 1, -1)])
def test_bad_numbers_are_told(arguments):
    with pytest.raises(InvalidRequest, match="must"):
        generate(*arguments)


def test_a_customer_who_is_not_there_is_told(shop):
    with pytest.raises(InvalidRequest, match="customer_index"):
        shop.utility(400)
