"""Pages as a browser without script meets them, on a real shop."""

import re
from typing import Any

import pytest

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import PERSON
from tests.serving import world
from tests.web.conftest import application, visit
from tests.web.page_reader import Page

PAGES = [
    "/",
    "/item/meat-01",
    "/category/Meat",
    "/category/Meat?page=1",
    "/cart",
    "/thanks?count=2",
    "/about-me",
    "/offers",
]
PAGES += ["/docs", "/item/nothing", "/category/nothing", "/category/Meat?page=77"]


def events(service, kind: str) -> list[dict[str, Any]]:
    """Events of one kind that came after the shop was made."""
    names = (PERSON, *c.EVENT_COLUMNS)
    rows = service.store.scan(names).to_dicts()
    return [row for row in rows if row[c.EVENT_TYPE] == kind and row[c.TIMESTAMP] >= world.NOW]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def choose(client, number: str):
    return client.post("/shopper", data={"customer_id": number})


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound_small_and_strict(browser_of_a_guest, path, language):
    client = browser_of_a_guest
    choose(client, "3")
    client.get("/item/meat-02")
    client.post("/cart/add", data={"item": ":meat-03", "nonce": "n"})
    client.cookies.set("shop_language", language)
    answer = client.get(path)
    page = Page(answer.text)
    assert page.faults == []
    assert page.all("html")[0]["lang"].startswith(language)
    assert len(answer.content) < 150_000
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", answer.text)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/item/nothing", "/category/nothing", "/category/Meat?page=0", "/category/Meat?page=x"]
)
def test_what_is_not_there_says_so_on_a_page(browser_of_a_guest, path):
    answer = browser_of_a_guest.get(path)
    assert answer.status_code == 404
    assert "nothing on this shelf" in answer.text


def test_languages_and_colours_are_remembered(browser_of_a_guest):
    client = browser_of_a_guest
    assert 'lang="en"' in client.get("/").text
    assert "购物车" in client.get("/?lang=zh&theme=dark").text
    page = client.get("/cart").text
    assert "购物车" in page
    assert 'data-theme="dark"' in page
    assert "lang=en" in page
    assert 'data-theme="auto"' not in client.get("/?theme=nonsense").text


def test_a_visitor_who_asks_for_chinese_gets_it(app):
    with visit(app) as client:
        assert "购物车" in client.get("/", headers={"Accept-Language": "zh-TW,zh;q=0.9,en;q=0.1"}).text


def test_cookies_are_for_this_site_and_not_for_scripts(browser_of_a_guest):
    first = browser_of_a_guest.get("/").headers.get_list("set-cookie")
    second = choose(browser_of_a_guest, "3").headers.get_list("set-cookie")
    assert any("shop_session" in cookie for cookie in first)
    assert any("shop_customer" in cookie for cookie in second)
    assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in first + second)


def test_titles_stay_text(service, browser_of_a_guest):
    title = '<script>alert(1)</script> & "so on"'
    row = {c.ITEM_ID: 'evil/"id" <b>', c.TITLE: title, c.CATEGORY: "<i>Odd</i>", c.PRICE: 1.0}
    world.put_items(service.store, [row])
    service._showroom._looked = float("-inf")
    for path in ("/", "/item/evil%2F%22id%22%20%3Cb%3E", "/category/%3Ci%3EOdd%3C%2Fi%3E"):
        answer = browser_of_a_guest.get(path)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<i>Odd" not in answer.text
        assert Page(answer.text).faults == []
    assert title in Page(browser_of_a_guest.get("/item/evil%2F%22id%22%20%3Cb%3E").text).text_of("h1")
    assert browser_of_a_guest.get("/artwork/evil%2F%22id%22%20%3Cb%3E.svg").status_code == 200


