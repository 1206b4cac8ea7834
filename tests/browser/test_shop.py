"""Every page of the shop in a real browser, in front of a real server."""

import pytest

from tests.browser.conftest import Shopper

pytestmark = pytest.mark.browser


def shelf(shopper: Shopper, name: str) -> list[str]:
    return shopper.texts(f".row.{name} .card .name")


def test_homepage_of_a_guest_learns_with_every_click(shopper):
    shopper.open("/")
    assert shopper.texts("h1") == ["Welcome in"]
    assert len(shelf(shopper, "popular")) >= 4
    assert shelf(shopper, "for_you") == []
    shopper.follow(".row.popular .card:nth-child(2) .name a")
    seen = shopper.texts("h1")[0]
    shopper.open("/")
    assert f"Because you viewed {seen}" in shopper.texts(".row h2")
    assert shelf(shopper, "popular_in") + shelf(shopper, "for_you") != []


def test_homepage_of_a_customer_is_theirs_and_another_s_is_not(shopper):
    shopper.become(3)
    third = shelf(shopper, "for_you")
    assert len(third) >= 4
    assert any("You bought this" in reason for reason in shopper.texts(".for_you .reason"))
    shopper.become(4)
    assert shelf(shopper, "for_you") != third


def test_adding_needs_no_reload_and_the_next_page_knows(shopper):
    shopper.become(5)
    before = shelf(shopper, "for_you")
    shopper.driver.execute_script("window.stillHere = true")
    shopper.click(".for_you .card:nth-child(1) .plus")
    shopper.until(lambda: shopper.one("#cart-count").text == "1")
    shopper.until(lambda: "is in your cart" in shopper.one("#toast").text)
    assert shopper.driver.execute_script("return window.stillHere")
    shopper.click(".for_you .card:nth-child(1) .plus")
    shopper.until(lambda: shopper.one("#cart-count").text == "2")
    shopper.open("/")
    assert before[0] not in shelf(shopper, "for_you")
    assert "Goes with your cart" in shopper.texts(".row h2")


def test_product_page_says_why_and_sells(shopper):
    shopper.become(6)
    shopper.follow(".for_you .card:nth-child(2) .name a")
    assert "It stood on the shelf “For you”." in shopper.texts(".why p")
    assert shopper.texts(".product .price")[0].startswith("$")
    assert len(shopper.all(".row .card")) >= 4
    pictures = shopper.all("img")
    shopper.until(lambda: pictures[1].get_property("naturalWidth") > 0)
    shopper.driver.refresh()
    shopper.one("#quantity").clear()
    shopper.one("#quantity").send_keys("3")
    shopper.click(".take .button:not(.quiet)")
    shopper.until(lambda: shopper.one("#cart-count").text == "3")
    title = shopper.texts("h1")[0]
    shopper.follow(".take .quiet")
    assert shopper.texts("h1") == ["Thank you!"]
    shopper.open("/about-me")
    deeds = [row for row in shopper.texts("tbody tr") if title in row]
    assert sum("Looked at" in row for row in deeds) == 1


def test_category_page_is_complete(shopper):
    shopper.become(7)
    shopper.follow(".categories li:nth-child(2) a")
    assert len(shopper.all(".wall .card")) == 16
    assert shopper.texts(".categories [aria-current]") == shopper.texts("h1")


def test_search_finds_and_a_result_leads_to_its_page(shopper):
    shopper.become(11)
    shopper.one("#q").send_keys("juice under 12")
    shopper.follow(".find button")
    assert shopper.texts("h1") == ["Results for “juice under 12”"]
    assert "up to $12.00" in shopper.texts(".page-head .note")[0]
    assert all("Orange juice" in name for name in shopper.texts(".wall .card .name")[:2])
    assert shopper.one("#q").get_attribute("value") == "juice under 12"
    title = shopper.texts(".wall .card .name")[0]
    shopper.follow(".wall .card:nth-child(1) .name a")
    assert shopper.texts("h1") == [title]
    assert "It stood on the shelf “Search results”." in shopper.texts(".why p")
    shopper.open("/about-me")
    assert any("Clicked" in row and title in row for row in shopper.texts("tbody tr"))
    shopper.open("/search?q=juice&lang=zh")
    assert shopper.texts("h1") == ["“juice”的搜索结果"]


