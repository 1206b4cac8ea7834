"""Every page, light and dark, as people with other eyes and hands meet it: axe-core, weight, phones."""

import pytest

from tests.browser.axe import serious

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHOP = [
    "/",
    "/offers",
    "/item/i9",
    "/category/Bakery",
    "/search?q=bread",
    "/cart",
    "/thanks?count=2",
    "/about-me",
    "/docs",
]
DASHBOARD = [
    "",
    "/models",
    "/customers",
    "/segments",
    "/watch",
    "/campaigns",
    "/ads",
    "/curves",
    "/catalogue",
    "/results",
]
PAGES = [*SHOP, "/item/nothing", *(f"/dashboard{path}" for path in DASHBOARD)]
IN_THE_DARK = ["/", "/item/i9", "/cart", "/dashboard", "/dashboard/models"]
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
WEIGHT = """
const counted = performance.getEntries().filter(e => e.decodedBodySize && e.initiatorType !== 'img');
return counted.reduce((sum, entry) => sum + entry.decodedBodySize, 0);
"""


def test_no_page_has_a_serious_fault_for_anybody(shopper):
    shopper.become(10)
    shopper.open("/dashboard/customers")
    customer = shopper.one(".links a").get_attribute("href").removeprefix(shopper.address)
    for theme, pages in (("light", [*PAGES, customer]), ("dark", [*IN_THE_DARK, customer])):
        for path in pages:
            shopper.open(f"{path}{'&' if '?' in path else '?'}theme={theme}")
            assert serious(shopper.driver) == [], (theme, path)
            assert 0 < shopper.driver.execute_script(WEIGHT) < 150_000, path
    assert all("404" in complaint for complaint in shopper.complaints())


def test_no_page_of_the_dashboard_scrolls_sideways_on_a_phone(shopper):
    shopper.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    for path in DASHBOARD:
        shopper.open(f"/dashboard{path}")
        assert shopper.driver.execute_script("return document.documentElement.scrollWidth") == 390
