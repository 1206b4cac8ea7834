"""``GET /v1/search`` on a real shop."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.serving.guard import Guard
from shopkeeper.serving.http import create_app
from tests.serving import world
from tests.web_client import TestClient


def test_results_facets_and_bounds(client):
    body = client.get("/v1/search", params={"q": "dairy under 10", "brand": "House", "k": 3}).json()
    assert body["query"] == "dairy under 10"
    assert (body["min_price"], body["max_price"]) == (None, 10.0)
    assert len(body["results"]) == 3 < body["count"]
    for result in body["results"]:
        assert (result["category"], result["brand"], result["matched"]) == ("Dairy", "House", "words")
        assert result["price"] <= 10
        assert {"item_id", "title", "score", "reason"} <= result.keys()
    assert body["facets"]["categories"] == [{"name": "Dairy", "count": body["count"]}]
    assert body["facets"]["prices"]


def test_stock_and_category(client):
    out = client.get("/v1/search", params={"q": "house", "in_stock": False, "k": 50}).json()
    assert {item["item_id"][-2:] for item in out["results"]} == {"19"}
    one = client.get("/v1/search", params={"q": "house", "category": "Meat", "k": 50}).json()
    assert {item["category"] for item in one["results"]} == {"Meat"}


def test_the_order_is_the_customer_s(client):
    orders = {
        tuple(
            item["item_id"] for item in client.get("/v1/search", params=who | {"q": "name"}).json()["results"]
        )
        for who in ({}, {"customer_id": "1"}, {"customer_id": "2"}, {"customer_id": "3"})
    }
    assert len(orders) == 4


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"q": ""}, 400, "1 to 500"),
        ({}, 400, "1 to 500"),
        ({"q": "x" * 501}, 400, "1 to 500"),
        ({"q": "a", "k": 0}, 422, "k = 0"),
        ({"q": "a", "min_price": "nan"}, 422, "min_price"),
        ({"q": "a", "min_price": "5", "max_price": "4"}, 422, "max_price"),
        ({"q": "a", "max_price": "cheap"}, 422, "max_price"),
        ({"q": "a", "category": "Nothing"}, 422, "Nothing"),
        ({"q": "a", "customer_id": "nobody"}, 404, "customer_id"),
    ],
)
def test_mistakes_are_told_with_their_rule(client, asked, status, told):
    answer = client.get("/v1/search", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert told in answer.json()["detail"]


@pytest.mark.parametrize("typed", ["🙂🙂", "?!", "—"])
def test_marks_alone_find_nothing(client, typed):
    answer = client.get("/v1/search", params={"q": typed})
    assert (answer.status_code, answer.json()["results"]) == (200, [])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=60))
def test_any_query_is_answered(client, typed):
    assert client.get("/v1/search", params={"q": typed}).status_code == (200 if typed.strip() else 400)


def test_a_person_s_order_is_personal_data(folder):
    service = world.open_service(folder)
    with TestClient(
        create_app(service, guard=Guard(None)), base_url="http://localhost", client=("10.0.0.9", 1)
    ) as far:
        assert far.get("/v1/search", params={"q": "meat"}).status_code == 200
        assert far.get("/v1/search", params={"q": "meat", "customer_id": "3"}).status_code in (401, 403)


def test_an_untrained_shop_is_searched_too(tmp_path):
    service = world.open_service(world.make_shop(tmp_path / "shop", trained=False))
    page = service.search("dairy")
    assert page.results[0].category == "Dairy"
    assert page.model_version == ""
    service.close()


def test_a_new_item_is_found_and_a_sold_out_one_says_so(service):
    service.finder._every = 0.0
    assert service.search("pomegranate").results == ()
    rows = [
        {"item_id": "new-1", "title": "Pomegranate", "price": 2.0, "in_stock": False},
        {"item_id": "new-2", "title": "Pomegranate juice", "price": 3.0},
    ]
    world.put_items(service.store, rows)
    service.finder.whole()
    service._showroom._every, service._showroom._patience = 0.0, 60.0
    assert {hit.item_id: hit.in_stock for hit in service.search("pomegranate").results} == {
        "new-1": False,
        "new-2": True,
    }