def test_cart_is_emptied_and_bought(shopper):
    shopper.open("/")
    for place in (1, 2):
        shopper.click(f".row.popular .card:nth-child({place}) .plus")
        shopper.until(lambda place=place: shopper.one("#cart-count").text == str(place))
    shopper.follow(".cart-link")
    assert len(shopper.all(".lines li")) == 2
    shopper.follow(".lines li:first-child .link")
    assert len(shopper.all(".lines li")) == 1
    shopper.follow(".pay .button")
    assert shopper.texts("h1") == ["Thank you!"]
    assert "1 product bought" in shopper.texts(".done p")
    shopper.open("/cart")
    assert shopper.texts(".empty h2") == ["Your cart is empty"]


def test_shop_forgets_on_demand(shopper):
    shopper.become(8)
    shopper.open("/about-me")
    assert shopper.one(".known-as").text.startswith("c_")
    assert len(shopper.all(".bars li")) >= 2
    shopper.click(".check input")
    shopper.follow(".danger .button")
    assert shopper.texts("h1") == ["You are forgotten"]
    shopper.open("/about-me")
    assert shopper.one(".known-as").text == "A guest of this browser session"


def test_drawer_tells_corrects_and_the_page_behind_it_follows(shopper):
    shopper.become(13)
    shopper.click(".tools a[data-drawer]")
    shopper.until(lambda: shopper.all("#drawer[open] #about"))
    events = int(shopper.texts("#about .figures dd")[0].replace(",", ""))
    lost = shopper.texts("#about .bars a")[0]
    shopper.click("#about .bars .link")
    shopper.until(lambda: lost not in shopper.texts("#about .bars a"))
    left = int(shopper.texts("#about .figures dd")[0].replace(",", ""))
    assert 0 < left < events
    shopper.click("#about td .link")
    shopper.until(lambda: int(shopper.texts("#about .figures dd")[0].replace(",", "")) < left)
    shopper.click("#about .switch button")
    shopper.until(lambda: shopper.texts("#about .switch button") == ["Switch on"])
    assert shopper.driver.current_url == f"{shopper.address}/"
    shopper.click("#drawer .close")
    shopper.until(lambda: not shopper.all("#drawer[open]") and shelf(shopper, "popular"))
    assert shelf(shopper, "for_you") == []


def test_every_product_says_why_on_its_card(shopper):
    shopper.become(14)
    asks = shopper.all(".for_you .ask")
    assert len(asks) == len(shopper.all(".for_you .card"))
    shopper.click(".for_you .ask summary")
    assert shopper.one(".for_you .ask p").text.startswith(("You ", "Because ", "Goes", "Popular", "Often"))


def test_results_come_while_typing_and_by_keyboard(shopper):
    from selenium.webdriver.common.keys import Keys

    shopper.open("/search?q=milk")  # The first search reads the catalogue.
    shopper.open("/")
    shopper.one("#q").send_keys("orange ju")
    shopper.until(lambda: shopper.all("#instant li a"))
    assert "Orange juice" in shopper.texts("#instant li a")[0]
    shopper.one("#q").send_keys(Keys.ARROW_DOWN)
    assert "Orange juice" in shopper.driver.switch_to.active_element.text
    shopper.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not shopper.one("#instant").is_displayed()
    shopper.one("#q").send_keys("i")
    shopper.until(lambda: shopper.all("#instant li a"))
    shopper.one("#q").send_keys(Keys.ARROW_DOWN)
    title = shopper.driver.switch_to.active_element.find_element("css selector", "span").text
    shopper.driver.switch_to.active_element.send_keys(Keys.ENTER)
    shopper.until(lambda: shopper.texts("h1") == [title])


