import re

import pytest

from shopkeeper.core import columns as c
from tests.web.page_reader import Page
from tests.web.test_pages import choose, events


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", ["/search?q=dairy", "/search?q=under+3", "/search?q=zzz", "/search?q="])
def test_pages_of_results_are_sound(browser_of_a_guest, path, language):
    choose(browser_of_a_guest, "3")
    browser_of_a_guest.cookies.set("shop_language", language)
    answer = browser_of_a_guest.get(path)
    page = Page(answer.text)
    assert answer.status_code == (400 if path.endswith("=") else 200)
    assert page.faults == []
    assert page.all("html")[0]["lang"].startswith(language)
    assert len(answer.content) < 150_000


def test_every_page_has_the_box_and_results_keep_what_was_typed(browser_of_a_guest):
    assert 'action="/search"' in browser_of_a_guest.get("/").text
    assert 'value="a &lt;b&gt; &#34;c&#34;"' in browser_of_a_guest.get('/search?q=a <b> "c"').text


def test_a_search_is_an_event_once_and_a_click_on_a_result_is_attributed(browser_of_a_guest, service):
    client = browser_of_a_guest
    for _ in range(2):
        page = client.get("/search?q=dairy+under+9").text
    client.get("/search?q=meat", headers={"Sec-Purpose": "prefetch"})
    (searched,) = events(service, "search")
    assert searched[c.SEARCH_TERM] == "dairy under 9"
    assert searched[c.ITEM_ID] is None
    link = re.search(r'href="(/item/[^"]*row=search)"', page)
    assert link
    assert client.get(link[1].replace("&amp;", "&")).status_code == 200
    (clicked,) = events(service, "select_item")
    assert clicked[c.ITEM_LIST_ID] == "search"
    assert clicked[c.REQUEST_ID]


def test_facets_draw_the_bounds_and_lead_back(browser_of_a_guest):
    client = browser_of_a_guest
    page = client.get("/search?q=house").text
    links = [link.replace("&amp;", "&") for link in re.findall(r'<li><a href="(/search[^"]*)"', page)]
    assert {re.findall(r"&(\w+)=", link)[0] for link in links if "&" in link} == {
        "category",
        "min_price",
    }
    chosen = client.get("/search?q=house&category=Meat&min_price=5&max_price=10").text
    assert "from $5.00, up to $10.00" in chosen
    assert set(re.findall(r"/artwork/([a-z]+)-", chosen)) == {"meat"}
    assert 'href="/search?q=house&amp;category=Meat"' in chosen


@pytest.mark.parametrize("bound", ["min_price=x", "max_price=-1", "category=Nothing"])
def test_an_altered_address_is_told(browser_of_a_guest, bound):
    assert browser_of_a_guest.get(f"/search?q=meat&{bound}").status_code == 422
