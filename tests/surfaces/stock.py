"""A made-up assortment and a visit to it, for tests of surfaces."""

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.dataset import PERSON, Dataset, ItemIndex, build_dataset
from shopkeeper.data.histories import build_histories
from shopkeeper.recommenders.blend import Blend
from shopkeeper.recommenders.model import Model
from shopkeeper.surfaces.assortment import Assortment, lay_out
from shopkeeper.surfaces.visit import Visit

NOW = 1_795_428_000_000


def assortment(rows: list[dict[str, object]], known: list[str] | None = None) -> Assortment:
    """Items by rows; all of them known to the model unless named."""
    catalogue = pl.DataFrame(rows, infer_schema_length=None)
    items = ItemIndex.of(catalogue[c.ITEM_ID].to_list() if known is None else known)
    return lay_out(items, catalogue, currency="EUR")


def catalogue(categories: int = 6, each: int = 20) -> pl.DataFrame:
    """Items whose titles and finest categories repeat now and then."""
    return pl.DataFrame(
        [
            {
                c.ITEM_ID: f"{g}-{i:02}",
                c.TITLE: f"Product {g} {i // 2 if i % 7 == 1 else i}",
                c.CATEGORY: f"Category {g}",
                c.CATEGORY2: f"Kind {g} {i % 3}",
                c.CATEGORY3: f"Sort {g} {i % 5}",
                c.BRAND: "House" if i % 2 else "Name",
                c.PRICE: 1.0 + i,
                c.IN_STOCK: i % 10 != 9,
            }
            for g in range(categories)
            for i in range(each)
        ]
    )


def dataset(people: int = 30, seed: int = 3) -> Dataset:
    """Purchases of people who like two categories each."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        groups = rng.choice(6, 2, replace=False)
        for day in range(40, 0, -3):
            for _ in range(3):
                item = f"{rng.choice(groups)}-{rng.integers(0, 20):02}"
                rows.append(
                    (f"p{person:02}", item, "purchase" if day % 2 else "view_item", NOW - day * DAY_MS)
                )
    events = pl.DataFrame(rows, [PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP], orient="row")
    return build_dataset(events, catalogue())


def model(data: Dataset) -> Model:
    """The blend fitted on it."""
    blend = Blend().fit(data)
    return Model("v1", data.items, blend, {source.name: source for source in blend.sources})


def visit(data: Dataset, fitted: Model | None, person: int | None, cart: tuple[int, ...] = ()) -> Visit:
    """One person of the dataset, or a guest."""
    before = NOW if person is not None else 0
    histories = build_histories(data, np.array([person or 0]), np.array([before]))
    stock = lay_out(data.items if fitted else ItemIndex.of([]), catalogue(), currency="EUR")
    if fitted is None:
        histories = build_histories(data, np.array([0]), np.array([0]))
    return Visit(fitted, stock, histories, NOW, cart)
