"""The log's writer beside bare SQLite: batches of 100 events, acknowledged only when on disk.

Threads hand their batches to the store's one writer, which shares commits among those that wait. Beside it,
in turn, as many threads as that write the same batches bare, each on a connection of its own: one transaction
a batch, ``synchronous=FULL``, the same table, key and indexes. Printed is the ratio of rows a second, once
with rows ready made (the writer alone) and once from raw mappings (checked, pseudonymised and keyed too).

    python benchmarks/event_log.py [--seconds 3] [--rounds 3] [--json OUT]
"""

import argparse
import itertools
import json
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.ports import EventRow
from shopkeeper.data.collect import collect_events, prepare
from shopkeeper.data.connections import connect, transaction
from shopkeeper.data.log import insert_sql
from shopkeeper.data.store import Store
from shopkeeper.privacy.identity import Identity

BATCH = 100
THREADS = (1, 8)
NOW = 1_700_000_000_000
CONFIG = ShopConfig()
IDENTITY = Identity(b"k" * 32)
INSERT = insert_sql(c.EVENT_COLUMNS)

Batch = list[dict[str, Any]]
Write = Callable[[Batch, list[EventRow]], object]


def batches(numbers: Iterator[int]) -> Iterator[tuple[Batch, list[EventRow]]]:
    """Endless batches of fresh events, raw and ready made."""
    for number in numbers:
        raw = [
            {
                c.CUSTOMER_ID: f"customer {(number * 7 + row) % 5000}",
                c.SESSION_ID: f"session {(number * 7 + row) % 9000}",
                c.EVENT_TYPE: "view_item",
                c.ITEM_ID: str((number + row) % 20_000),
                c.TIMESTAMP: NOW - 10_000_000_000 + number * BATCH + row,
                c.PRICE: 9.5,
                c.QUANTITY: 1,
            }
            for row in range(BATCH)
        ]
        yield raw, prepare(raw, config=CONFIG, identity=IDENTITY, now=NOW)[1]


def made(threads: int, count: int, numbers: Iterator[int]) -> list[list[tuple[Batch, list[EventRow]]]]:
    """Batches for each thread, made before the clock runs."""
    return [list(itertools.islice(batches(numbers), count)) for _ in range(threads)]


def rate(write: Write, work: list[list[tuple[Batch, list[EventRow]]]], seconds: float) -> float:
    """Rows a second of all threads together."""

    def one(own: list[tuple[Batch, list[EventRow]]]) -> int:
        done = 0
        for raw, rows in own:
            if time.perf_counter() - started >= seconds:
                break
            write(raw, rows)
            done += len(rows)
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(len(work)) as pool:
        done = sum(pool.map(one, work))
    return done / (time.perf_counter() - started)


def bare_writer(path: Path) -> Write:
    """A writer with a connection for each thread that calls it."""
    connections: dict[int, sqlite3.Connection] = {}

    def write(raw: Batch, rows: list[EventRow]) -> None:
        me = threading.get_ident()
        if me not in connections:
            connections[me] = connect(path)
        with transaction(connections[me]):
            connections[me].executemany(INSERT, rows)

    return write


def compare(threads: int, seconds: float, rounds: int) -> dict[str, Any]:
    """Medians of the ratios at one number of threads."""
    numbers, count = itertools.count(), int(seconds * 700 / threads) + 20
    alone, whole, bare_rates = [], [], []
    for _ in range(rounds):
        with TemporaryDirectory() as name, Store(Path(name) / "shop.db") as store:
            Store(Path(name) / "bare.db").close()
            bare = rate(bare_writer(Path(name) / "bare.db"), made(threads, count, numbers), seconds)
            ready = rate(lambda raw, rows: store.append(rows), made(threads, count, numbers), seconds)
            from_raw = rate(
                lambda raw, rows: collect_events(store, raw, config=CONFIG, identity=IDENTITY, now=NOW),
                made(threads, count, numbers),
                seconds,
            )
        bare_rates.append(bare)
        alone.append(ready / bare)
        whole.append(from_raw / bare)
    return {
        "threads": threads,
        "bare_rows_per_second": round(statistics.median(bare_rates)),
        "writer_ratio": round(statistics.median(alone), 2),
        "collect_ratio": round(statistics.median(whole), 2),
    }


def main() -> None:
    """Print a line for each number of threads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = []
    for threads in THREADS:
        results.append(compare(threads, options.seconds, options.rounds))
        print(results[-1], flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
