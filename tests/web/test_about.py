"""What a visitor may know, correct, switch off and delete of themselves."""

import re

import pytest

from tests.serving import world
from tests.web.conftest import application, visit
from tests.web.page_reader import Page


@pytest.fixture
def client(browser_of_a_guest):
    browser_of_a_guest.post("/shopper", data={"customer_id": "3"})
    return browser_of_a_guest


@pytest.fixture
def person(service):
    return service.person(customer_id="3")


def deeds(client) -> list[str]:
    return re.findall(r'name="deed" value="([^"]+)"', client.get("/about-me").text)


def test_one_event_is_removed_and_no_other(client, service, person):
    before = service.knows(person, limit=1000)
    first = deeds(client)[0]
    kind, time, item = first.split(" ")
    same = sum(f"{deed.kind} {deed.time} {deed.item_id}" == first for deed in before.recent)
    assert client.post("/about-me/remove", data={"deed": first}).headers["location"] == "/about-me"
    after = service.knows(person, limit=1000)
    assert before.events - after.events == same
    assert not [d for d in after.recent if (d.kind, d.time, d.item_id) == (kind, int(time), item)]


def test_an_interest_is_removed_with_everything_within_it(client, service, person):
    link = next(link for link in service.categories(person) if link.share > 0)
    client.post("/about-me/drop", data={"category": link.name})
    left = {one.name: one.share for one in service.categories(person)}
    assert left[link.name] == 0
    assert sum(left.values()) > 0
    assert f'value="{link.name}"' not in client.get("/about-me").text


def test_nobody_else_loses_anything(client, service, person):
    other = service.person(customer_id="4")
    before = service.knows(other)
    for deed in service.knows(other, limit=5).recent:
        client.post("/about-me/remove", data={"deed": f"{deed.kind} {deed.time} {deed.item_id}"})
    for category in world.CATEGORIES:
        client.post("/about-me/drop", data={"category": category})
    assert service.knows(other) == before
    assert service.knows(person).events == 0


@pytest.mark.parametrize(
    "deed", ["", "x", "view_item", "view_item x y", "view_item 5", f"purchase {9**30} i"]
)
def test_a_form_that_names_no_event_is_refused(client, deed):
    assert client.post("/about-me/remove", data={"deed": deed}).status_code == 422


def test_an_unknown_category_is_refused(client):
    assert client.post("/about-me/drop", data={"category": "nothing"}).status_code == 404


def test_only_this_machine_may_see_and_correct(service):
    with visit(application(service), "203.0.113.9") as client:
        client.headers["Origin"] = "http://localhost"
        assert client.get("/about-me").status_code == 403
        for path in ("remove", "drop", "forget"):
            assert client.post(f"/about-me/{path}", data={"deed": "x"}).status_code == 403


def test_switched_off_nothing_is_personal_and_no_look_is_kept(client, service, person):
    mine = client.get("/").text
    assert "You bought this" in mine
    client.post("/about-me/switch", data={"personal": "off"})
    before = service.knows(person).events
    strangers = Page(client.get("/").text)
    assert not [text for text in strangers.text_of("p") if text.startswith(("You bought", "Because you"))]
    client.get("/item/meat-01")
    client.get("/search?q=meat")
    client.get("/category/Meat")
    assert service.knows(person).events == before
    client.post("/cart/add", data={"item": ":meat-03", "nonce": "n"})
    assert service.knows(person).events == before + 1
    client.post("/about-me/switch", data={"personal": "on"})
    assert "You bought this" in client.get("/").text
    client.get("/item/meat-01")
    assert service.knows(person).events == before + 2


def test_the_switch_works_for_who_may_not_see_personal_data(service):
    with visit(application(service), "203.0.113.9") as client:
        client.headers["Origin"] = "http://localhost"
        answer = client.post("/about-me/switch", data={"personal": "off"})
        assert answer.headers["location"] == "/"
        assert "shop_personal=off" in answer.headers["set-cookie"]