def test_pictures_of_the_catalogue_are_allowed_by_host_and_by_nothing_else(service, browser_of_a_guest):
    urls = {
        "a": "https://pictures.test/a.png",
        "b": "javascript:alert(1)",
        "c": "https://x.test/;script-src *",
        "d": "//elsewhere.test/d.png",
    }
    rows: list[dict[str, object]] = [
        {c.ITEM_ID: name, c.TITLE: name, c.CATEGORY: "P", c.IMAGE_URL: url} for name, url in urls.items()
    ]
    world.put_items(service.store, rows)
    service._showroom._looked = float("-inf")
    answer = browser_of_a_guest.get("/category/P")
    sources = {attributes["src"] for attributes in Page(answer.text).all("img")}
    assert urls["a"] in sources
    assert not sources & {urls["b"], urls["c"], urls["d"]}
    assert "img-src 'self' https://pictures.test;" in answer.headers["content-security-policy"]


def test_looking_counts_once_however_often_it_is_loaded(service, browser_of_a_guest):
    client = browser_of_a_guest
    page = Page(client.get("/").text)
    link = next(a["href"] for a in page.all("a") if a.get("href", "").startswith("/item/"))
    for _ in range(3):
        assert client.get(link).status_code == 200
    views, clicks = events(service, "view_item"), events(service, "select_item")
    assert (len(views), len(clicks)) == (1, 1)
    assert clicks[0][c.REQUEST_ID]
    assert clicks[0][c.REQUEST_ID] in link
    assert clicks[0][c.ITEM_LIST_ID] in link
    assert views[0][c.SESSION_ID].startswith("s_")


def test_an_altered_link_is_a_look_without_an_answer(service, browser_of_a_guest):
    browser_of_a_guest.get("/item/meat-01?from=%3Cscript%3E&row=for_you")
    browser_of_a_guest.get("/item/meat-02?from=abc&row=made_up")
    assert [row[c.REQUEST_ID] for row in events(service, "view_item")] == [None, "abc"]
    assert [row[c.ITEM_LIST_ID] for row in events(service, "select_item")] == [None]


def test_pages_fetched_ahead_and_heads_are_nobodys_look(service, browser_of_a_guest):
    browser_of_a_guest.get("/item/meat-01", headers={"Sec-Purpose": "prefetch;prerender"})
    browser_of_a_guest.head("/item/meat-01")
    assert events(service, "view_item") == []


def test_adding_twice_by_a_double_click_adds_once(service, browser_of_a_guest):
    client = browser_of_a_guest
    nonce = hidden(client.get("/item/meat-01").text, "nonce")
    form = {"item": "similar:meat-01", "quantity": "2", "nonce": nonce, "from": "abc"}
    assert client.post("/cart/add", data=form).headers["location"] == "/cart"
    client.post("/cart/add", data=form)
    (added,) = events(service, "add_to_cart")
    assert (added[c.QUANTITY], added[c.REQUEST_ID], added[c.ITEM_LIST_ID]) == (2, "abc", "similar")
    assert "Cart, 2 in it" in client.get("/").text


def test_script_gets_the_words_the_count_and_a_fresh_nonce(browser_of_a_guest):
    form = {"item": ":meat-01", "nonce": "n"}
    answer = browser_of_a_guest.post("/cart/add", data=form, headers={"Accept": "application/json"})
    told = answer.json()
    assert (told["message"], told["cart_count"]) == ("Meat 1 is in your cart", 1)
    assert told["nonce"] != "n"


