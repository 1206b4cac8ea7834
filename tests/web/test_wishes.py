"""Wishes on the page, in a browser without script: said, shown, taken back, and gone with the session."""

import base64
import json

import pytest

from shopkeeper.surfaces.wish import NO_WISH, Wish
from shopkeeper.web import wishes
from shopkeeper.web.strings import Words
from tests.web.page_reader import Page


def headings(client):
    answer = client.get("/")
    page = Page(answer.text)
    assert answer.status_code == 200
    assert page.faults == []
    return page.text_of("h2")[1:]  # the first is the picker's


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_sentence_is_said_followed_and_taken_back(browser_of_a_guest, language):
    client = browser_of_a_guest
    client.cookies.set("shop_language", language)
    sent = client.post("/wish", data={"words": "frozen <b> under 9"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/")
    assert "max-age" not in sent.headers["set-cookie"].lower()
    assert "httponly" in sent.headers["set-cookie"].lower()
    assert "frozen <b> under 9" in headings(client)[0]
    assert "&lt;b&gt;" in client.get("/").text
    client.post("/wish", data={"forget": "1"})
    assert "frozen" not in headings(client)[0]


def test_a_guest_chooses_a_style_and_is_offered_none_after(browser_of_a_guest):
    client = browser_of_a_guest
    page = Page(client.get("/").text)
    styles = page.all("button", name="style")
    assert 2 <= len(styles) <= 6
    client.post("/wish", data={"style": styles[0]["value"]})
    page = Page(client.get("/").text)
    assert page.all("button", name="style") == []
    assert styles[0]["value"] in page.text_of("h2")[1]


def test_critique_of_a_shelf_and_of_a_product(browser_of_a_guest):
    client = browser_of_a_guest
    shelf = Page(client.get("/").text).all("button", name="not_this")[0]["value"]
    shown = json.loads(shelf)
    client.post("/wish", data={"not_this": shelf})
    left = client.get("/").text
    assert not any(f'href="/item/{item}?' in left for item in shown)
    page = Page(client.get("/item/meat-10").text)
    assert page.faults == []
    (cheaper,) = page.all("button", name="cheaper_than")
    client.post("/wish", data={"cheaper_than": cheaper["value"]})
    assert headings(client)[0] == "Like Meat 10, for less"
    (more,) = page.all("button", name="more_like")
    client.post("/wish", data={"more_like": more["value"]})
    # Who wants more like it does not find it too dear any longer.
    assert headings(client)[0] == "More like Meat 10"


def test_another_person_does_not_wish_the_same(browser_of_a_guest):
    client = browser_of_a_guest
    client.post("/wish", data={"words": "frozen"})
    client.post("/shopper", data={"customer_id": "3"})
    assert "frozen" not in headings(client)[0]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"not_this": "meat-10"},
        {"not_this": "[1]"},
        {"cheaper_than": "{}"},
        {"words": "x" * 501},
        {"words": " "},
    ],
)
def test_forms_that_hold_no_wish_are_refused_or_mean_none(browser_of_a_guest, data):
    answer = browser_of_a_guest.post("/wish", data=data)
    assert answer.status_code in ({303} if data == {"words": " "} else {400, 422})
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "cookie", ["", "x", "e30=", base64.urlsafe_b64encode(b'{"words": 1}').decode(), "%%%", "a" * 5_000]
)
def test_a_cookie_that_was_altered_is_no_wish(browser_of_a_guest, cookie):
    browser_of_a_guest.cookies.set("shop_wish", cookie)
    assert len(headings(browser_of_a_guest)) > 2


def test_a_style_the_shop_has_no_longer_is_forgotten(browser_of_a_guest):
    browser_of_a_guest.post("/wish", data={"style": "gone"})
    assert len(headings(browser_of_a_guest)) > 2


def test_the_cookie_stays_small_and_keeps_what_was_said_last(browser_of_a_guest):
    wish = NO_WISH
    for n in range(60):
        wish = wishes.added(wish, {"not_this": json.dumps([f"{'长' * 60}{n}"])})
    assert len(wish.not_this) == 30
    client = browser_of_a_guest
    client.post("/wish", data={"words": "字" * 500})
    for n in range(12):
        client.post("/wish", data={"not_this": json.dumps([f"{'长' * 60}{n}"])})
    assert len(client.cookies["shop_wish"]) <= 3_800
    assert f"长{11}" in base64.urlsafe_b64decode(client.cookies["shop_wish"] + "==").decode()


def test_a_wish_in_one_line():
    wish = Wish("tea", "Milk", ("a",), ("b", "c"), ())
    assert wishes.told(wish, Words("en")) == "“tea”, Milk, more like 1 product, without 2 products"
    assert wishes.told(wish, Words("zh")) == "“tea”、牛奶、更多类似某 1 件商品、不要 2 件商品"
