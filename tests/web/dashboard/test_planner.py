"""The campaign planner as a marketer meets it: a plan, its chart, and invitations that wait in the outbox."""

import csv
import io

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.data import outbox
from shopkeeper.data.outbox import HELD_OUT, WAITING
from shopkeeper.serving.snapshots import Part
from shopkeeper.surfaces.snapshot import AUDIENCES
from tests.serving import world
from tests.web.page_reader import Page

STAMP = "first"


@pytest.fixture
def planned(service, browser_of_a_guest):
    """A browser in front of a shop with a campaign for forty customers."""
    people = [service.identity.customer(str(number)) for number in range(40)]
    audience = pl.DataFrame(
        {
            c.CUSTOMER_ID: people,
            "probability": [number / 40 for number in range(40)],
            "items": [["dairy-01", "meat-02"]] * 20 + [[]] * 20,
            c.CAMPAIGN_ID: ["spring"] * 40,
        }
    )
    told = {
        "campaign_id": "spring",
        "title": "Spring <sale>",
        "kind": "sale",
        "starts_at": world.NOW,
        "ends_at": None,
        "items": 2,
    }
    figures = {"campaigns": [told], "sale": 12.5}
    part = Part(STAMP, world.NOW, 28, figures=figures, frames={AUDIENCES: audience})
    service.snapshots.put("campaigns", part)
    return browser_of_a_guest


def rows(client, query: str) -> list[dict[str, str]]:
    text = client.get(f"/dashboard/campaigns.csv?{query}").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_plan_is_sound_and_follows_what_is_asked(planned, language):
    planned.cookies.set("shop_language", language)
    answer = planned.get("/dashboard/campaigns?budget=0.2&holdout=0&sale=10")
    page = Page(answer.text)
    assert page.faults == []
    assert len(answer.content) < 150_000
    assert "Spring &lt;sale&gt;" in answer.text
    values = {
        one["name"]: one["value"] for one in page.all("input") if one.get("type") in ("range", "number")
    }
    assert values == {"budget": "0.2", "holdout": "0", "sale": "10", "discount": "0"}
    # A message costs .02: ten are paid for.
    assert len(rows(planned, "budget=0.2&holdout=0")) == 10


def test_the_chart_tells_cost_and_profit_up_to_everybody(planned):
    lines = planned.get("/dashboard/charts/profit.csv?holdout=0&sale=10").text.splitlines()
    assert lines[1].endswith("0.0,0.0")
    people, profit, cost = (float(cell) for cell in lines[-1].split(","))
    assert people == 40
    assert cost == pytest.approx(40 * 0.02)
    assert profit == pytest.approx(sum(number / 40 for number in range(40)) * 10 * 0.3 - cost)
    assert 'class="mark-line"' in planned.get("/dashboard/campaigns").text


def test_invitations_wait_and_who_is_held_out_is_kept(planned, service):
    form = {"stamp": STAMP, "campaign": "spring", "budget": "", "holdout": "50", "sale": "", "discount": ""}
    told = rows(planned, "holdout=50")
    assert planned.post("/dashboard/campaigns/approve", data={**form, "stamp": "old"}).status_code == 422
    answer = planned.post("/dashboard/campaigns/approve", data=form)
    waits = sum(row["held_out"] == "false" for row in told)
    assert answer.headers["location"] == f"/dashboard/campaigns?approved={waits}#outbox"
    kept = service.store.read(outbox.history)
    statuses = dict(kept.select(c.CUSTOMER_ID, "status").iter_rows())
    for row in told:
        assert statuses[row[c.CUSTOMER_ID]] == (HELD_OUT if row["held_out"] == "true" else WAITING)
    assert {WAITING, HELD_OUT} == set(statuses.values())
    assert set(kept["campaign_id"]) == {"spring"}
    assert rows(planned, "holdout=50") == []


@pytest.mark.parametrize("query", ["campaign=other", "budget=x", "holdout=60", "sale=-1", "discount=101"])
def test_what_says_nothing_is_refused(planned, query):
    assert planned.get(f"/dashboard/campaigns?{query}").status_code in (404, 422)
