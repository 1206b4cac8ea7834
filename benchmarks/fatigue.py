"""What it costs a request to know what the person was shown.

    python -m benchmarks.fatigue

A catalogue of 100,000 items and a visitor with a hundred homepages of 96 items each in the decision log.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from shopkeeper.core.types import DAY_MS, Decision, Histories, Shown
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.serving.seen import Seen
from shopkeeper.surfaces.assortment import lay_out
from shopkeeper.surfaces.fatigue import Fatigue

ITEMS = 100_000
NOW = 1_795_428_000_000
SHELVES, CARDS = 8, 12
ROUNDS = 200


def homepage(n: int, who: str) -> Decision:
    """The ``n``-th homepage of a person, four hours after the one before: a third of it changes."""
    chance = np.random.default_rng(n // 3)
    items = chance.choice(ITEMS, SHELVES * CARDS, replace=False).reshape(SHELVES, CARDS)
    rows = tuple(
        Shown(f"row {i}", tuple(f"i{code}" for code in shelf), ("blend",) * CARDS, (1.0,) * CARDS)
        for i, shelf in enumerate(items.tolist())
    )
    return Decision(f"{who}-{n}", who, None, "homepage", "v", NOW - (200 - n) * DAY_MS // 6, rows)


def median(call: Callable[[], object]) -> float:
    """Microseconds of a call."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call()
        times.append(1e6 * (time.perf_counter() - start))
    return float(np.median(times))


def main() -> None:
    """Measure and print."""
    stock = lay_out(
        ItemIndex.of([]), pl.DataFrame({"item_id": [f"i{code}" for code in range(ITEMS)]}), currency="USD"
    )
    stock.codes  # noqa: B018 - laid once for all requests
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / STORE_FILE) as store:
        decisions = Decisions(store)
        for n in range(100):
            for who in ("a", *(f"other {m}" for m in range(20))):
                decisions.log(homepage(n, who))
        decisions.flush()
        seen = Seen(decisions, store, days=7)
        start = time.perf_counter()
        showings = seen.showings(("a",), stock, NOW)
        print(f"first request: {1e3 * (time.perf_counter() - start):.1f} ms, {len(showings):,} showings")
        print(f"nothing new: {median(lambda: seen.showings(('a',), stock, NOW)):.0f} µs")
        new = []
        for n in range(100, 100 + ROUNDS // 4):
            decisions.log(homepage(n, "a"))
            decisions.flush()
            start = time.perf_counter()
            seen.showings(("a",), stock, NOW)
            new.append(1e6 * (time.perf_counter() - start))
        print(f"one new homepage: {np.median(new):.0f} µs")
        histories = _history(50)
        fatigue = Fatigue(seen.showings(("a",), stock, NOW), 0.2, 7.0)
        print(f"factors: {median(lambda: fatigue.tired(histories, NOW)):.0f} µs")
        decisions.close()


def _history(n: int) -> Histories:
    items, times = np.arange(n, dtype=np.int32), np.full(n, NOW - DAY_MS, np.int64)
    offsets = np.array([0, n], np.int64)
    ones = np.ones(n, np.float32)
    return Histories(
        offsets, items, np.zeros(n, np.int8), times, ones, offsets, items, ones.astype(np.int32), times, times
    )


if __name__ == "__main__":
    main()
