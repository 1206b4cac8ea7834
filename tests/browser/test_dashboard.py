"""The dashboard in a real browser, in front of a real server."""

import json
import shutil

import pytest

from shopkeeper.training.announce import ANNOUNCEMENT
from tests.browser.conftest import Shopper

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def versions(shop):
    """Two versions in the served shop: the one it trained, and a copy of it."""
    models = shop / "models"
    first = (models / "current").read_text().strip()
    second = f"{first[:-4]}{'0000' if first[-4:] != '0000' else '1111'}"
    shutil.copytree(models / first, models / second)
    manifest = json.loads((models / second / "manifest.json").read_text())
    (models / second / "manifest.json").write_text(json.dumps({**manifest, "version": second}))
    yield first, second
    (models / "current").write_text(first + "\n")
    shutil.rmtree(models / second)


def hover(shopper: Shopper, css: str) -> str:
    """What is told at the pointer."""
    from selenium.webdriver.common.action_chains import ActionChains

    target = shopper.one(css)
    shopper.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", target)
    ActionChains(shopper.driver).move_to_element(target).perform()
    return str(shopper.one(".hint:not([hidden])").text)


def test_data_health_tells_figures_at_the_pointer_and_in_a_table(shopper):
    shopper.open("/dashboard")
    assert shopper.texts("h1") == ["Data health"]
    day, told = hover(shopper, ".hit:last-of-type").split("\n", 1)
    assert day.startswith("20")
    assert "Bought: " in told
    shopper.click(".as-table summary")
    assert shopper.texts(".as-table tbody tr:last-child th") == [day]
    save = shopper.one(".save a[href$='csv']").get_attribute("href")
    saved = shopper.driver.execute_async_script(
        "const done = arguments[1]; fetch(arguments[0]).then(a => a.text()).then(done)", save
    )
    assert saved.splitlines()[-1].startswith(day)


def test_a_version_is_promoted_compared_and_rolled_back(shopper, versions):
    first, second = versions
    shopper.open("/dashboard/models")
    shopper.follow(f"td button[value='{second}']")
    serving = [row for row in shopper.texts("tbody tr") if "serves now" in row]
    assert [row.startswith(second) for row in serving] == [True]
    shopper.follow(".compare-form .button")
    assert "10 products are in both lists" in shopper.texts(".page-head .note")[0]
    assert len(shopper.all(".sides .ranked li")) == 20
    shopper.open("/dashboard/models")
    shopper.follow(f"button[value='{first}']")
    assert any(row.startswith(first) and "serves now" in row for row in shopper.texts("tbody tr"))


def test_a_training_under_way_is_followed_to_its_end(shopper, shop):
    import os

    path = shop / "models" / ANNOUNCEMENT
    before = path.read_text()
    state = json.loads(before) | {"running": True, "process": os.getpid(), "ended": 0}
    try:
        path.write_text(json.dumps(state | {"stages": [{"name": "fit", "done": 1, "total": 4}]}))
        shopper.open("/dashboard/models")
        assert shopper.one(".stages progress").get_attribute("value") == "1"
        path.write_text(json.dumps(state | {"stages": [{"name": "fit", "done": 3, "total": 4}]}))
        shopper.until(lambda: shopper.one(".stages progress").get_attribute("value") == "3")
    finally:
        path.write_text(before)
    shopper.until(lambda: shopper.all("#training[data-running='no']"))
    assert shopper.one(".panel-head .button").is_enabled()


def test_a_customer_is_looked_up_by_number(shopper):
    shopper.open("/dashboard/customers")
    shopper.one("#customer_id").send_keys("12")
    shopper.follow(".by-number .button")
    assert "/dashboard/customers/c_" in shopper.driver.current_url
    assert len(shopper.all(".ranked li")) >= 8
    assert any("You bought this" in reason for reason in shopper.texts(".ranked .reason"))
    assert len(shopper.all(".bars li")) >= 2


def test_catalogue_and_results_are_reached_by_keyboard_in_two_languages(shopper):
    from selenium.webdriver.common.keys import Keys

    shopper.open("/dashboard")
    shopper.one(".sections a[href^='/dashboard/catalogue']").send_keys(Keys.ENTER)
    shopper.until(lambda: shopper.texts("h1") == ["Catalogue"])
    assert "<script>document.title='broken'</script>" not in shopper.driver.title
    shopper.open("/")

    def drawn() -> bool:
        """Answers are logged beside the requests, within a second."""
        shopper.open("/dashboard/results?lang=zh")
        return len(shopper.all(".chart")) == 3

    shopper.until(drawn)
    assert shopper.texts("h1") == ["成效"]
