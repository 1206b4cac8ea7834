"""Recommenders of campaigns, and the ranking that learns from what they say."""

from collections import Counter

import numpy as np
import pytest

from shopkeeper.core.types import DAY_MS
from shopkeeper.metrics.classification import auc
from shopkeeper.propensity.response import respond
from shopkeeper.recommenders.bayes import Bayes
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours
from shopkeeper.recommenders.factorization_machine import FactorizationMachine
from shopkeeper.recommenders.factors import Factors
from shopkeeper.training.campaigns import SOURCES, Sources, learn_campaigns
from tests.propensity.offers import everybody, item_of, log_of, rows, shop, start_of

AS_OF = start_of(8) * DAY_MS


def lovers(people, item):
    """Whether an item is what each person bought most."""
    bought: dict[str, Counter[str]] = {person: Counter() for person in people}
    for person, moment, kind, what, *_ in rows():
        if kind == "purchase" and moment < AS_OF:
            bought[person][what] += 1
    return np.array([bought[person].most_common(1)[0][0] == item for person in people])


@pytest.mark.parametrize("family", [Bayes, CustomerNeighbours, Content, Factors, FactorizationMachine])
def test_a_campaign_that_nobody_took_up_goes_by_its_goods(family):
    log = shop()
    people = log.customers.people
    told = Sources(log, AS_OF, {"it": family})(log, log.campaign("m8"), AS_OF, people)
    assert auc(told["it"].to_numpy().astype(float), lovers(people, item_of(8))) > 0.7


def test_what_recommenders_say_of_the_past_knows_nothing_later():
    asked = start_of(3) * DAY_MS
    cut = log_of([row for row in rows() if row[1] < asked], audience=everybody(shop()))
    one = shop().campaign("m3")
    people = shop().customers.people
    told = Sources(shop(), AS_OF)(shop(), one, asked, people)
    assert told.columns == list(SOURCES)
    assert told.equals(Sources(cut, AS_OF)(cut, one, asked, people))


def test_the_ranking_learns_from_them():
    learned = []

    def learn(log, until, progress):
        learned.append(learn_campaigns(log, until, progress))
        return learned[0]

    people, chances = respond(shop(), "m8", AS_OF, learn=learn)
    assert auc(chances, lovers(people, item_of(8))) > 0.6
    assert learned[0].chance.names[-len(SOURCES) :] == tuple(SOURCES)
    assert learned[0].preference is not None
