"""Campaigns as items, beside the goods they are for."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.campaign_dataset import OFFERED, campaign_codes, campaign_dataset, campaign_requests
from tests.propensity.offers import GOODS, everybody, log_of, rows, shop, start_of

AS_OF = (start_of(4) + 3) * DAY_MS
DATASET = campaign_dataset(shop(), AS_OF)


def of(person):
    """What a person has in the dataset, item ids with times."""
    mine = DATASET.person == DATASET.people.index(person)
    ids = [DATASET.items.ids[item] for item in DATASET.item[mine]]
    return set(zip(ids, DATASET.time[mine].tolist(), strict=True))


@pytest.mark.parametrize("person", ["c_003", "c_017"])
def test_a_person_is_what_they_bought_a_day_and_took_up_once(person):
    mine = [row for row in rows() if row[0] == person and row[1] < AS_OF]
    wanted = {
        (f"goods {GOODS[row[3]]}", row[1] // DAY_MS * DAY_MS) for row in mine if row[2] == "purchase"
    } | {(f"campaign {row[5]}", row[1]) for row in mine if row[5]}
    assert of(person) == wanted


def test_campaigns_are_items_of_their_kind_that_name_their_goods():
    table = DATASET.items.table.select(c.ITEM_ID, c.CATEGORY, c.TITLE, OFFERED)
    rows = {name: rest for name, *rest in table.iter_rows()}
    assert rows["campaign m0"] == ["sale", "Campaign 0 Drinks", ["goods Drinks"]]
    assert rows["campaign m1"] == ["coupon", "Campaign 1 Kitchen", ["goods Kitchen"]]
    assert rows["goods Kitchen"] == ["Kitchen", "Kitchen", None]


def test_the_log_cut_at_the_moment_gives_the_same():
    cut = [row for row in rows() if row[1] < AS_OF]
    before = campaign_dataset(log_of(cut, audience=everybody(log_of(cut))), AS_OF)
    for part in ("person", "item", "time"):
        np.testing.assert_array_equal(getattr(before, part), getattr(DATASET, part))


def test_strangers_ask_with_nothing():
    requests = campaign_requests(shop(), DATASET, pl.Series(["c_stranger", "c_003"]), AS_OF - 5 * DAY_MS)
    assert requests.histories.known.lengths[0] == 0
    ids = {DATASET.items.ids[item] for item in requests.histories.known[1]}
    assert ids == {item for item, time in of("c_003") if time < AS_OF - 5 * DAY_MS}
    assert requests.as_of.tolist() == [AS_OF - 5 * DAY_MS] * 2
    assert campaign_codes(DATASET, ["m1", "lost"]).tolist() == [1, -1]