def test_cart_is_emptied_by_hand_or_bought_as_one_order(service, browser_of_a_guest):
    client = browser_of_a_guest
    for item, quantity in (("meat-01", 2), ("meat-03", 1), ("meat-05", 3)):
        client.post("/cart/add", data={"item": f":{item}", "quantity": str(quantity), "nonce": item})
    client.post("/cart/remove", data={"item": ":meat-03", "nonce": "x"})
    page = client.get("/cart").text
    assert "Meat 1" in page
    assert "Meat 3" not in page
    form = {"nonce": hidden(page, "nonce")}
    assert client.post("/cart/buy", data=form).headers["location"] == "/thanks?count=5"
    assert client.post("/cart/buy", data=form).headers["location"] == "/cart"
    bought = events(service, "purchase")
    assert {(row[c.ITEM_ID], row[c.QUANTITY]) for row in bought} == {("meat-01", 2), ("meat-05", 3)}
    assert len({row[c.TRANSACTION_ID] for row in bought}) == 1
    assert bought[0][c.TRANSACTION_ID]
    assert "Your cart is empty" in client.get("/cart").text
    assert "5 products bought" in client.get("/thanks?count=5").text


def test_buying_at_once(service, browser_of_a_guest):
    form = {"item": ":meat-01", "quantity": "3", "nonce": "n"}
    assert browser_of_a_guest.post("/buy", data=form).headers["location"] == "/thanks?count=3"
    assert [row[c.QUANTITY] for row in events(service, "purchase")] == [3]


@pytest.mark.parametrize(
    "form", [{}, {"item": ":meat-01"}, {"item": ":meat-01", "nonce": "n", "quantity": "-4"}]
)
def test_a_broken_form_stores_nothing(service, browser_of_a_guest, form):
    answer = browser_of_a_guest.post("/cart/add", data=form)
    assert answer.status_code == 422
    assert Page(answer.text).faults == []
    assert events(service, "add_to_cart") == []


def test_forms_that_are_none_or_too_large_are_refused(browser_of_a_guest):
    assert browser_of_a_guest.post("/cart/add", content=b"\xff\xfe").status_code == 422
    assert browser_of_a_guest.post("/cart/add", content=b"x" * 20_000).status_code == 413


@pytest.mark.parametrize(
    "path", ["/cart/add", "/cart/remove", "/cart/buy", "/buy", "/shopper", "/about-me/forget"]
)
@pytest.mark.parametrize("origin", ["https://evil.test", "null"])
def test_no_other_site_can_act_for_a_visitor(service, browser_of_a_guest, path, origin):
    form = {"item": ":meat-01", "nonce": "n", "customer_id": "3", "confirm": "yes"}
    answer = browser_of_a_guest.post(path, data=form, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert events(service, "add_to_cart") + events(service, "purchase") == []


def test_choosing_a_customer_by_list_or_number_and_being_a_guest_again(service, browser_of_a_guest):
    client = browser_of_a_guest
    listed = Page(client.get("/").text).all("button", name="customer")
    assert len({button["value"] for button in listed}) == 12
    client.post("/shopper", data={"customer": listed[0]["value"]})
    assert "Good to see you again" in client.get("/").text
    choose(client, "3")
    mine = service.person(customer_id="3").customer
    assert client.cookies["shop_customer"] == mine
    session = client.cookies["shop_session"]
    client.post("/shopper", data={"guest": "1"})
    assert "Welcome in" in client.get("/").text
    assert client.cookies["shop_session"] != session


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"customer_id": "no such"}, 404),
        ({"customer_id": " "}, 422),
        ({}, 422),
        ({"customer": "c_" + "0" * 20}, 404),
        ({"customer": "3"}, 422),
        ({"customer_id": "x" * 2000}, 422),
    ],
)
def test_unknown_customers_are_told_and_leave_one_a_guest(browser_of_a_guest, form, status):
    answer = browser_of_a_guest.post("/shopper", data=form)
    assert answer.status_code == status
    assert Page(answer.text).faults == []
    assert "shop_customer" not in browser_of_a_guest.cookies


def test_the_next_page_knows_what_was_done(browser_of_a_guest):
    client = browser_of_a_guest
    before = client.get("/").text
    for item in ("meat-01", "meat-03"):
        client.get(f"/item/{item}")
    client.post("/cart/add", data={"item": ":meat-05", "nonce": "n"})
    after = client.get("/").text
    assert "Because you" not in before
    assert "Goes with your cart" in after
    categories = [a["href"] for a in Page(after).all("a") if a.get("href", "").startswith("/category/")]
    assert categories[0] == "/category/Meat"


