"""The script for other people's shops, in a page that is not ours, on another site."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture
def guest(shopper, elsewhere):
    """Somebody at the other site, for whom rows have come."""
    shopper.driver.get(elsewhere)
    shopper.until(lambda: shopper.all(".shopkeeper-row"))
    return shopper


def stored(shop, session: str = "") -> list[tuple[str, str, str | None]]:
    """Events of the other site: kind, item and list, in log order."""
    with closing(sqlite3.connect(shop / "shop.db")) as connection:
        return connection.execute(
            "SELECT event_type, item_id, item_list_id FROM events WHERE consent = 1 ORDER BY seq"
        ).fetchall()


def kept(shopper, name: str) -> Any:
    return shopper.driver.execute_script(f"return JSON.parse(localStorage.getItem('shopkeeper.{name}'))")


def offline(shopper, *, off: bool) -> None:
    network = {"offline": off, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    shopper.driver.execute_cdp_cmd("Network.enable", {})
    shopper.driver.execute_cdp_cmd("Network.emulateNetworkConditions", network)


def test_rows_follow_what_was_looked_at_and_nothing_is_kept_without_consent(guest, shop):
    before = stored(shop)
    assert "Popular" in guest.texts(".shopkeeper-heading")
    guest.click("#look")
    assert kept(guest, "queue") is None
    assert kept(guest, "session") is None
    guest.click("#agree")
    guest.click("#look")
    guest.until(lambda: stored(shop)[len(before) :] == [("view_item", "i34", None)])
    guest.until(lambda: kept(guest, "queue") == [])
    guest.driver.execute_script("shopkeeper('rows')")
    guest.until(
        lambda: any(text.startswith("Because you viewed") for text in guest.texts(".shopkeeper-heading"))
    )
    guest.click(".shopkeeper-link")
    guest.until(lambda: stored(shop)[-1][0] == "select_item")
    assert stored(shop)[-1][2]
    guest.click("#refuse")
    assert kept(guest, "history") is None
    assert kept(guest, "session") is None


def test_events_survive_a_lost_network_and_a_reload_and_count_once(guest, shop, elsewhere):
    guest.click("#agree")
    before = len(stored(shop))
    offline(guest, off=True)
    guest.click("#look")
    guest.click("#buy")
    guest.until(lambda: len(kept(guest, "queue")) == 2)
    guest.until(lambda: any("events" in complaint for complaint in guest.complaints()))
    assert len(stored(shop)) == before
    offline(guest, off=False)
    guest.driver.get(elsewhere)
    guest.until(lambda: kept(guest, "queue") == [])
    assert [kind for kind, _, _ in stored(shop)[before:]] == ["view_item", "purchase"]
    guest.click("#look")
    guest.driver.get(f"{elsewhere}/next")  # Sent by a beacon, and again by the page that follows.
    guest.until(lambda: kept(guest, "queue") == [])
    assert [kind for kind, _, _ in stored(shop)[before:]] == ["view_item", "purchase", "view_item"]
    guest.complaints()


def test_titles_stay_text_in_a_page_that_is_not_ours(guest):
    guest.driver.execute_script(
        "shopkeeper('consent', true);"
        "localStorage.setItem('shopkeeper.history', JSON.stringify([{item_id: 'i1'}, {item_id: 'i2'}]));"
        "shopkeeper('rows')"
    )
    script = "<script>document.title='broken'</script>"
    guest.until(lambda: script in guest.texts(".shopkeeper-title") or guest.texts(".shopkeeper-heading"))
    assert guest.driver.title == "Somebody else's shop"
