"""Offers that run now, and what is found while somebody types."""

from shopkeeper.core.types import DAY_MS
from tests.serving import world
from tests.web.page_reader import Page


def put(service, name: str, items: list[str], *, starts: int = -1, ends: int = 1, title: str | None = None):
    """A campaign that runs from and to so many days from now."""

    def job(connection):
        times = (world.NOW + starts * DAY_MS, world.NOW + ends * DAY_MS)
        connection.execute(
            "INSERT INTO campaigns VALUES (?, ?, 'coupon', ?, ?, NULL)",
            (name, title, *times),
        )
        connection.executemany(
            "INSERT INTO campaign_items (campaign_id, item_id) VALUES (?, ?)",
            [(name, item) for item in items],
        )

    service.store.write(job).result()


def test_offers_that_run_are_shown_with_their_items(service, browser_of_a_guest):
    put(service, "now", ["meat-01", "meat-02", "gone", "meat-19"], title="<b>Feast</b>")
    put(service, "past", ["meat-03"], starts=-9, ends=-1)
    put(service, "coming", ["meat-04"], starts=1, ends=9)
    put(service, "nothing", [])
    answer = browser_of_a_guest.get("/offers")
    page = Page(answer.text)
    assert page.faults == []
    assert page.text_of("h2")[1:] == ["<b>Feast</b>"]
    assert page.text_of("h3") == ["Meat 1", "Meat 2"]
    assert any("4 products · until" in text for text in page.text_of("p"))


def test_what_suits_the_visitor_comes_first(service, browser_of_a_guest):
    person = service.person(customer_id="3")
    liked = max(service.categories(person), key=lambda link: link.share).name.lower()
    others = [f"{name.lower()}-01" for name in world.CATEGORIES if name.lower() != liked]
    put(service, "now", [*others, f"{liked}-01"])
    browser_of_a_guest.post("/shopper", data={"customer_id": "3"})
    first = Page(browser_of_a_guest.get("/offers").text).text_of("h3")[0]
    assert first == f"{liked.capitalize()} 1"


def test_without_offers_the_page_says_so(browser_of_a_guest):
    assert "No offer runs at the moment." in browser_of_a_guest.get("/offers").text


def test_results_while_typing_are_few_and_no_search_yet(service, browser_of_a_guest):
    before = service.store.last_seq()
    service.finder.whole()
    answer = browser_of_a_guest.get("/search/instant?q=meat 1")
    assert answer.status_code == 200
    assert "/item/meat-01" in answer.text
    assert answer.text.count("<li>") == 7
    assert "/search?q=meat+1" in answer.text
    assert service.store.last_seq() == before
    for typed in ("", "%20", "x" * 501):
        assert "<li>" not in browser_of_a_guest.get(f"/search/instant?q={typed}").text
    hostile = browser_of_a_guest.get("/search/instant?q=meat<script>alert(1)</script>").text
    assert "<script" not in hostile
