"""Turn public datasets into the files `shopkeeper evaluate` reads.

    python -m benchmarks.datasets NAME FOLDER OUT

beauty         Amazon Beauty 2014, 5-core: a folder with ``Beauty.txt``
               -> OUT/events.csv (protocol last-out)
diginetica     CIKM Cup 2016 sessions: a folder with ``train_sessions.txt`` and ``test_sessions.txt``
               -> OUT/events.csv and OUT/test.csv (protocol sessions)
online_retail  UCI Online Retail II: a folder with ``online_retail_2009_2010.parquet``
               -> OUT/events.csv (protocol time)
office         Amazon Office Products 2018: a folder with ``items.jsonl``, ``valid.jsonl`` and ``test.jsonl``
               -> OUT/events.csv and OUT/items.csv (protocol time)
lastfm         HetRec 2011 Last.fm: a folder with ``user_artists.dat`` and ``user_friends.dat``
               -> OUT/events.csv, OUT/customers.csv and OUT/ties.csv (see `benchmarks.social`)

The first two know the order of events and no times: purchases get one day after another, sessions one minute
and their clicks one second. Last.fm knows no order either: everything happened at one moment.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

START = 1_388_534_400
"""2014-01-01, epoch seconds: where made-up times begin."""

DAY = 86_400


def beauty(folder: Path, out: Path) -> list[Path]:
    """``user item item ...`` lines in time order: one event a day."""
    lines = [line.split() for line in (folder / "Beauty.txt").read_text().splitlines()]
    items = [line[1:] for line in lines]
    customers = np.repeat([line[0] for line in lines], [len(row) for row in items])
    days = np.concatenate([np.arange(len(row)) for row in items])
    frame = pl.DataFrame(
        {
            "customer_id": customers,
            "item_id": [item for row in items for item in row],
            "timestamp": START + DAY * days,
        }
    )
    return [_write(frame, out / "events.csv")]


def diginetica(folder: Path, out: Path) -> list[Path]:
    """One session a line, lines in time order."""
    train = _sessions(folder / "train_sessions.txt", START)
    test = _sessions(folder / "test_sessions.txt", int(train["timestamp"].to_numpy().max()) + DAY)
    return [_write(train, out / "events.csv"), _write(test, out / "test.csv")]


def _sessions(path: Path, start: int) -> pl.DataFrame:
    rows = [line.split() for line in path.read_text().splitlines()]
    session = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    click = np.concatenate([np.arange(len(row)) for row in rows])
    return pl.DataFrame(
        {
            "session_id": session,
            "item_id": [item for row in rows for item in row],
            "timestamp": start + 60 * session + click,
        }
    )


def online_retail(folder: Path, out: Path) -> list[Path]:
    """Lines of a gift-ware shop, without cancellations and lines that are no product.

    A line without a customer stays: popularity counts it.
    """
    raw = pl.read_parquet(folder / "online_retail_2009_2010.parquet")
    lines = raw.filter(
        pl.col("StockCode").str.contains(r"^\d{5}")
        & ~pl.col("Invoice").str.starts_with("C")
        & (pl.col("Quantity") > 0)
        & (pl.col("Price") > 0)
    )
    frame = lines.select(
        customer_id=pl.col("Customer ID").cast(pl.Int64),
        transaction_id=pl.col("Invoice"),
        item_id=pl.col("StockCode"),
        timestamp=pl.col("InvoiceDate"),
        event_type=pl.lit("purchase"),
        quantity=pl.col("Quantity"),
        price=pl.col("Price"),
        title=pl.col("Description"),
    )
    return [_write(frame, out / "events.csv")]


def office(folder: Path, out: Path) -> list[Path]:
    """What people had before, then validation in the four weeks before those of the test."""
    valid, test = (pl.read_ndjson(folder / f"{name}.jsonl") for name in ("valid", "test"))
    before = pl.concat([valid, test]).unique("user", keep="first", maintain_order=True).explode("history")
    back = pl.len().over("user") - pl.int_range(pl.len()).over("user")
    past = before.select(
        customer_id="user", item_id=pl.col("history").cast(pl.String), timestamp=START + DAY * (100 - back)
    )
    asked = [
        frame.select(
            customer_id="user",
            item_id=pl.col("target").cast(pl.String),
            timestamp=START + DAY * (day + 28 * pl.int_range(pl.len()).over("user") // pl.len().over("user")),
        )
        for frame, day in ((valid, 100), (test, 128))
    ]
    items = pl.read_ndjson(folder / "items.jsonl").select(
        pl.col("item_id").cast(pl.String), "title", "brand", "description"
    )
    events = pl.concat([past, *asked]).filter(pl.col("item_id").is_not_null())
    return [_write(events, out / "events.csv"), _write(items, out / "items.csv")]


def lastfm(folder: Path, out: Path) -> list[Path]:
    """One purchase for each artist of a person, of as many as were played; everybody agrees to be heard."""
    plays, friends = (
        pl.read_csv(folder / f"user_{name}.dat", separator="\t") for name in ("artists", "friends")
    )
    events = plays.select(
        customer_id="userID",
        item_id="artistID",
        timestamp=pl.lit(START),
        event_type=pl.lit("purchase"),
        quantity="weight",
    )
    customers = plays.select(customer_id=pl.col("userID").unique(maintain_order=True), consent=pl.lit("yes"))
    ties = friends.select(customer_id="userID", other_id="friendID", kind=pl.lit("friend"))
    tables = {"events": events, "customers": customers, "ties": ties}
    return [_write(table, out / f"{name}.csv") for name, table in tables.items()]


DATASETS: dict[str, Callable[[Path, Path], list[Path]]] = {
    "beauty": beauty,
    "diginetica": diginetica,
    "online_retail": online_retail,
    "office": office,
    "lastfm": lastfm,
}


def _write(frame: pl.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_csv(path)
    print(f"{path}: {len(frame):,} rows")
    return path


def main(arguments: list[str]) -> int:
    """Convert one dataset; 2 where the command is not understood."""
    match arguments:
        case [name, folder, out] if name in DATASETS and Path(folder).is_dir():
            DATASETS[name](Path(folder), Path(out))
            return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
