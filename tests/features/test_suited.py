"""Items of a campaign for a person, beside a plain sort."""

from collections import Counter

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.features.suited import suited
from tests.propensity.offers import GOODS, log_of, rows, start_of

AS_OF = start_of(6) * DAY_MS
ALL = pl.DataFrame(
    {
        c.CAMPAIGN_ID: ["m6"] * (len(GOODS) + 1),
        c.ITEM_ID: [*GOODS, "tea"],
        c.COUPON: ["A"] * len(GOODS) + ["B"],
        c.CATEGORY: [*GOODS.values(), GOODS["tea"]],
        c.CATEGORY2: pl.Series([None] * (len(GOODS) + 1), dtype=pl.String),
    }
)


def test_own_purchases_come_first_then_their_categories_then_what_everybody_buys():
    log = log_of(rows(), items=ALL)
    people = pl.Series(["c_003", "c_stranger", "c_017"])
    bought = [row for row in rows() if row[2] == "purchase" and row[1] < AS_OF]
    everybody = Counter(row[3] for row in bought)
    for person, found in zip(people, suited(log, log.campaign("m6"), AS_OF, people, 3), strict=True):
        own = Counter(row[3] for row in bought if row[0] == person)
        near = Counter(GOODS[row[3]] for row in bought if row[0] == person)
        wanted = sorted(GOODS, key=lambda item: (-own[item], -near[GOODS[item]], -everybody[item], item))
        assert found == tuple(wanted[:3])
