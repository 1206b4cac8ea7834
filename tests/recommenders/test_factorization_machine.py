"""The factorization machine as it answers."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.types import DAY_MS
from shopkeeper.recommenders.factorization_machine import FactorizationMachine, FactorizationMachineConfig
from tests.recommenders.goods import AISLES, PER_AISLE, aisles
from tests.recommenders.worlds import START, ask, everybody, everything, shop
from tests.training.shops import chains

CONFIG = FactorizationMachineConfig(dim=8, epochs=40, recency=0.5)


@pytest.fixture(scope="module")
def model():
    return FactorizationMachine(CONFIG).fit(aisles())


def aisle_of(dataset, items):
    return [dataset.items.ids[item].split("-")[0] for item in items]


def test_scores_are_the_sum_of_all_crosses(model):
    """Features one by one, and the vector of each with that of each feature of the item."""
    dataset = aisles()
    asked, machine = model._asked, model._machine.astype(float)
    request = ask(dataset, [("tea-01", 1), ("ware-02", 2)], day=3.25)
    first, second = dataset.items.encode(["tea-01", "ware-02"])
    n = dataset.n_items
    features = [(first, 1 / 3), (second, 2 / 3)]
    for item, share in ((first, 1 / 3), (second, 2 / 3)):
        features += [(n + code, share) for code in asked.kinds[item] if code]
    moment = np.datetime64(START + int(3.25 * DAY_MS), "ms").astype(object)
    start = n + asked.n_kinds
    features += [(start + moment.hour, 1), (start + 24 + (moment.weekday() - 3) % 7, 1)]
    features += [(start + 31 + moment.month - 1, 1)]
    person = sum(value * machine[place] for place, value in features)
    expected = np.exp(model._vectors @ person + model._bias)
    np.testing.assert_allclose(model.score(request, everything(request, n)), expected, rtol=1e-3)


def test_an_attribute_speaks_where_there_is_no_history(model):
    """Children keep to the toys: a cross of an attribute and a category."""
    dataset = aisles()
    codes = {value: code for code, value in enumerate(dataset.attributes.values[0])}
    requests = replace(
        ask(dataset, [], [], day=8), attributes=np.array([[codes["child"]], [codes["adult"]]], np.int32)
    )
    answer = model.recommend(requests, 8)
    assert set(aisle_of(dataset, answer.lists[0])) == {"toys"}
    assert "toys" not in aisle_of(dataset, answer.lists[1])


def test_what_nobody_took_yet_is_known_by_its_kind(model):
    dataset = aisles()
    fresh = [dataset.items.code(f"{aisle}-{PER_AISLE - 1}") for aisle in AISLES]
    for place, aisle in enumerate(AISLES):
        request = ask(dataset, [(f"{aisle}-01", 1), (f"{aisle}-02", 2), (f"{aisle}-03", 3)], day=8)
        scores = model.score(request, everything(request, dataset.n_items))[fresh]
        assert scores.argmax() == place


def test_the_hour_is_learned():
    """Everybody takes i01 at one hour and i02 at another."""
    hours = (("i01", 0.25), ("i02", 0.75))
    dataset = shop(
        [(f"p{p}", item, day + hour) for p in range(20) for day in range(5) for item, hour in hours]
    )
    learned = FactorizationMachine(replace(CONFIG, ahead=1)).fit(dataset)
    for item, hour in hours:
        answer = learned.recommend(ask(dataset, [], day=60 + hour), 1)
        assert dataset.items.ids[answer.items[0]] == item


def test_the_best_pass_is_kept():
    values = [0.1, 0.3, 0.2, 0.2, 0.9]
    dataset, seen = chains(40), []

    def watch(learned):
        seen.append(learned._vectors.copy())
        return values[len(seen) - 1]

    learned = FactorizationMachine(CONFIG)
    assert learned.learn(dataset, watch) == 2
    assert len(seen) == 4
    assert np.array_equal(learned._vectors, seen[1])
    again = FactorizationMachine(replace(CONFIG, epochs=2)).fit(dataset)
    assert np.array_equal(again._vectors, seen[1])


def test_the_reason_is_the_event_of_the_same_aisle(model):
    dataset = aisles()
    request = ask(dataset, [("toys-01", 1), ("tea-01", 2)], day=8)
    reasons = model.explain(request, dataset.items.encode(["toys-05", "tea-05"]))
    assert [dataset.items.ids[reason.items[0]] for reason in reasons] == ["toys-01", "tea-01"]


def test_the_seen_can_be_left_out_and_a_large_model_only_scores(model):
    dataset = aisles()
    fresh = FactorizationMachine(replace(CONFIG, seen=0.0, epochs=1)).fit(dataset)
    requests = everybody(dataset)
    answer = fresh.recommend(requests, 40)
    for row in range(len(requests)):
        assert not set(answer.lists[row].tolist()) & set(requests.histories.known[row].tolist())
    assert fresh.retrieves
    fresh._vectors = np.zeros((300_000, 8), np.float32)
    assert not fresh.retrieves
