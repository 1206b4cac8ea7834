"""Who takes up a campaign, in a shop where it is known why; nothing of the future; plain refusals."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest, TooLittleData, UnknownCampaign
from shopkeeper.core.types import DAY_MS
from shopkeeper.metrics.classification import auc
from shopkeeper.propensity.response import audience_of, learn_responses, respond, responded
from tests.propensity.offers import LENGTH, everybody, log_of, offered, planned, rows, shop, start_of

AS_OF = start_of(8) * DAY_MS


def quiet(stage, done, total):
    """Nobody is told of progress."""


@pytest.fixture(scope="module")
def told():
    return respond(shop(), "m8", AS_OF)


def truth(log, people):
    return responded(log, log.campaign("m8"), people, (start_of(8) + LENGTH + 1) * DAY_MS)


def test_chances_put_responders_first_and_mean_what_they_say(told):
    people, chances = told
    came = truth(shop(), people)
    assert people.to_list() == sorted(shop().customers.people)
    assert auc(chances, came) > 0.8
    assert abs(chances.mean() - came.mean()) < 0.06
    assert ((chances > 0) & (chances < 1)).all()


def test_nothing_after_the_moment_is_looked_at(told):
    past = [row for row in rows() if row[1] < AS_OF]
    later = [(*row[:4], "paper", "m8", 999.0) for row in rows() if row[1] >= AS_OF]
    changed = log_of([*past, *later], audience=everybody(shop()))
    people, chances = respond(changed, "m8", AS_OF)
    np.testing.assert_array_equal(chances, told[1])
    assert people.equals(told[0])


def test_a_model_of_an_earlier_day_knows_less(told):
    learned = learn_responses(shop(), start_of(4) * DAY_MS, quiet)
    assert learned.kinds == ("coupon", "sale")
    _, chances = respond(shop(), "m8", AS_OF, learn_until=start_of(4) * DAY_MS)
    assert not np.array_equal(chances, told[1])
    assert auc(chances, truth(shop(), told[0])) > 0.75


def test_a_campaign_without_an_audience_is_for_everybody_known_by_then():
    log = log_of(rows())
    people = audience_of(log, log.campaign("m8"), 3 * DAY_MS)
    assert people.to_list() == sorted({row[0] for row in rows() if row[1] < 3 * DAY_MS})
    told, chances = respond(log, "m8", AS_OF)
    assert len(told) == len(chances) == len(log.customers.people)


@pytest.mark.parametrize(
    ("campaign", "day", "until", "error", "said"),
    [
        ("lost", start_of(8), None, UnknownCampaign, "'lost'"),
        ("m8", -1, None, InvalidRequest, "first event"),
        ("m0", start_of(8), None, InvalidRequest, "was over on"),
        ("m8", start_of(8), start_of(8) + 1, InvalidRequest, "learn_until"),
        ("m8", 20, None, TooLittleData, "by 0 campaigns"),
        ("m8", 900, None, InvalidRequest, "log ends"),
    ],
)
def test_questions_that_say_nothing_are_refused(campaign, day, until, error, said):
    with pytest.raises(error, match=said):
        respond(shop(), campaign, day * DAY_MS, learn_until=None if until is None else until * DAY_MS)


def test_a_campaign_without_items_and_one_that_nobody_ever_took_up_are_refused():
    empty = log_of(rows(), items=offered().filter(pl.col(c.CAMPAIGN_ID) != "m8"))
    with pytest.raises(TooLittleData, match="names no items"):
        respond(empty, "m8", AS_OF)
    nobody = log_of([row for row in rows() if row[2] == "purchase"])
    with pytest.raises(TooLittleData, match="took one up"):
        respond(nobody, "m8", AS_OF)


def test_a_kind_never_seen_is_told_by_what_it_offers():
    kinds = pl.when(pl.col(c.CAMPAIGN_ID) == "m8").then(pl.lit("live stream")).otherwise(c.KIND)
    log = log_of(rows(), planned().with_columns(kinds.alias(c.KIND)), audience=everybody(shop()))
    people, chances = respond(log, "m8", AS_OF)
    assert auc(chances, truth(log, people)) > 0.75
