"""What is known of customers who face a campaign, beside a plain count, and never of the future."""

import math

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.features.offers import about, facing
from tests.propensity.offers import DAYS, GOODS, everybody, item_of, log_of, rows, shop, start_of

AS_OF = start_of(6) * DAY_MS


def known(log, people=None, as_of=AS_OF):
    asked = log.customers.people if people is None else pl.Series(people)
    return facing(log, log.campaign("m6"), as_of, asked)


def test_columns_agree_with_a_plain_count():
    log = shop()
    table = known(log)
    observed = (AS_OF - log.customers.start) / DAY_MS
    for place in range(0, len(log.customers.people), 37):
        person = log.customers.people[place]
        past = [row for row in rows() if row[0] == person and row[1] < AS_OF]
        bought = [row for row in past if row[2] == "purchase"]
        own = [row for row in bought if row[3] == item_of(6)]
        near = [row for row in bought if GOODS[row[3]] == GOODS[item_of(6)]]
        coupons = [row for row in bought if row[4]]
        took = {row[5] for row in past if row[2] == "select_promotion"}
        months = observed / 28
        found = table.row(place, named=True)
        wanted = {
            "item_share": len(own) / len(bought),
            "group_share": len(near) / len(bought),
            "item_lines": math.log1p(len(own) / months),
            "coupon_lines": math.log1p(len(coupons) / months),
            "coupon_share": math.log((len(coupons) + 1) / (len(bought) + 50)),
            "responded": math.log1p(len(took)),
            "received": math.log1p(6),
            "response_rate": math.log((len(took) + 0.3) / (6 + 3)),
            "recency": math.log1p(min(AS_OF - row[1] for row in bought) / DAY_MS),
            "fits": math.log(2) if own else 0.0,
        }
        assert found == found | {name: found[name] for name in wanted}
        for name, value in wanted.items():
            assert math.isclose(found[name], value, rel_tol=1e-9, abs_tol=1e-12), name


def test_nothing_after_the_moment_is_looked_at():
    past = [row for row in rows() if row[1] < AS_OF]
    later = [(*row[:4], "paper", "m6", 999.0) for row in rows() if row[1] >= AS_OF]
    changed = log_of([*past, *later, *later], audience=everybody(shop()))
    people = sorted({row[0] for row in past})
    assert known(changed, people).equals(known(shop(), people))


def test_strangers_have_a_row_of_their_own():
    table = known(shop(), ["c_000", "c_stranger"])
    assert len(table) == 2
    assert not any(value is None or math.isnan(value) for value in table.row(1))
    assert table["visits"][1] == 0.0
    assert table["recency"][1] > table["recency"].min()


def test_a_campaign_says_how_much_it_offers():
    told = about(shop(), shop().campaign("m6"))
    assert told == {"campaign_coupons": math.log(2), "campaign_items": math.log(2)}
    assert DAYS * DAY_MS > AS_OF
    assert c.CAMPAIGN_ID in shop().items.columns
