"""Campaigns through their goods, beside plain sums."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from shopkeeper.core.types import Ragged
from shopkeeper.data.campaign_dataset import OFFERED
from shopkeeper.recommenders.bayes import Bayes
from shopkeeper.recommenders.campaigns import Campaigns
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours
from tests.recommenders.worlds import ask, shop

PLAIN = shop(
    [(f"a{p}", item, 0) for p in range(9) for item in ("i01", "i02")]
    + [(f"b{p}", item, 0) for p in range(9) for item in ("i03", "i04")]
    + [("b0", "i10", 1)]
)
OFFERS = {"i10": ["i01", "i02"], "i11": ["i03"]}
TOLD = pl.Series(OFFERED, [OFFERS.get(item) for item in PLAIN.items.ids], pl.List(pl.String))
WORLD = replace(PLAIN, items=replace(PLAIN.items, table=PLAIN.items.table.with_columns(TOLD)))


@pytest.mark.parametrize("family", [Bayes, CustomerNeighbours])
def test_a_campaign_is_itself_and_what_it_offers(family):
    asked = ask(WORLD, [("i01", 5)], [("i03", 5), ("i04", 6)], [])
    everything = Ragged.of([list(range(12))] * 3)
    said = family().fit(WORLD).score(asked, everything).reshape(3, 12)
    found = Campaigns(family()).fit(WORLD).score(asked, everything).reshape(3, 12)
    for row in range(3):
        for item, name in enumerate(WORLD.items.ids):
            parts = [item, *(WORLD.items.code(good) for good in OFFERS.get(name, []))]
            wanted = said[row][parts].sum() / max(said[row].sum(), 1e-12)
            assert found[row, item] == pytest.approx(wanted, rel=1e-5)


def test_the_campaign_of_what_one_likes_comes_first():
    model = Campaigns().fit(WORLD)
    campaigns = np.isin(WORLD.items.ids, list(OFFERS))
    answer = model.recommend(ask(WORLD, [("i01", 5)], [("i03", 5)], allowed=OFFERS), 2)
    assert campaigns[answer.items].all()
    assert [WORLD.items.ids[answer.lists[row][0]] for row in range(2)] == ["i10", "i11"]


def test_a_campaign_is_explained_by_its_goods(tmp_path):
    Campaigns().fit(WORLD).save(tmp_path)
    model = Campaigns.load(tmp_path)
    told = model.explain(ask(WORLD, [("i01", 5), ("i03", 6)]), WORLD.items.encode(["i10", "i11"]))
    assert [one.items[0] for one in told] == WORLD.items.encode(["i01", "i03"]).tolist()
