"""A small real shop on disk: a catalogue, a log, a trained and promoted model."""

import random
from pathlib import Path

from shopkeeper.core import columns as c
from shopkeeper.core.config import EventWeights, ShopConfig
from shopkeeper.core.types import DAY_MS
from shopkeeper.data import catalogue, schema
from shopkeeper.data.collect import collect_events
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.privacy.identity import KEY_FILE, Identity, create_key, load_key
from shopkeeper.recommenders.blend import Blend
from shopkeeper.serving.models import LiveModel
from shopkeeper.serving.service import Service
from shopkeeper.training.promote import current_version, load_model, promote, save_model

NOW = 1_795_428_000_000
CATEGORIES = ("Bakery", "Dairy", "Drinks", "Frozen", "Meat", "Produce")
ITEMS_EACH = 20


def item_rows() -> list[dict[str, object]]:
    """Twenty items in each of six categories; every fifth has the title of the one before."""
    rows: list[dict[str, object]] = []
    for category in CATEGORIES:
        for i in range(ITEMS_EACH):
            title = f"{category} {i - 1 if i % 5 == 4 else i}"
            rows.append(
                {
                    c.ITEM_ID: f"{category.lower()}-{i:02}",
                    c.TITLE: title,
                    c.CATEGORY: category,
                    c.CATEGORY2: f"{category} {'ab'[i % 2]}",
                    c.CATEGORY3: f"{category} {'abcd'[i % 4]}",
                    c.BRAND: "House" if i % 2 else "Name",
                    c.PRICE: 1.0 + i,
                    c.IN_STOCK: i != 19,
                    c.ATTRIBUTES: '{"title_zh": "商品"}' if i == 0 else None,
                }
            )
    return rows


def put_items(store: Store, rows: list[dict[str, object]]) -> None:
    """Write catalogue rows."""
    values = [tuple(row.get(name) for name in c.ITEM_COLUMNS) for row in rows]
    store.write(lambda connection: catalogue.upsert(connection, schema.ITEMS, values)).result()


def event_rows(people: int = 40, seed: int = 7) -> list[dict[str, object]]:
    """Purchases and views of customers who each like two categories and a few items of them."""
    rng = random.Random(seed)
    rows: list[dict[str, object]] = []
    for person in range(people):
        liked = rng.sample(CATEGORIES, 2)
        staples = [f"{rng.choice(liked).lower()}-{rng.randrange(ITEMS_EACH):02}" for _ in range(6)]
        for day in range(60, 0, -7):
            at = NOW - day * DAY_MS + person
            rows += [_event(person, "purchase", item, at) for item in rng.sample(staples, 3)]
            rows.append(
                _event(person, "view_item", f"{rng.choice(liked).lower()}-{rng.randrange(19):02}", at)
            )
    return rows


def _event(person: int, kind: str, item: str, at: int) -> dict[str, object]:
    return {
        c.CUSTOMER_ID: str(person),
        c.EVENT_TYPE: kind,
        c.ITEM_ID: item,
        c.TIMESTAMP: at,
        c.QUANTITY: 1,
    }


def make_shop(folder: Path, *, trained: bool = True, config: str = "") -> Path:
    """A shop's folder, filled."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models").mkdir()
    (folder / "shopkeeper.toml").write_text(config, encoding="utf-8")
    identity = Identity(create_key(folder / KEY_FILE))
    with Store(folder / STORE_FILE) as store:
        put_items(store, item_rows())
        collect_events(store, event_rows(), config=ShopConfig(), identity=identity, now=NOW)
        if trained:
            train(store, folder / "models")
    return folder


def train(store: Store, models: Path) -> str:
    """Fit the blend on everything in the log and promote it."""
    events = store.scan((PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.QUANTITY))
    dataset = build_dataset(events, store.items(), weights=EventWeights())
    version = save_model(models, Blend().fit(dataset), dataset, {})
    promote(models, version)
    return version


def open_service(folder: Path, *, config: ShopConfig | None = None, now: int = NOW) -> Service:
    """A service over the folder, with a clock that stands still."""
    models = LiveModel(
        folder / "models", lambda models: load_model(models / current_version(models)), every=0.0
    )
    identity = Identity(load_key(folder / KEY_FILE))
    return Service(config or ShopConfig(), identity, Store(folder / STORE_FILE), models, lambda: now)
