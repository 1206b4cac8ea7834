"""People solved from their history, against the normal equations and against the library."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from shopkeeper.data.split import last_out_split
from shopkeeper.recommenders.factors import Factors, FactorsConfig
from shopkeeper.training.tuning.trials import value_of
from tests.recommenders.goods import aisles
from tests.recommenders.worlds import ask, everybody, everything
from tests.training.shops import chains

SHOP = chains(60)
CONFIG = FactorsConfig(dim=8, alpha=4.0, penalty=0.3, recency=0.5)


@pytest.fixture(scope="module")
def model():
    return Factors(CONFIG).fit(SHOP)


def test_scores_are_those_of_the_normal_equations(model):
    past = [("i03", 1), ("i04", 2, "view_item"), ("i03", 3)]
    items = model.vectors_.astype(float)
    confidence = np.ones(60)
    confidence[SHOP.items.code("i03")] += 4.0 * (0.25 + 1.0)
    confidence[SHOP.items.code("i04")] += 4.0 * 0.5 * 0.2
    system = items.T @ np.diag(confidence) @ items + 0.3 * np.eye(8)
    person = np.linalg.solve(system, items.T @ (confidence * (confidence > 1)))
    requests = ask(SHOP, past)
    found = model.score(requests, everything(requests, 60))
    np.testing.assert_allclose(found, np.maximum(items @ person, 0.0), rtol=1e-3, atol=1e-5)


def test_people_are_those_of_the_library(model):
    from implicit.cpu.als import AlternatingLeastSquares

    requests = everybody(SHOP)
    decay = 0.5 ** np.arange(9, -1, -1)
    history = (requests.histories.items.copy(), requests.histories.offsets.copy())
    rows = sparse.csr_matrix((1.0 + 4.0 * np.tile(decay, 60), *history), shape=(60, 60), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "OpenBLAS is configured", RuntimeWarning)
        theirs = AlternatingLeastSquares(factors=8, regularization=0.3)
    theirs.item_factors = model.vectors_
    expected = theirs.recalculate_user(np.arange(60), rows)
    np.testing.assert_allclose(np.stack(model._people(requests)), expected, rtol=1e-3, atol=1e-4)


def test_a_person_says_what_the_aisle_is():
    split = last_out_split(aisles())
    assert value_of(Factors(FactorsConfig(dim=8)).fit(split.train), split.test) > 0.3


def test_nobody_took_it_nothing_to_say(model):
    shop = aisles()
    unsold = np.flatnonzero(shop.popularity == 0)
    learned = Factors(CONFIG).fit(shop)
    assert len(unsold)
    assert not learned.vectors_[unsold].any()
    assert not set(learned.recommend(everybody(shop), 40).items.tolist()) & set(unsold.tolist())


def test_the_carried_add_up_to_the_score(model):
    request = ask(SHOP, [("i03", 1), ("i30", 2)])
    reasons = model.explain(request, SHOP.items.encode(["i04", "i31"]))
    assert [SHOP.items.ids[reason.items[0]] for reason in reasons] == ["i03", "i30"]


def test_similar_items_stand_close(model):
    answer = model.similar(SHOP.items.encode(["i20"]), 3)
    assert set(answer.items.tolist()) <= set(SHOP.items.encode([f"i{n}" for n in range(14, 27)]).tolist())


def test_the_seen_can_be_left_out(model):
    fresh = Factors(replace(CONFIG, seen=0.0))._take(model.vectors_, model.weights_)
    requests = everybody(SHOP)
    answer = fresh.recommend(requests, 60)
    for row in range(len(requests)):
        assert not set(answer.lists[row].tolist()) & set(requests.histories.known[row].tolist())


def test_a_large_model_only_scores(model):
    assert model.retrieves
    large = Factors(CONFIG)._take(np.zeros((400_000, 8), np.float32), model.weights_)
    assert not large.retrieves
