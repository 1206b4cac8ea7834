"""A small shop with aisles, prices and titles: everybody keeps to one aisle, and children to the toys."""

import json

import numpy as np
import polars as pl

from shopkeeper.data.dataset import build_dataset
from tests.recommenders.worlds import START, frozen

AISLES = ("tea", "ware", "toys")
PER_AISLE = 12
"""Items of an aisle; nobody ever took the last two."""


def catalogue():
    rows = [
        {
            "item_id": f"{aisle}-{number:02}",
            "title": f"{aisle} number {number}",
            "category": aisle,
            "brand": f"brand {number % 3}",
            "price": 5.0 + 10.0 * place + number,
        }
        for place, aisle in enumerate(AISLES)
        for number in range(PER_AISLE)
    ]
    return pl.DataFrame(rows)


def aisles(people=45, seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        (f"p{person:02}", f"{AISLES[person % 3]}-{rng.integers(PER_AISLE - 2):02}", START + day * 86_400_000)
        for person in range(people)
        for day in range(8)
    ]
    events = pl.DataFrame(rows, ["person", "item_id", "timestamp"], orient="row")
    customers = pl.DataFrame(
        {
            "customer_id": [f"p{person:02}" for person in range(people)],
            "attributes": [json.dumps({"age": "child" if p % 3 == 2 else "adult"}) for p in range(people)],
        }
    )
    return frozen(build_dataset(events, catalogue(), customers))
