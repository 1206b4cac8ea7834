"""The towers as they answer."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Ragged
from shopkeeper.recommenders.towers import RERANKED, Towers, TowersConfig
from tests.recommenders.goods import AISLES, PER_AISLE, aisles
from tests.recommenders.worlds import ask, everything

CONFIG = TowersConfig(dim=16, hidden=16, matching=8, epochs=20)


@pytest.fixture(scope="module")
def shop():
    return aisles()


@pytest.fixture(scope="module")
def model(shop):
    return Towers(CONFIG).fit(shop)


def aisle(dataset, items):
    return [dataset.items.ids[item].split("-")[0] for item in items]


@pytest.mark.parametrize("name", AISLES)
def test_what_nobody_took_yet_is_known_by_what_it_is(shop, model, name):
    new = [f"{name}-{number:02}" for name in AISLES for number in (PER_AISLE - 2, PER_AISLE - 1)]
    answer = model.recommend(ask(shop, [(f"{name}-01", 1), (f"{name}-02", 2)], allowed=new), 6)
    assert len(answer.items) == 6
    assert aisle(shop, answer.items[:2]) == [name, name]


def test_who_did_nothing_yet_is_known_by_what_they_told(shop, model):
    nobody = ask(shop, [], [], [])
    ages = list(shop.attributes.values[0])
    told = np.array([[ages.index("child")], [ages.index("adult")], [-1]], np.int32)
    answer = model.recommend(replace(nobody, attributes=told), 5)
    assert aisle(shop, answer.lists[0]) == ["toys"] * 5
    assert "toys" not in aisle(shop, answer.lists[1])
    assert len(answer.lists[2]) == 5


def test_vectors_of_texts_take_the_place_of_words(shop):
    """Here they alone tell the aisles of new items apart."""
    plain = replace(shop, items=type(shop.items)(shop.items.ids, shop.items.table.select("item_id")))
    texts = np.eye(3, dtype=np.float32)[[AISLES.index(name.split("-")[0]) for name in plain.items.ids]]
    model = Towers(CONFIG, texts).fit(plain)
    new = [f"{name}-{PER_AISLE - 1:02}" for name in AISLES]
    answer = model.recommend(ask(plain, [("ware-01", 1), ("ware-02", 2)], allowed=new), 1)
    assert aisle(plain, answer.items) == ["ware"]


def test_vectors_of_another_catalogue_are_refused(shop):
    with pytest.raises(InvalidRequest, match=r"texts has 5 rows; the catalogue has 36 items"):
        Towers(CONFIG, np.zeros((5, 3), np.float32)).fit(shop)


def test_the_strongest_by_the_cosine_are_put_in_order_by_both_terms(shop, model, monkeypatch):
    """With room for few, the answer is the best by the score of the few best by the cosine."""
    monkeypatch.setattr("shopkeeper.recommenders.towers.RERANKED", 5)
    requests = ask(shop, [("tea-01", 1), ("tea-02", 2)])
    cosine = model._served.vectors @ model._people(requests)[0]
    few = np.sort(np.argsort(-cosine)[:5])
    scores = model.score(requests, Ragged.of([few.astype(np.int32)]))
    answer = model.recommend(requests, 3)
    assert answer.items.tolist() == few[np.argsort(-scores)[:3]].tolist()
    assert RERANKED >= 100


def test_the_seen_can_be_left_out(shop, model):
    fresh = Towers(replace(CONFIG, seen=0.0))
    fresh._served = model._served
    answer = fresh.recommend(ask(shop, [("tea-01", 1), ("tea-02", 2)]), 40)
    assert len(answer.items) == 3 * PER_AISLE - 2
    assert not set(shop.items.encode(["tea-01", "tea-02"])) & set(answer.items.tolist())


def test_a_large_model_only_scores(shop, model):
    assert model.retrieves
    large = Towers(CONFIG)
    large._served = replace(model._served, vectors=np.empty((50_000, 64), np.float32))
    assert not large.retrieves


def test_the_reason_is_what_is_most_like_it(shop, model):
    request = ask(shop, [("tea-01", 1), ("ware-01", 2), ("toys-01", 3)])
    reasons = model.explain(request, shop.items.encode(["toys-03", "tea-05"]))
    assert [shop.items.ids[reason.items[0]] for reason in reasons] == ["toys-01", "tea-01"]


def test_scores_are_those_of_the_formula(shop, model):
    requests = ask(shop, [("tea-01", 1), ("tea-02", 2)])
    kept, person = model._served, model._people(requests)[0].astype(float)
    both = np.exp(kept.model["sharpness"]) * (kept.vectors @ person)
    for item, vector in enumerate(kept.vectors):
        pair = np.concatenate([person, vector, vector * person, np.abs(vector - person)])
        hidden = np.maximum(pair @ kept.model["match_in"] + kept.model["match_bias"], 0.0)
        both[item] += hidden @ kept.model["match_out"]
    found = model.score(requests, everything(requests, shop.n_items))
    np.testing.assert_allclose(found, np.exp(both / 2), rtol=1e-4)


def test_kinds_of_events_and_prices_reach_the_score(shop, model):
    bought, viewed = ask(shop, [("tea-01", 1)]), ask(shop, [("tea-01", 1, "view_item")])
    one, other = (model.score(asked, everything(asked, shop.n_items)) for asked in (bought, viewed))
    assert not np.allclose(one, other)
