"""The adverts page on a shop whose adverts are shown, paid for and clicked."""

import json

import pytest

from shopkeeper.core import columns as c
from tests.serving import world
from tests.web.page_reader import Page

ADS = [
    {"ad_id": "tea", "text": "New <tea>", "bid": 2.0, "daily_budget": 5.0, "campaign_id": "hot"},
    {"ad_id": "nuts", "text": "Nuts", "bid": 1.0},
    {"ad_id": "later", "text": "Not yet", "bid": 1.0, "starts": "2030-01-01"},
]


@pytest.fixture
def shown(service, browser_of_a_guest):
    """A browser in front of a shop that showed two adverts three times; one was clicked."""
    (service.store.path.parent / "ads.jsonl").write_text("\n".join(map(json.dumps, ADS)))
    person = service.person(customer_id="3")
    answers = [service.adverts(person, placement="home", places=2) for _ in range(3)]
    assert {one.ad_id for answer in answers for one in answer.ads} == {"tea", "nuts"}
    service.decisions.flush()
    event = {
        c.EVENT_TYPE: "select_promotion",
        c.PROMOTION_ID: "tea",
        c.REQUEST_ID: answers[0].request_id,
        c.CUSTOMER_ID: "3",
        c.TIMESTAMP: world.NOW,
    }
    service.collect([event])
    service.ads.refresh()
    return browser_of_a_guest, answers


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_was_shown_spent_and_clicked_is_told(shown, language):
    client, answers = shown
    client.cookies.set("shop_language", language)
    answer = client.get("/dashboard/ads")
    page = Page(answer.text)
    assert page.faults == []
    assert "New &lt;tea&gt;" in answer.text
    rows = page.text_of("tr")
    assert [row[:3] for row in rows[-3:]] == ["nut", "tea", "lat"]
    tea = next(row for row in rows if row.startswith("tea"))
    assert "33.33%" in tea
    spent = sum(one.micros for told in answers for one in told.ads if one.ad_id == "tea") / 1e6
    assert f"${spent:,.2f} / $5.00" in tea


def test_the_pace_of_the_day_is_saved(shown):
    client, answers = shown
    lines = client.get("/dashboard/charts/pace.csv").text.splitlines()
    assert len(lines) == 25
    spent = [float(line.split(",")[1]) for line in lines[1:] if line.split(",")[1]]
    total = sum(one.micros for told in answers for one in told.ads) / 1e6
    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(total)


def test_without_adverts_the_page_says_how_to_begin(browser_of_a_guest):
    text = browser_of_a_guest.get("/dashboard/ads").text
    assert "There are no adverts yet." in text
    assert "daily_budget" in text


def test_faults_of_the_file_are_told(service, browser_of_a_guest):
    (service.store.path.parent / "ads.jsonl").write_text('{"ad_id": "tea", "bid": -1}')
    text = browser_of_a_guest.get("/dashboard/ads").text
    assert "row 1: bid" in text
    assert Page(text).faults == []
