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
