"""Pages of other origins: admitted ones may post to two paths, all others nothing."""

import json

import pytest

from shopkeeper.core.config import parse_config
from shopkeeper.core.errors import InvalidConfig
from shopkeeper.serving.http import create_app
from tests.serving import world
from tests.web_client import TestClient

FRIEND, STRANGER = "https://shop.example", "https://shop.example.evil"
CONFIG = parse_config(f'[embed]\norigins = ["{FRIEND}"]')


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    service = world.open_service(world.make_shop(tmp_path_factory.mktemp("origins") / "shop"), config=CONFIG)
    with TestClient(create_app(service), base_url="http://engine.test", client=("203.0.113.9", 1)) as client:
        yield client


def post(client, path: str, body: object, origin: str = FRIEND):
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
    return client.post(path, content=json.dumps(body), headers=headers)


def cited(page) -> set[str]:
    """Items that any card of a homepage rests on."""
    return {item for row in page["rows"] for card in row["cards"] for item in card["evidence_item_ids"]}


def test_an_admitted_page_sends_events_and_gets_rows(client):
    event = {"event_id": "e", "event_type": "view_item", "item_id": "meat-01", "session_id": "s"}
    first = post(client, "/v1/events", {"events": [event]})
    assert (first.status_code, first.json()["stored"]) == (200, 1)
    assert first.headers["access-control-allow-origin"] == FRIEND
    assert "Origin" in first.headers["vary"]
    assert post(client, "/v1/events", {"events": [event]}).json()["duplicates"] == 1
    guest = post(client, "/v1/homepage", {"k": 8}).json()
    known = post(client, "/v1/homepage", {"k": 8, "history": [{"item_id": "meat-01"}]}).json()
    assert cited(guest) == set()
    assert cited(known) == {"meat-01"}


def test_what_lies_in_the_cart_of_the_history_counts(client):
    history = [{"item_id": "meat-01", "event_type": "add_to_cart"}]
    page = post(client, "/v1/homepage", {"history": history}).json()
    assert all(card["item_id"] != "meat-01" for row in page["rows"] for card in row["cards"])


def test_a_browser_may_ask_first(client):
    headers = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
    answer = client.options("/v1/events", headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-methods"]) == (204, "POST")
    refused = client.options("/v1/events", headers=headers | {"Origin": STRANGER})
    assert refused.status_code == 405
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("origin", [STRANGER, "null", ""])
def test_any_other_page_gets_nothing(client, origin):
    answer = post(client, "/v1/homepage", {}, origin)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_an_admitted_page_gets_nothing_else(client):
    assert post(client, "/v1/recommendations", {}).status_code == 403
    about = client.get("/v1/homepage?customer_id=3", headers={"Origin": FRIEND})
    assert about.status_code == 403
    assert "access-control-allow-origin" not in about.headers
    assert post(client, "/v1/homepage", {"customer_id": "3"}).status_code == 422


@pytest.mark.parametrize("history", [[{"item_id": ""}], [{"item_id": "a", "event_type": "x"}], "x", [{}]])
def test_a_wrong_history_is_refused(client, history):
    assert post(client, "/v1/homepage", {"history": history}).status_code == 422


@pytest.mark.parametrize("origin", ["shop.example", "https://shop.example/", "https://*", "*"])
def test_an_origin_is_a_scheme_and_a_host(origin):
    with pytest.raises(InvalidConfig, match=r"embed\.origins"):
        parse_config(f'[embed]\norigins = ["{origin}"]')
