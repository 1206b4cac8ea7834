"""Every answer logs itself; events that echo it come back as results."""

import pytest

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.schema import DECISIONS
from shopkeeper.serving.http import create_app
from shopkeeper.serving.person import GUEST
from tests.serving import world
from tests.web_client import TestClient


def post(client, *events):
    answer = client.post("/v1/events", json={"events": list(events)})
    assert answer.status_code == 200
    return answer.json()


def logged(service):
    service.decisions.flush()
    return service.decisions.shown()


def test_every_answer_is_logged_as_it_was_given(client, service):
    home = client.get("/v1/homepage", params={"customer_id": "3"}).json()
    asked = client.post(
        "/v1/recommendations", json={"customer_id": "3", "surface": "buy_again", "k": 4}
    ).json()
    alike = client.get("/v1/similar", params={"item_id": "meat-01", "k": 3}).json()

    shown = logged(service)
    for answer, surface, rows in (
        (home, "homepage", [(row["name"], row["cards"]) for row in home["rows"]]),
        (asked, "recommendations", [("buy_again", asked["items"])]),
        (alike, "similar", [("similar", alike["items"])]),
    ):
        mine = shown.filter(shown[c.REQUEST_ID] == answer["request_id"])
        expected = [
            (surface, name, slot, card["item_id"], card["source"], answer["model_version"])
            for name, cards in rows
            for slot, card in enumerate(cards)
        ]
        columns = (c.SURFACE, c.ROW, c.SLOT, c.ITEM_ID, c.SOURCE, c.MODEL_VERSION)
        assert mine.select(columns).rows() == expected
        assert expected, surface
    customer = service.person(customer_id="3").customer
    assert shown[PERSON].unique().sort(nulls_last=True).to_list() == [customer, None]


def test_pages_are_logged_too_and_previews_are_not(service):
    service.product("meat-01")
    service.category("Meat")
    service.search("Meat 3")
    service.preview(GUEST, k=3)
    assert set(logged(service)[c.SURFACE]) == {"product", "category", "search"}


def test_echoed_events_come_back_as_results_however_often_they_are_sent(client):
    home = client.get("/v1/homepage", params={"customer_id": "3"}).json()
    row = home["rows"][0]
    item = row["cards"][0]["item_id"]
    led = {"customer_id": "3", "item_id": item, "request_id": home["request_id"]}
    for time in (world.NOW + 1, world.NOW + 1, world.NOW + 2):
        post(
            client,
            {**led, "event_type": "select_item", "timestamp": time},
            {**led, "event_type": "add_to_cart", "timestamp": time},
            {**led, "event_type": "purchase", "timestamp": time, "price": 2.5, "quantity": 2},
        )
    post(client, {**led, "item_id": "never-shown", "event_type": "select_item", "timestamp": world.NOW + 1})

    found = client.get("/v1/results").json()

    assert (found["days"], found["answers"]) == (30, 1)
    first = next(one for one in found["rows"] if one["row"] == row["name"])
    assert (first["surface"], first["model_version"]) == ("homepage", home["model_version"])
    assert [first[name] for name in ("clicks", "carts", "purchases", "revenue")] == [1, 1, 1, 5.0]
    rate = first["click_through"]
    assert rate["value"] == pytest.approx(1 / first["impressions"])
    assert rate["low"] <= rate["value"] <= rate["high"]
    assert sum(one["clicks"] for one in found["rows"]) == 1


def test_results_are_guarded_and_bounded(service, client):
    assert client.get("/v1/results", params={"days": 0}).status_code == 422
    assert client.get("/v1/results", params={"days": 91}).status_code == 422
    with TestClient(create_app(service), client=("203.0.113.9", 50_000)) as stranger:
        assert stranger.get("/v1/results").status_code == 403


def test_an_erased_customer_is_gone_from_the_log_at_once(client, service):
    client.get("/v1/homepage", params={"customer_id": "3"})
    receipt = client.delete("/v1/customers/3").json()
    assert receipt["deleted"][DECISIONS] == 1
    assert receipt["remaining"] == {}
    assert logged(service).is_empty()


def test_an_answer_makes_nobody_known(client, service):
    """An unknown customer with a session is served as a guest; alone they stay unknown after that."""
    asked = {"customer_id": "stranger", "session_id": "s"}
    assert client.get("/v1/homepage", params=asked).status_code == 200
    assert not logged(service).is_empty()
    assert client.get("/v1/homepage", params={"customer_id": "stranger"}).status_code == 404
