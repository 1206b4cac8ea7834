"""The watch list as a marketer meets it: sliders, a list, and what is approved waits in the outbox."""

import csv
import io

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import Actions, ShopConfig
from shopkeeper.data import outbox
from shopkeeper.serving.snapshots import Part
from shopkeeper.surfaces.snapshot import PEOPLE
from tests.serving import world
from tests.web.conftest import ADDRESS, application, visit
from tests.web.page_reader import Page

CONFIG = ShopConfig(actions=Actions(win_back_effect=0.5, quiet_from=0, quiet_until=23))
STAMP = "first"


@pytest.fixture
def shop(template, tmp_path):
    """A shop of which a snapshot knows forty customers, each likelier to stay away than the one before."""
    world.make_shop(tmp_path / "shop", trained=False)
    service = world.open_service(tmp_path / "shop", config=CONFIG)
    people = [service.identity.customer(str(number)) for number in range(40)]
    told = pl.DataFrame(
        {
            c.CUSTOMER_ID: people,
            "stage": ["lapsed"] * 40,
            "frequency": [9.0] * 40,
            "overdue": [3.0] * 40,
            "silent": [number / 40 for number in range(40)],
            "stake": [100.0] * 40,
            "reasons_en": [["last <seen> long ago"]] * 40,
            "reasons_zh": [["久未来访"]] * 40,
        }
    )
    service.snapshots.put("watch", Part(STAMP, world.NOW, 28, frames={PEOPLE: told}))
    yield service
    service.close()


@pytest.fixture
def client(shop):
    with visit(application(shop)) as client:
        client.headers["Origin"] = ADDRESS
        yield client


def rows(client, query: str) -> list[dict[str, str]]:
    text = client.get(f"/dashboard/watch.csv?{query}").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(("language", "reason"), [("en", "last &lt;seen&gt;"), ("zh", "久未来访")])
def test_the_page_is_sound_and_says_what_the_sliders_say(client, language, reason):
    client.cookies.set("shop_language", language)
    answer = client.get("/dashboard/watch?threshold=0&budget=1")
    page = Page(answer.text)
    assert page.faults == []
    assert len(answer.content) < 150_000
    assert reason in answer.text
    sliders = {one["name"]: one["value"] for one in page.all("input") if one.get("type") == "range"}
    assert sliders == {"threshold": "0", "budget": "1"}


def test_list_and_file_are_the_same_people(client):
    told = rows(client, "threshold=50")
    assert [float(row["probability"]) for row in told] == [number / 40 for number in range(39, 19, -1)]
    assert {row["send_at"][-8:] for row in told} == {"23:00:00"}
    shown = Page(client.get("/dashboard/watch?threshold=50").text)
    links = [one["href"] for one in shown.all("a") if "/customers/c_" in one["href"]]
    assert links == [f"/dashboard/customers/{row[c.CUSTOMER_ID]}" for row in told]
    assert rows(client, "threshold=50&budget=0")[0]["action"] == "leave alone"


@pytest.mark.parametrize("query", ["threshold=x", "threshold=99", "budget=-1", "budget=nan", "only=shout"])
def test_what_says_nothing_is_refused(client, query):
    assert client.get(f"/dashboard/watch?{query}").status_code == 422


def test_what_is_approved_waits_once(shop, client):
    form = {"stamp": STAMP, "threshold": "80", "budget": "", "only": "win back"}
    assert client.post("/dashboard/watch/approve", data={**form, "stamp": "old"}).status_code == 422
    acted = [row for row in rows(client, "threshold=80&only=win+back") if row["action"] == "win back"]
    answer = client.post("/dashboard/watch/approve", data=form)
    assert answer.headers["location"] == f"/dashboard/watch?approved={len(acted)}#outbox"
    waiting = shop.store.read(outbox.waiting)
    assert {one.customer_id for one in waiting} == {row[c.CUSTOMER_ID] for row in acted} != set()
    text = client.get("/dashboard/watch?threshold=80").text
    assert ">rests<" in text
    assert "held back until" in text
    again = client.post("/dashboard/watch/approve", data=form)
    assert again.headers["location"] == "/dashboard/watch?approved=0#outbox"


def test_before_anybody_looked_there_is_no_list(browser_of_a_guest):
    assert "Nobody has looked at customers yet." in browser_of_a_guest.get("/dashboard/watch").text
    assert browser_of_a_guest.get("/dashboard/watch.csv").status_code == 404
