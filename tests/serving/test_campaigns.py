"""Campaigns over HTTP: people for a campaign, campaigns for a person, to this machine alone."""

import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data import catalogue
from shopkeeper.data.collect import collect_events
from shopkeeper.serving.guard import Guard
from shopkeeper.serving.http import create_app
from tests.serving import world
from tests.web_client import TestClient

PEOPLE = [f"p{number}" for number in range(20)]


def row(campaign, start, item, person=None):
    own = {
        c.CAMPAIGN_ID: campaign,
        c.TITLE: campaign.title(),
        c.KIND: "sale",
        c.STARTS_AT: world.NOW + start * DAY_MS,
        c.ENDS_AT: world.NOW + (start + 20) * DAY_MS,
        c.ITEM_ID: item,
        c.CUSTOMER_ID: person,
    }
    return tuple(own.get(name) for name in c.CAMPAIGN_COLUMNS)


@pytest.fixture
def asked(service, client):
    rows = [row("winter", -40, "dairy-01"), row("spring", -5, "bakery-02"), row("summer", -5, "meat-03")]
    names = [service.identity.customer(person) for person in PEOPLE]
    rows += [row("summer", -5, "meat-03", person) for person in names[:3]]
    service.store.write(lambda connection: catalogue.upsert_campaigns(connection, rows)).result()
    bought = [
        {
            c.CUSTOMER_ID: person,
            c.EVENT_TYPE: "purchase",
            c.ITEM_ID: "dairy-01" if place < 12 else "meat-03",
            c.TIMESTAMP: world.NOW - 50 * DAY_MS,
        }
        for place, person in enumerate(PEOPLE)
    ]
    took = [
        {
            c.CUSTOMER_ID: person,
            c.EVENT_TYPE: "select_promotion",
            c.PROMOTION_ID: "winter",
            c.TIMESTAMP: world.NOW - 35 * DAY_MS,
        }
        for person in PEOPLE[:12]
    ]
    collect_events(
        service.store, bought + took, config=service.config, identity=service.identity, now=world.NOW
    )
    return lambda **body: client.post("/v1/campaigns", json={"as_of": world.NOW, **body})


def test_people_for_a_campaign_and_campaigns_for_a_person(asked, service):
    told = asked(campaign_id="spring", k=5).json()
    assert told["campaigns"] == []
    plan = told["plan"]
    assert len(plan["people"]) == 5
    assert plan["expected_cost"] == pytest.approx(5 * service.config.actions.message_cost)
    assert all(one["items"] == ["bakery-02"] for one in plan["people"])
    assert asked(campaign_id="spring", k=5, budget=0).json()["plan"]["people"] == []
    mine = asked(customer_id=PEOPLE[0]).json()
    assert mine["plan"] is None
    assert {one["campaign_id"] for one in mine["campaigns"]} == {"spring", "summer"}
    others = asked(customer_id=PEOPLE[9]).json()["campaigns"]
    assert {one["campaign_id"] for one in others} == {"spring"}


def test_whoever_is_erased_or_withdrew_consent_is_invited_no_more(asked, service):
    def invited():
        return {one["customer_id"] for one in asked(campaign_id="summer").json()["plan"]["people"]}

    gone, silent, left = (service.identity.customer(person) for person in PEOPLE[:3])
    assert invited() == {gone, silent, left}
    service.store.delete_people([gone])
    refusal = [(silent, False, None, None)]
    service.store.write(lambda connection: catalogue.upsert(connection, "customers", refusal)).result()
    assert invited() == {left}
    assert asked(customer_id=PEOPLE[1]).json()["campaigns"] == []


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 422, "one of the two"),
        ({"campaign_id": "spring", "customer_id": "p0"}, 422, "one of the two"),
        ({"campaign_id": "lost"}, 404, "lost"),
        ({"customer_id": "nobody"}, 404, "customer"),
        ({"campaign_id": "winter"}, 422, "was over"),
        ({"campaign_id": "spring", "budget": -1}, 422, "budget"),
        ({"campaign_id": "spring", "as_of": "soon"}, 422, "as_of"),
        ({"campaign_id": "spring", "as_of": "2001-01-01"}, 422, "the first event"),
        ({"customer_id": PEOPLE[1], "as_of": "2091-01-01"}, 422, "the log ends"),
    ],
)
def test_what_says_nothing_is_refused(asked, body, status, said):
    answer = asked(**body)
    assert answer.status_code == status
    assert said in answer.text


def test_others_are_not_told(service):
    app = create_app(service, guard=Guard(None))
    with TestClient(app, base_url="http://shop.example", client=("203.0.113.9", 50_000)) as client:
        assert client.post("/v1/campaigns", json={"campaign_id": "spring"}).status_code == 403
