"""Recommenders of campaigns, and the ranking that learns from what they say."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.metrics.classification import auc
from shopkeeper.propensity.response import respond, responded
from shopkeeper.training.campaigns import SOURCES, Sources, learn_campaigns
from tests.propensity.offers import GOODS, LENGTH, everybody, item_of, log_of, rows, shop, start_of

AS_OF = start_of(8) * DAY_MS
NAMES = ("bayes", "factorization_machine", "customer_neighbours", "factors", "content", "gru")


def quiet(stage, done, total):
    """Nobody is told of progress."""


def tastes(log, item):
    """Whether an item is what each person buys most."""
    bought = pl.DataFrame(
        [row for row in rows() if row[2] == "purchase" and row[1] < AS_OF], orient="row", strict=False
    )
    del log
    counts = bought.group_by("column_0", "column_3").len().sort("column_0", "len", descending=[False, True])
    favourite = dict(counts.unique("column_0", keep="first", maintain_order=True).select(pl.first(), pl.nth(1)).iter_rows())
    return {person for person, best in favourite.items() if best == item}


@pytest.mark.parametrize("name", NAMES)
def test_a_campaign_that_nobody_took_up_goes_by_its_goods(name):
    log = shop()
    source = Sources(log, AS_OF, (name,))
    people = log.customers.people
    said = source(log, log.campaign("m8"), AS_OF, people)
    lovers = people.is_in(list(tastes(log, item_of(8)))).to_numpy()
    assert auc(said[name].to_numpy().astype(float), lovers) > 0.6
