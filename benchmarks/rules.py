"""What rules cost a request, in process and on one thread, over a large catalogue.

    python -m benchmarks.rules [--items 100000]

A made-up log is learned from by the blend without tuning. Six rules, one of each kind, are laid along the
catalogue once; then the same people ask for ten items without and with them.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from benchmarks.latency import made_up
from shopkeeper.core.rules import Rule
from shopkeeper.data.histories import build_histories
from shopkeeper.recommenders.blend import Blend
from shopkeeper.recommenders.model import Model
from shopkeeper.surfaces.assortment import Assortment, lay_out
from shopkeeper.surfaces.listing import Asked, listed
from shopkeeper.surfaces.rules import Ruled, lay
from shopkeeper.surfaces.slate import eligible
from shopkeeper.surfaces.visit import Visit

RULES = tuple(
    Rule.model_validate(told)
    for told in (
        {"name": "cheap", "action": "filter", "max_price": 50},
        {"name": "not this", "action": "exclude", "category": ["c7", "c8"]},
        {"name": "own brand", "action": "boost", "brand": ["b1"], "strength": 4},
        {"name": "slow", "action": "bury", "category": ["c1", "c2", "c3"]},
        {"name": "two a brand", "action": "cap", "per": "brand", "most": 2},
        {"name": "star", "action": "pin", "item_ids": ["i0000005"], "slot": 3},
    )
)
ASKED = 300
K = 10


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


def visits(items: int) -> list[Visit]:
    """People with a history, before the same shop."""
    dataset = made_up(items, 4_000)
    blend = Blend().fit(dataset)
    model = Model("v", dataset.items, blend, {source.name: source for source in blend.sources})
    brand = pl.concat_str(pl.lit("b"), (pl.int_range(pl.len()) % 40).cast(pl.String))
    table = dataset.items.table.with_columns(title=pl.col("item_id"), brand=brand)
    stock = lay_out(dataset.items, table, currency="USD")
    now = np.array([dataset.end], np.int64)
    return [
        Visit(model, stock, build_histories(dataset, np.array([person]), now), dataset.end)
        for person in range(ASKED)
    ]


def ask(visit: Visit, ruled: Ruled) -> None:
    """One list."""
    under = replace(visit, ruled=ruled)
    asked = Asked("for_you", under.default(), K, eligible(under.stock))
    listed(under, asked, under.open, (), lambda: np.random.default_rng(0))


def lay_times(stock: Assortment) -> tuple[float, float]:
    """Laying the rules along a catalogue that was just read, and along one that was looked at before."""
    return milliseconds(lambda: lay(RULES, stock)), milliseconds(lambda: lay(RULES, stock))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    people = visits(parser.parse_args().items)
    first, again = lay_times(people[0].stock)
    print(f"laying {len(RULES)} rules: {first:.0f} ms, and {again:.0f} ms for others afterwards")
    for name, ruled in (("without rules", Ruled()), ("with rules", lay(RULES, people[0].stock))):
        for visit in people[:50]:
            ask(visit, ruled)
        times = [milliseconds(partial(ask, visit, ruled)) for visit in people]
        print(f"{name:14} p50 {np.percentile(times, 50):.2f} ms  p99 {np.percentile(times, 99):.2f} ms")


if __name__ == "__main__":
    main()
