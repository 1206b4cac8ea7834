"""Pages of the dashboard about customers as a whole, in a real browser, in front of a real server."""

import pytest

pytestmark = pytest.mark.browser


def test_segments_are_looked_through_and_a_rule_is_mended(shopper):
    shopper.open("/dashboard/segments")
    shopper.follow(".facet li:nth-child(2) a")
    assert "by=rfm" in shopper.driver.current_url
    assert len(shopper.all(".chart .line")) >= 2
    shopper.one("#expression").send_keys("frequncy >= 1")
    shopper.follow("#rule .button")
    assert "did you mean frequency" in shopper.texts("#rule-fault")[0]
    shopper.one("#expression").clear()
    shopper.one("#expression").send_keys("frequency >= 1")
    shopper.follow("#rule .button")
    assert "100.0%" in shopper.texts("#rule .figures dd")[0]
    shopper.follow("#rule a[href*='members?rule']")
    assert len(shopper.all("tbody tr")) >= 50


def test_the_watch_list_follows_its_sliders_and_what_is_approved_waits(shopper):
    shopper.open("/dashboard/watch?threshold=0")
    first = shopper.texts("#watch .figures dd")
    slider = "const one = document.getElementById('budget'); one.value = 0; "
    shopper.driver.execute_script(slider + "one.dispatchEvent(new Event('input', {bubbles: true}))")
    shopper.until(lambda: shopper.texts("#watch .figures dd") != first)
    assert "budget=0" in shopper.driver.current_url
    assert not shopper.one("#watch form .button").is_enabled()
    shopper.open("/dashboard/watch?threshold=0")
    shopper.follow("#watch form .button")
    assert "wait in the outbox" in shopper.texts("[role=status]")[0]
    assert shopper.texts("#outbox .figures dd")[0] != "0"


def test_a_campaign_is_planned_and_some_are_held_out(shopper):
    shopper.open("/dashboard/campaigns?holdout=0&sale=50")
    assert "The spring sale" in shopper.one("#campaign").text
    assert shopper.all(".mark-line")
    held = shopper.texts("#plan .figures dd")[2]
    assert held.startswith("0")
    slider = "const one = document.getElementById('holdout'); one.value = 50; "
    shopper.driver.execute_script(slider + "one.dispatchEvent(new Event('input', {bubbles: true}))")
    shopper.until(lambda: not shopper.texts("#plan .figures dd")[2].startswith("0"))
    assert shopper.texts("output[for=holdout]") == ["50%"]


def test_curves_are_looked_through(shopper):
    shopper.open("/dashboard/curves")
    for place, name in enumerate(("churn", "purchase", "response", "uplift"), 1):
        shopper.follow(f".facet li:nth-child({place}) a")
        assert f"of={name}" in shopper.driver.current_url
        assert shopper.all(".chart") or shopper.all(".panel h2")
    assert "No effect has been measured yet." in shopper.texts(".panel h2")


def test_adverts_are_shown_as_soon_as_there_are_some(shopper, shop):
    shopper.open("/dashboard/ads")
    assert "There are no adverts yet." in shopper.texts(".panel h2")
    path = shop / "ads.jsonl"
    path.write_text('{"ad_id": "tea", "text": "New tea", "bid": 0.4, "daily_budget": 20}')
    try:
        shopper.open("/dashboard/ads")
        assert shopper.texts("tbody tr:last-child th")[0].startswith("tea")
    finally:
        path.unlink()