def test_about_me_tells_what_is_known_and_forgets_on_demand(service, browser_of_a_guest):
    client = browser_of_a_guest
    choose(client, "3")
    mine = service.person(customer_id="3").customer
    page = client.get("/about-me").text
    assert mine in page
    assert "Bought" in page
    assert client.post("/about-me/forget", data={}).status_code == 422
    assert service.knows(service.person(customer_id="3")).events > 0
    answer = client.post("/about-me/forget", data={"confirm": "yes"})
    assert "You are forgotten" in answer.text
    assert service.knows(service.person(customer_id="3")).events == 0
    assert "shop_customer" not in client.cookies
    assert "Welcome in" in client.get("/").text


def test_personal_data_stays_on_this_machine(service):
    mine = service.person(customer_id="3").customer
    with visit(application(service), "203.0.113.9") as client:
        client.headers["Origin"] = "http://localhost"
        client.cookies.set("shop_customer", mine)
        page = client.get("/").text
        assert "Welcome in" in page
        assert 'action="/shopper"' not in page
        assert "/about-me" not in page
        assert client.get("/about-me").status_code == 403
        assert choose(client, "3").status_code == 403
        assert client.post("/about-me/forget", data={"confirm": "yes"}).status_code == 403
    assert service.knows(service.person(customer_id="3")).events > 0


def test_whoever_brings_the_admin_token_sees_personal_data(service):
    with visit(application(service, "secret"), "203.0.113.9") as client:
        refused = client.get("/about-me")
        assert (refused.status_code, "www-authenticate" in refused.headers) == (401, True)
        assert client.get("/about-me", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_files_and_pictures_can_be_kept(browser_of_a_guest):
    page = Page(browser_of_a_guest.get("/").text)
    sheet = page.all("link", rel="stylesheet")[0]["href"]
    assert "immutable" in browser_of_a_guest.get(sheet).headers["cache-control"]
    assert browser_of_a_guest.get("/static/shop.css").headers["cache-control"] == "no-cache"
    assert browser_of_a_guest.get("/static/..%2Fpages.py").status_code == 404
    picture = browser_of_a_guest.get("/artwork/meat-01.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "max-age" in picture.headers["cache-control"]
    assert (
        browser_of_a_guest.get("/artwork/nothing.svg").headers["location"].startswith("/static/nothing.svg")
    )


def test_a_shop_without_model_or_goods_still_opens(tmp_path):
    service = world.open_service(world.make_shop(tmp_path / "shop", trained=False))
    with visit(application(service)) as client:
        assert client.get("/").status_code == 200
        assert client.get("/item/meat-01").status_code == 200
        assert client.get("/thanks?count=1").status_code == 200
        assert client.get("/category/Meat").status_code == 200
    service.close()


def test_a_product_page_says_what_the_shelf_that_led_there_followed_from(browser_of_a_guest):
    client = browser_of_a_guest
    choose(client, "3")
    page = Page(client.get("/").text)
    link = next(a["href"] for a in page.all("a") if "row=because&for=" in a.get("href", ""))
    anchor = link.rpartition("for=")[2]
    told = client.get(link).text
    assert f'href="/item/{anchor}"' in told
    assert "It was not chosen from anything personal" not in told
    strange = next(
        item for item in ("meat-01", "drinks-01", "dairy-01", "frozen-01") if item not in page_items(client)
    )
    forged = client.get(link.replace(f"for={anchor}", f"for={strange}")).text
    why = forged[forged.index('class="why"') : forged.index("</details>", forged.index('class="why"'))]
    assert f'href="/item/{strange}"' not in why


def page_items(client) -> str:
    """What the about page tells of the visitor."""
    return str(client.get("/about-me").text)