def test_two_tabs_and_a_double_click_count_once(shopper):
    from selenium.webdriver.common.action_chains import ActionChains

    shopper.open("/")
    plus = shopper.one(".row.popular .card:nth-child(3) .plus")
    ActionChains(shopper.driver).double_click(plus).perform()
    shopper.until(lambda: shopper.one("#cart-count").text == "1")
    link = shopper.one(".row.popular .card:nth-child(2) .name a").get_attribute("href")
    first = shopper.driver.current_window_handle
    for _ in range(2):
        shopper.driver.switch_to.new_window("tab")
        shopper.driver.get(link)
    title = shopper.texts("h1")[0]
    shopper.open("/about-me")
    seen = [row for row in shopper.texts("tbody tr") if title in row]
    assert sum("Looked at" in row for row in seen) == 1
    assert shopper.one("#cart-count").text == "1"
    while len(shopper.driver.window_handles) > 1:
        shopper.driver.close()
        shopper.driver.switch_to.window(shopper.driver.window_handles[-1])
    assert shopper.driver.current_window_handle == first


def test_two_languages_and_two_schemes(shopper):
    def background() -> str:
        return str(shopper.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))

    shopper.open("/?theme=light")
    light = background()
    shopper.follow(".to-dark")
    assert background() != light
    shopper.follow(".tool[hreflang='zh-CN']")
    assert shopper.texts("h1") == ["欢迎光临"]
    assert background() != light
    shopper.open("/cart")
    assert shopper.texts("h1") == ["您的购物车"]


def test_titles_stay_text(shopper):
    shopper.open("/item/i0")
    assert shopper.texts("h1") == ["<script>document.title='broken'</script>"]
    assert shopper.driver.title.startswith("<script>")


def test_interface_is_listed_without_any_other_host(shopper):
    shopper.open("/docs")
    assert "/v1/recommendations" in shopper.texts(".calls code")
    hosts = shopper.driver.execute_script(
        "return performance.getEntriesByType('resource').map(entry => new URL(entry.name).origin)"
    )
    assert set(hosts) == {shopper.address}


def test_keyboard_reaches_the_content_and_the_picker(shopper):
    from selenium.webdriver.common.keys import Keys

    shopper.open("/")
    body = shopper.one("body")
    body.send_keys(Keys.TAB)
    assert shopper.driver.switch_to.active_element.text == "Skip to content"
    shopper.one("#who summary").send_keys(Keys.ENTER)
    assert shopper.one("#who").get_attribute("open")
    shopper.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not shopper.one("#who").get_attribute("open")


def test_phone_needs_no_sideways_scrolling(shopper):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    shopper.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    shopper.open("/")
    assert shopper.driver.execute_script("return document.documentElement.scrollWidth") == 390
    shopper.become(9)
    for path in ("/", "/item/i9", "/category/Bakery", "/cart", "/about-me", "/docs", "/search?q=bread"):
        shopper.open(path)
        assert shopper.driver.execute_script("return document.documentElement.scrollWidth") == 390
        heights = shopper.driver.execute_script(
            "return [...document.querySelectorAll('.plus, .button, .tool')]"
            ".filter(e => e.getClientRects().length).map(e => e.getBoundingClientRect().height)"
        )
        assert min(heights) >= 36


def test_everything_works_without_script(shopper):
    shopper.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    shopper.open("/")
    shopper.one(".row.popular .card:nth-child(1) .plus").click()
    shopper.until(lambda: shopper.driver.current_url.endswith("/cart"))
    assert len(shopper.all(".lines li")) == 1


def test_a_guest_says_what_they_want_criticises_it_and_takes_it_back(shopper):
    shopper.open("/")
    assert len(shopper.all(".styles button")) >= 2
    shopper.one("#wish").send_keys("juice")
    shopper.follow(".wish .button")
    assert shopper.texts(".row h2")[0] == "For “juice”"
    assert shelf(shopper, "for_you") != []
    shown = shelf(shopper, "wished")
    shopper.follow(".row.wished .critique [name='not_this']")
    assert not set(shown) & set(shelf(shopper, "wished"))
    shopper.follow(".wish-told .button")
    assert shelf(shopper, "wished") == []
    shopper.follow(".styles button:nth-of-type(2)")
    assert shopper.texts(".row h2")[0].startswith("In the style you chose: ")
