"""What people were shown, from the decision log to lists in which it sinks."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import Lists, ShopConfig
from shopkeeper.core.types import DAY_MS, Decision, Shown
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.data.looks import HALF_HOUR, moments
from shopkeeper.serving.batch import Everybody, _requests
from shopkeeper.serving.seen import Seen
from tests.serving import world


def shown(service, *items, who="a", session=None, days=0.0, surface="homepage"):
    """An answer with these items, so many days ago."""
    request = f"{len(items)}-{who}-{session}-{days}-{surface}-{'.'.join(items)}"
    row = Shown("for_you", items, ("",) * len(items), (1.0,) * len(items))
    time = world.NOW - int(days * DAY_MS)
    service.decisions.log(Decision(request, who, session, surface, "v", time, (row,)))
    service.decisions.flush()


@pytest.fixture
def stock(service):
    return service._showroom.assortment(service._models.required())


def seen_of(service) -> Seen:
    return Seen(service.decisions, service.store, days=7)


def pairs(found, stock):
    now = world.NOW // HALF_HOUR
    return {(stock.ids[key >> 32], now - (key & 0xFFFFFFFF)) for key in moments(found).tolist()}


def test_showings_of_a_person_are_read_once_and_read_on(service, stock):
    seen = seen_of(service)
    shown(service, "meat-01", "dairy-02", days=1)
    shown(service, "meat-01", who="b")
    shown(service, "meat-01", days=40)
    shown(service, "meat-01", days=2, surface="search")
    assert pairs(seen.showings(("a",), stock, world.NOW), stock) == {("meat-01", 48), ("dairy-02", 48)}
    first = seen.showings(("a",), stock, world.NOW)
    assert seen.showings(("a",), stock, world.NOW) is first
    shown(service, "meat-01", "gone", days=0.5)
    assert ("meat-01", 24) in pairs(seen.showings(("a",), stock, world.NOW), stock)
    again = seen_of(service).showings(("a",), stock, world.NOW)
    assert np.array_equal(seen.showings(("a",), stock, world.NOW), again)
    assert len(seen.showings((), stock, world.NOW)) == 0


def test_a_guest_is_known_by_the_session_and_a_customer_by_themselves(service, stock):
    shown(service, "meat-01", who=None, session="s", days=1)
    shown(service, "meat-02", who="a", session="s", days=2)
    assert pairs(seen_of(service).showings(("s",), stock, world.NOW), stock) == {("meat-01", 48)}
    both = pairs(seen_of(service).showings(("a", "s"), stock, world.NOW), stock)
    assert both == {("meat-01", 48), ("meat-02", 96)}


def test_nothing_is_remembered_of_the_erased(service, stock):
    person = service.person(customer_id="3")
    seen = seen_of(service)
    shown(service, "meat-01", who=person.customer, days=1)
    assert len(seen.showings((person.customer,), stock, world.NOW)) == 1
    service.erase_person(person)
    assert len(seen.showings((person.customer,), stock, world.NOW)) == 0


def test_what_is_shown_and_never_taken_up_sinks_and_debug_says_so(service, client):
    person = service.person(customer_id="3")
    before = [card.item_id for card in service.recommend(person, k=8).items if card.source != "explore"]
    for days in range(1, 20):
        shown(service, before[0], who=person.customer, days=days / 2)
    answer = client.post("/v1/recommendations", params={"debug": 1}, json={"customer_id": "3", "k": 8}).json()
    ids = [item["item_id"] for item in answer["items"]]
    assert before[0] not in ids[:1]
    (effect,) = [effect for effect in answer["debug"] if effect["rule"] == "shown and not taken up"]
    assert before[0] in effect["left"] + effect["moved"]
    code = np.array([service._models.required().items.codes[before[0]]], np.int32)
    tired = service._visits.of(person, service._models.required()).tired
    assert tired is not None
    assert tired.of(code)[0] < 0.5
    service.record(person, "view_item", before[0])
    assert service._visits.of(person, service._models.required()).tired is None


def test_a_live_request_tells_the_same_of_showings_as_a_list_for_everybody(service, monkeypatch):
    person, model, store = service.person(customer_id="3"), service._models.required(), service.store
    monkeypatch.setattr(type(model), "reads_looks", True)
    for days, items in ((1, ("meat-01", "dairy-02", "drinks-03")), (3, ("dairy-02",)), (40, ("meat-02",))):
        shown(service, *items, who=person.customer, days=days)
    shown(service, "snacks-01", "dairy-03", who=person.customer, days=2, surface="product")
    shown(service, "drinks-03", who=person.customer, days=0.1)
    service.record(person, "view_item", "drinks-03")
    events = store.scan((PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.QUANTITY))
    log = build_dataset(events, store.items(), store.customers())
    reserved = np.zeros(len(model.items), bool)
    people = pl.Series([person.customer])
    everybody = Everybody(people, people, service._over(log, model), store.customers(), reserved)
    visit = service._visits.of(person, model)
    live = visit.request.looks
    batch = _requests(model, everybody, np.zeros(1, int), visit.as_of, ~reserved).looks
    told = [model.items.ids[code] for code in live.items]
    assert sorted(told) == ["dairy-02", "dairy-03", "drinks-03", "meat-01"]
    assert dict(zip(told, live.taken > 0, strict=True))["drinks-03"]
    for name in ("items", "looked", "taken"):
        np.testing.assert_allclose(getattr(live, name), getattr(batch, name), rtol=1e-6)


def test_answers_of_the_present_half_hour_change_nothing(service):
    person = service.person(customer_id="3")
    first = [card.item_id for card in service.homepage(person).rows[0].cards if card.source != "explore"]
    for _ in range(3):
        service.decisions.flush()
        rows = service.homepage(person).rows
        assert [card.item_id for card in rows[0].cards if card.source != "explore"][:5] == first[:5]


def test_a_shop_may_switch_both_off(folder):
    service = world.open_service(folder, config=ShopConfig(lists=Lists(bought_days=0, fatigue=0)))
    try:
        visit = service._visits.of(service.person(customer_id="3"), service._models.required())
        assert visit.tired is None
        assert len(visit.rested) == 0
    finally:
        service.close()


def test_a_request_may_say_how_long_a_purchase_rests(service, client):
    item, model = "drinks-03", service._models.required()
    model.__dict__["repeatable"] = np.arange(len(model.items)) != model.items.codes[item]
    service.record(service.person(customer_id="3"), "purchase", item)
    service.record(service.person(customer_id="3"), "purchase", "drinks-04")
    body = {"customer_id": "3", "k": 20, "category": "Drinks"}
    usual, all_of_it = (
        {card["item_id"] for card in client.post("/v1/recommendations", json=body | extra).json()["items"]}
        for extra in ({}, {"bought_days": 0})
    )
    assert "drinks-04" in usual
    assert all_of_it - usual == {item}
    assert client.post("/v1/recommendations", json={"bought_days": -1}).status_code == 422
    page = client.get("/v1/homepage", params={"customer_id": "3", "debug": 1}).json()
    shown = [card["item_id"] for row in page["rows"] for card in row["cards"]]
    assert item not in shown
