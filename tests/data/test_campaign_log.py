"""Who took up a campaign: by name, by coupon, while it ran."""

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import UnknownCampaign
from shopkeeper.core.types import DAY_MS
from tests.propensity.offers import log_of

PLANNED = pl.DataFrame(
    {
        c.CAMPAIGN_ID: ["late", "early", "open"],
        c.TITLE: ["Late", None, "Open"],
        c.KIND: ["sale", None, "coupon"],
        c.STARTS_AT: [20 * DAY_MS, 10 * DAY_MS, None],
        c.ENDS_AT: [25 * DAY_MS, None, None],
    }
)
ITEMS = pl.DataFrame(
    {
        c.CAMPAIGN_ID: ["late", "early", "open"],
        c.ITEM_ID: ["tea", "pot", "jam"],
        c.COUPON: ["LATE", "EARLY", ""],
        c.CATEGORY: ["Drinks", "Kitchen", "Food"],
        c.CATEGORY2: ["Tea", None, None],
    }
)


def event(person, day, kind="purchase", item="tea", coupon=None, campaign=None):
    return (person, int(day * DAY_MS), kind, item, coupon, campaign, 4.0)


ROWS = [
    event("c_a", 21, coupon="LATE"),
    event("c_b", 19, coupon="LATE"),  # before it began
    event("c_c", 26, coupon="LATE"),  # after it ended
    event("c_d", 22, "select_promotion", None, campaign="late"),
    event("c_e", 22, "view_promotion", None, campaign="late"),  # saw it alone
    event("c_f", 90, coupon="EARLY"),  # it never ended
    event("c_g", 22, campaign="open"),
    event("c_h", 22, coupon="STRANGE"),
    event("c_i", 22, campaign="strange"),
    event("c_j", 22),
]


def test_a_response_is_a_selected_promotion_or_a_purchase_in_its_name_while_it_ran():
    found = log_of(ROWS, PLANNED, ITEMS).responses
    assert set(found.select(c.CAMPAIGN_ID, c.CUSTOMER_ID).rows()) == {
        ("late", "c_a"),
        ("late", "c_d"),
        ("early", "c_f"),
        ("open", "c_g"),
    }


def test_campaigns_come_by_start_and_unknown_ones_are_told():
    log = log_of(ROWS, PLANNED, ITEMS)
    assert [one.campaign_id for one in log.campaigns] == ["early", "late", "open"]
    assert log.campaign("early").title == ""
    assert log.offered("late")[c.ITEM_ID].to_list() == ["tea"]
    with pytest.raises(UnknownCampaign, match="'lost' is none of the 3 campaigns"):
        log.campaign("lost")


def test_audiences_are_told_without_repeats():
    audience = pl.DataFrame({c.CAMPAIGN_ID: ["late", "late", "late"], c.CUSTOMER_ID: ["c_b", "c_a", "c_b"]})
    log = log_of(ROWS, PLANNED, ITEMS, audience)
    assert log.addressed("late").to_list() == ["c_a", "c_b"]
    assert not len(log.addressed("early"))
