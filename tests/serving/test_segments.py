"""Segments over HTTP: told to this machine alone, refused in words, and gone with whoever is erased."""

import csv

import pytest

from shopkeeper.core.types import DAY_MS
from shopkeeper.serving.guard import Guard
from shopkeeper.serving.http import create_app
from tests.serving import world
from tests.web_client import TestClient


@pytest.mark.parametrize("by", ["stage", "rfm"])
def test_everybody_is_counted_and_listed(client, by):
    answer = client.get(f"/v1/segments?by={by}&since={world.NOW - 2 * DAY_MS}").json()
    assert answer["by"] == by
    assert answer["customers"] > 0
    counted = sum(one["size"] for one in answer["segments"])
    assert 0 < counted <= answer["customers"]
    listed = client.get(f"/v1/segments/customers?by={by}")
    assert listed.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(listed.text.splitlines()))
    assert len(rows) == counted
    assert all(row["customer_id"].startswith("c_") for row in rows)
    one = answer["segments"][0]
    part = client.get(f"/v1/segments/customers?by={by}&segment={one['segment']}").text.splitlines()
    assert len(part) - 1 == one["size"]


def test_what_says_nothing_is_refused(client):
    for query in ("by=mood", "as_of=soon", "as_of=1990-01-01", "since=2100-01-01", "by=rules"):
        answer = client.get(f"/v1/segments?{query}")
        assert answer.status_code == 422
        assert answer.json()["code"] in ("invalid_request", "too_little_data")


def test_others_are_not_told(service):
    app = create_app(service, guard=Guard(None))
    with TestClient(app, base_url="http://shop.example", client=("203.0.113.9", 50_000)) as client:
        assert client.get("/v1/segments").status_code == 403
        assert client.get("/v1/segments/customers").status_code == 403


def test_whoever_is_erased_is_in_no_segment(client, service):
    def listed():
        return client.get("/v1/segments/customers?by=stage").text

    person = listed().splitlines()[1].split(",")[0]
    assert person in listed()
    service.store.delete_people([person])
    assert person not in listed()
