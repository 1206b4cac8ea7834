"""Rules over HTTP: of the shop and of a request, refused where they contradict, told by ``?debug=1``."""

import logging

import pytest

from shopkeeper.core.config import parse_config
from shopkeeper.core.errors import InvalidConfig
from shopkeeper.core.rules import Rule
from shopkeeper.serving.rulebook import Rulebook
from tests.serving import world

CONFIG = parse_config(
    """
[[rules]]
name = "no frozen food"
action = "exclude"
category = ["Frozen"]
[[rules]]
name = "star"
action = "pin"
slot = 2
item_ids = ["meat-03"]
[[rules]]
name = "more of the house"
action = "boost"
brand = ["House"]
strength = 50
"""
)


@pytest.fixture
def service(folder):
    service = world.open_service(folder, config=CONFIG)
    yield service
    service.close()


def ask(client, rules=(), debug=False, **body):
    return client.post(
        "/v1/recommendations", params={"debug": debug}, json={"k": 8, "rules": list(rules), **body}
    )


def test_rules_of_the_shop_hold_wherever_something_is_shown_unasked(client):
    answers = [
        ask(client, customer_id="3").json()["items"],
        client.get("/v1/similar", params={"item_id": "frozen-02"}).json()["items"],
        *(row["cards"] for row in client.get("/v1/homepage", params={"customer_id": "3"}).json()["rows"]),
    ]
    assert len(answers) >= 5
    assert all(item["category"] != "Frozen" for items in answers for item in items)
    assert answers[0][1]["item_id"] == answers[2][1]["item_id"] == "meat-03"
    assert answers[0][1]["source"] == "rule"
    unpinned = [item for item in answers[0] if item["source"] not in ("rule", "explore")]
    assert {item["brand"] for item in unpinned} == {"House"}
    found = client.get("/v1/search", params={"q": "Frozen 2"}).json()["results"]
    assert "Frozen" in {item["category"] for item in found}


def test_rules_of_a_request_hold_beside_those_of_the_shop(client):
    cap = {"name": "one a category", "action": "cap", "per": "category", "most": 1}
    answer = ask(client, [cap], customer_id="3").json()
    categories = [item["category"] for item in answer["items"]]
    assert sorted(categories) == ["Bakery", "Dairy", "Drinks", "Meat", "Produce"]
    assert answer["warnings"] == [
        "for_you: 5 of 8 items are left by the rules 'one a category'; they allow no other"
    ]
    assert answer["debug"] == []


def test_debug_shows_each_rule_that_changed_a_list_and_what_it_did(client):
    answer = ask(
        client, [{"name": "none of it", "action": "exclude", "brand": ["None"]}], True, customer_id="3"
    )
    told = {effect["rule"]: effect for effect in answer.json()["debug"]}
    assert set(told) <= {"no frozen food", "star", "more of the house"}
    assert told["star"]["came"] == ["meat-03"]
    assert {effect["row"] for effect in told.values()} == {"for_you"}
    page = client.get("/v1/homepage", params={"customer_id": "3", "debug": "1"}).json()
    assert {effect["rule"] for effect in page["debug"]} >= {"no frozen food", "star"}
    assert client.get("/v1/homepage", params={"customer_id": "3"}).json()["debug"] == []
    assert client.post("/v1/homepage", params={"debug": "1"}, json={}).json()["debug"]


def test_contradictory_rules_of_a_request_are_refused_with_both_named(client):
    second = {"name": "mine", "action": "pin", "slot": 2, "item_ids": ["meat-04"]}
    catalogue = {"name": "no meat", "action": "exclude", "category": ["Meat"]}
    for rules, names in (([second], ("'star'", "'mine'")), ([catalogue], ("'star'", "'no meat'"))):
        answer = ask(client, rules)
        assert answer.status_code == 422
        assert all(name in answer.json()["detail"] for name in names)


def test_a_rule_that_is_not_whole_is_refused_by_its_field(client):
    answer = ask(client, [{"name": "x", "action": "cap"}, {"name": "y", "action": "fly", "brand": ["A"]}])
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == ["rules.0", "rules.1.action"]


def test_what_the_catalogue_makes_contradict_is_told_in_the_log_once(service, caplog):
    rules = (*CONFIG.rules, Rule(name="late", action="exclude", category=("Meat",)))
    book = Rulebook(rules)
    stock = service._showroom.assortment(service._models.required())
    with caplog.at_level(logging.WARNING, "shopkeeper"):
        assert book.own(stock) is book.own(stock)
    assert [record.getMessage() for record in caplog.records] == [
        "rules 'star' and 'late': 'star' pins item 'meat-03', which 'late' leaves out"
    ]


def test_contradictory_rules_from_python_are_refused():
    with pytest.raises(InvalidConfig, match="'star' and 'star'"):
        Rulebook((*CONFIG.rules, CONFIG.rules[1]))


def test_lists_for_everybody_leave_out_what_rules_leave_out(service, tmp_path):
    import polars as pl

    from shopkeeper.core import columns as c
    from shopkeeper.data.dataset import PERSON, build_dataset

    events = service.store.scan((PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.QUANTITY))
    log = build_dataset(events, service.store.items())
    service.recommend_all(tmp_path / "lists.parquet", log, k=10)
    items = pl.read_parquet(tmp_path / "lists.parquet")[c.ITEM_ID]
    assert len(items) > 100
    assert not items.str.starts_with("frozen").any()
