"""The shop that is served: 100,000 items of a generated shop, and people with histories of 50 events.

    python -m benchmarks.serving.shop FOLDER [--items 100000] [--people 20000]

Imported and trained by the command line, as any shop is.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data import synthetic

EVENTS = 50
"""Events of a person, the last that name an item."""
DAYS = 60
ASKERS = "askers.txt"
"""Ids of people with exactly `EVENTS` events, one a line."""


def make(folder: Path, items: int, people: int) -> None:
    """Generate, import, train."""
    generated = synthetic.generate(people, items, DAYS, 0)
    events = generated.events.filter(pl.col(c.ITEM_ID).is_not_null() & pl.col(c.CUSTOMER_ID).is_not_null())
    events = events.group_by(c.CUSTOMER_ID, maintain_order=True).tail(EVENTS).sort(c.TIMESTAMP)
    full = events.group_by(c.CUSTOMER_ID).len().filter(pl.col("len") == EVENTS)[c.CUSTOMER_ID].sort()
    folder.mkdir(parents=True, exist_ok=True)
    events.write_parquet(folder / "events.parquet")
    generated.items.write_parquet(folder / "items.parquet")
    shopkeeper("init", str(folder / "shop"))
    for table in ("items", "events"):
        shopkeeper(
            "import", str(folder / f"{table}.parquet"), "--shop", str(folder / "shop"), "--kind", table
        )
    (folder / ASKERS).write_text("\n".join(full) + "\n", encoding="utf-8")
    shopkeeper("train", "--shop", str(folder / "shop"))


def shopkeeper(*words: str) -> None:
    """Run the command line."""
    subprocess.run([sys.executable, "-m", "shopkeeper", *words], check=True)


def main() -> None:
    """Make the shop in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=20_000)
    given = parser.parse_args()
    make(given.folder, given.items, given.people)


if __name__ == "__main__":
    main()
