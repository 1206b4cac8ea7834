"""The whole way once: files, import, training, a page, a click, and a model that has learned from it."""

import json
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.browser.conftest import Shopper, make_shop, served, shopkeeper

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def live(address: str) -> str:
    with urllib.request.urlopen(f"{address}/health/ready", timeout=10) as answer:
        version: str = json.load(answer)["model_version"]
    return version


def learned(shop: Path, version: str) -> int:
    manifest = json.loads((shop / "models" / version / "manifest.json").read_text())
    return int(manifest["window"]["events"])


def test_from_files_to_a_click_to_a_retrained_model(tmp_path, browser):
    shop = make_shop(tmp_path)
    with served(shop, tmp_path / "server.log") as address:
        shopper, first = Shopper(browser, address), live(address)
        shopper.become(7)
        shopper.follow(".for_you .card:nth-child(1) .name a")
        title = shopper.texts("h1")[0]
        shopper.follow("button[formaction='/buy']")
        shopkeeper("train", "--shop", str(shop))
        shopper.open("/")
        shopper.until(lambda: live(address) != first)
        second = live(address)
        shopper.open("/about-me")
        assert title in shopper.one("main").text
    with closing(sqlite3.connect(shop / "shop.db")) as log:
        clicks = log.execute("SELECT event_type FROM events WHERE request_id IS NOT NULL").fetchall()
    assert ("purchase",) in clicks
    assert learned(shop, second) == learned(shop, first) + len(clicks)
