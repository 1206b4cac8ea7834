"""A small real shop, made and served by the command line, and a browser in front of it."""

import csv
import fcntl
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

DAY_SECONDS = 86_400
CATEGORIES = {
    "Bakery": ("Rye bread", "Bagels", "Croissant", "Baguette", "Muffin", "Rolls", "Pretzel", "Scones"),
    "Dairy & eggs": ("Milk", "Butter", "Yogurt", "Cheddar", "Eggs", "Cream", "Kefir", "Cottage cheese"),
    "Drinks": ("Lemonade", "Cola", "Orange juice", "Green tea", "Coffee", "Water", "Cider", "Tonic"),
    "Produce": ("Bananas", "Apples", "Carrots", "Spinach", "Tomatoes", "Onions", "Grapes", "Leeks"),
}
SIZES = ("small", "large")
READY_SECONDS = 60


def item_rows() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for category, names in CATEGORIES.items():
        for place, name in enumerate(names):
            for size in SIZES:
                number = len(rows)
                rows.append(
                    {
                        "item_id": f"i{number}",
                        "title": f"{name}, {size}",
                        "category": category,
                        "category2": f"{category} for {'mornings' if place < 4 else 'evenings'}",
                        "brand": "House" if number % 3 else "Old Mill",
                        "price": 1 + number / 4,
                    }
                )
    rows[0]["title"] = "<script>document.title='broken'</script>"
    return rows


def event_rows(people: int = 60) -> list[dict[str, object]]:
    """Three months of customers who each like two categories and a few products of them."""
    rng, now = random.Random(11), int(time.time())
    items: dict[str, list[str]] = {}
    for row in item_rows():
        items.setdefault(str(row["category"]), []).append(str(row["item_id"]))
    rows: list[dict[str, object]] = []
    for person in range(people):
        liked = rng.sample(sorted(items), 2)
        staples = [item for category in liked for item in rng.sample(items[category], 4)]
        for day in range(90, 0, -rng.choice((5, 7, 9))):
            at = now - day * DAY_SECONDS - 60 * person
            for item in [*rng.sample(staples, 3), rng.choice(items[liked[0]])]:
                rows.append(
                    {"customer_id": person, "item_id": item, "timestamp": at, "event_type": "purchase"}
                )
    return rows


def campaign_rows() -> list[dict[str, object]]:
    """One campaign that was, and one that runs."""
    now = int(time.time())
    rows: list[dict[str, object]] = []
    for name, start in (("winter", -60), ("spring", -2)):
        rows += [
            {
                "campaign_id": name,
                "title": f"The {name} sale",
                "kind": "sale",
                "item_id": f"i{item}",
                "starts_at": now + start * DAY_SECONDS,
                "ends_at": now + (start + 20) * DAY_SECONDS,
            }
            for item in (1, 9, 17)
        ]
    return rows


def promotion_rows(people: int = 60) -> list[dict[str, object]]:
    """Every third customer took the first campaign up."""
    told = {"timestamp": int(time.time()) - 55 * DAY_SECONDS, "event_type": "select_promotion"}
    return [{**told, "customer_id": n, "promotion_id": "winter"} for n in range(0, people, 3)]


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def shopkeeper(*arguments: str) -> None:
    """Run one command to its end; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "shopkeeper", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def make_shop(folder: Path) -> Path:
    """Import and train a shop as a person would."""
    shop = folder / "shop"
    shopkeeper("init", str(shop))
    with (shop / "shopkeeper.toml").open("a", encoding="utf-8") as config:
        config.write('\n[encoders]\ntext = "multilingual"  # needs no converting\n')
    for kind, rows in (("items", item_rows()), ("events", event_rows())):
        path = write_csv(folder / f"{kind}.csv", rows)
        shopkeeper("import", str(path), "--shop", str(shop), "--kind", kind)
    for kind, rows in (("campaigns", campaign_rows()), ("events", promotion_rows())):
        path = write_csv(folder / f"promoted-{kind}.csv", rows)
        shopkeeper("import", str(path), "--shop", str(shop), "--kind", kind)
    shopkeeper("train", "--shop", str(shop))
    shopkeeper("snapshot", "--shop", str(shop))
    return shop


@contextmanager
def served(shop: Path, log: Path) -> Iterator[str]:
    """Serve a shop in a process of its own; the address it answers at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "shopkeeper", "serve", "--shop", str(shop), "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not become ready:\n{log.read_text()}")


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Path:
    """Folder of the shop that is served; made once for all processes that test."""
    folder, own = tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("browser")
    common = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "browser-shop"
    common.mkdir(exist_ok=True)
    with (common / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (common / "made").exists():
            make_shop(common)
            (common / "made").touch()
    return Path(shutil.copytree(common / "shop", own / "shop"))


ELSEWHERE = Path(__file__).parents[2] / "docs" / "examples" / "elsewhere.html"


class _Elsewhere(BaseHTTPRequestHandler):
    """A page that is not ours, as the documentation shows it."""

    engine = ""

    def do_GET(self) -> None:
        page = (
            ELSEWHERE.read_text("utf-8").replace("http://127.0.0.1:8000", self.engine).replace("T100", "i34")
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[str]:
    """Where a page of another site is served; a browser tells `localhost` from 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def address(shop, elsewhere) -> Iterator[str]:
    """Where the shop is served, which knows the other site."""
    with (shop / "shopkeeper.toml").open("a", encoding="utf-8") as config:
        config.write(f'\n[embed]\norigins = ["{elsewhere}"]\n')
    with served(shop, shop.parent / "server.log") as address:
        _Elsewhere.engine = address
        yield address


class Shopper:
    """Somebody at a browser."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, path: str) -> None:
        self.driver.get(self.address + path)

    def all(self, css: str) -> list[Any]:
        return list(self.driver.find_elements("css selector", css))

    def one(self, css: str) -> Any:
        return self.driver.find_element("css selector", css)

    def texts(self, css: str) -> list[str]:
        return [element.get_attribute("textContent").strip() for element in self.all(css)]

    def click(self, css: str) -> None:
        element = self.one(css)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def follow(self, css: str) -> None:
        """Click on what leads to another page, and wait for that page."""
        self.driver.execute_script("document.documentElement.dataset.left = 1")
        self.click(css)
        self.until(
            lambda: self.driver.execute_script(
                "return document.readyState === 'complete' && !document.documentElement.dataset.left"
            )
        )

    def until(self, condition: Any, seconds: float = 20) -> Any:
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        # What a script replaces while it is looked at is looked at again.
        wait = WebDriverWait(self.driver, seconds, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: condition())

    def become(self, number: int) -> None:
        """Choose a customer by number."""
        self.open("/")
        self.click("#who summary")
        self.one("#customer_id").send_keys(str(number))
        self.follow(".by-number .button")
        assert self.texts("h1") == ["Good to see you again"]

    def complaints(self) -> list[str]:
        """What the browser wrote to its console: blocked styles, missing files, faults of scripts."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def shopper(browser, address) -> Iterator[Shopper]:
    """A visitor with an empty cookie jar; whatever the browser complained about fails the test."""
    shopper = Shopper(browser, address)
    yield shopper
    assert shopper.complaints() == []
