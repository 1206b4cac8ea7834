"""A shop whose customers take up campaigns by taste and by how fond they are of coupons."""

from functools import cache

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.campaign_log import CAMPAIGN_READ, build_campaign_log
from shopkeeper.data.customer_log import build_customer_log
from shopkeeper.data.dataset import PERSON

DAYS = 200
GOODS = {"tea": "Drinks", "pot": "Kitchen", "cup": "Kitchen", "jam": "Food"}
CAMPAIGNS = 9
LENGTH = 12
EVENTS = {
    PERSON: pl.String,
    c.TIMESTAMP: pl.Int64,
    c.EVENT_TYPE: pl.String,
    c.ITEM_ID: pl.String,
    c.COUPON: pl.String,
    c.PROMOTION_ID: pl.String,
    c.PRICE: pl.Float64,
}


def start_of(campaign):
    """First day of a campaign."""
    return 30 + 18 * campaign


def item_of(campaign):
    """What a campaign is for."""
    return list(GOODS)[campaign % len(GOODS)]


@cache
def rows(n=240, seed=0):
    """Events in the order of `EVENTS`; everybody buys now and then, and responds by chance."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, len(GOODS), n)
    fond = rng.random(n)
    found: list[tuple[object, ...]] = []
    for person in range(n):
        name = f"c_{person:03}"
        for day in rng.uniform(0, DAYS, 25):
            item = list(GOODS)[taste[person] if rng.random() < 0.6 else rng.integers(0, len(GOODS))]
            coupon = "paper" if rng.random() < 0.4 * fond[person] ** 2 else None
            found.append((name, int(day * DAY_MS), "purchase", item, coupon, None, 4.0))
        for campaign in range(CAMPAIGNS):
            likes = taste[person] == campaign % len(GOODS)
            if rng.random() < 0.9 * fond[person] ** 3 * (1.0 if likes else 0.15):
                moment = int((start_of(campaign) + rng.uniform(0, LENGTH)) * DAY_MS)
                found.append((name, moment, "select_promotion", None, None, f"m{campaign}", None))
    return found


def log_of(events, campaigns=None, items=None, audience=None):
    """A campaign log of rows in the order of `EVENTS`."""
    frame = pl.DataFrame(events, EVENTS, orient="row")
    frame = frame.with_columns(
        pl.lit(None).alias(name) for name in CAMPAIGN_READ if name not in frame.columns
    ).select(CAMPAIGN_READ)
    catalogue = pl.DataFrame({c.ITEM_ID: list(GOODS), c.CATEGORY: list(GOODS.values())})
    customers = build_customer_log(
        frame.with_columns(pl.col(name).cast(pl.Float64) for name in (c.QUANTITY, c.VALUE, c.DISCOUNT)),
        catalogue,
    )
    campaigns = planned() if campaigns is None else campaigns
    items = offered() if items is None else items
    told = pl.DataFrame(schema={c.CAMPAIGN_ID: pl.String, c.CUSTOMER_ID: pl.String})
    return build_campaign_log(frame, customers, campaigns, items, told if audience is None else audience)


def planned():
    """The campaigns, in the columns of the catalogue."""
    numbers = range(CAMPAIGNS)
    return pl.DataFrame(
        {
            c.CAMPAIGN_ID: [f"m{place}" for place in numbers],
            c.TITLE: [f"Campaign {place}" for place in numbers],
            c.KIND: ["coupon" if place % 2 else "sale" for place in numbers],
            c.STARTS_AT: [start_of(place) * DAY_MS for place in numbers],
            c.ENDS_AT: [(start_of(place) + LENGTH) * DAY_MS for place in numbers],
        }
    )


def offered():
    """One item each."""
    items = [item_of(place) for place in range(CAMPAIGNS)]
    return pl.DataFrame(
        {
            c.CAMPAIGN_ID: [f"m{place}" for place in range(CAMPAIGNS)],
            c.ITEM_ID: items,
            c.COUPON: [""] * CAMPAIGNS,
            c.CATEGORY: [GOODS[item] for item in items],
            c.CATEGORY2: pl.Series([None] * CAMPAIGNS, dtype=pl.String),
        }
    )


def everybody(log):
    """An audience of all, for each campaign."""
    people = log.customers.people.to_list()
    names = [one.campaign_id for one in log.campaigns]
    return pl.DataFrame(
        {
            c.CAMPAIGN_ID: [name for name in names for _ in people],
            c.CUSTOMER_ID: [person for _ in names for person in people],
        }
    )


@cache
def shop(n=240, seed=0):
    """The simulated shop, every campaign sent to everybody."""
    return log_of(rows(n, seed), audience=everybody(log_of(rows(n, seed))))
