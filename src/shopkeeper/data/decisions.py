"""The decision log: what was answered to whom, where, and with what probability.

An answer is one row of the table, its items packed as JSON: a homepage shows a hundred of them, and a row
each would cost the disk more than the events do. Reading unpacks them.
"""

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.types import DAY_MS, Decision, Shown
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.people import erasures
from shopkeeper.data.schema import DECISIONS

Read = TypeVar("Read")
EVERY: Final = 0.5
"""Seconds between two writes; what is lost when a process is killed."""
KEEP_DAYS: Final = 90
"""How long decisions are kept."""
MOST_WAITING: Final = 10_000
"""Decisions that wait at most; should the disk not keep up, the oldest are lost."""
NEWEST: Final = 20_000
"""Answers that are looked at unless told otherwise."""

_COLUMNS: Final = (
    c.REQUEST_ID,
    c.CUSTOMER_ID,
    c.SESSION_ID,
    c.SURFACE,
    c.MODEL_VERSION,
    c.TIMESTAMP,
    c.SHOWN,
)
_INSERT: Final = (
    f"INSERT OR IGNORE INTO {DECISIONS} ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
)
# Old answers go a few at a time: a long deletion would keep events waiting.
_PRUNE: Final = f"""
    DELETE FROM {DECISIONS} WHERE {c.SEQ} IN (
        SELECT {c.SEQ} FROM {DECISIONS} WHERE {c.TIMESTAMP} < ? ORDER BY {c.TIMESTAMP} LIMIT 200)"""
_STORED: Final = {name: pl.Int64() if name == c.TIMESTAMP else pl.String() for name in _COLUMNS}
_PACKED: Final = pl.List(
    pl.Struct(
        {
            c.ROW: pl.String,
            c.ITEM_ID: pl.List(pl.String),
            c.SOURCE: pl.List(pl.String),
            c.PROBABILITY: pl.List(pl.Float64),
        }
    )
)
SHOWN_COLUMNS: Final = (
    c.REQUEST_ID,
    PERSON,
    c.SURFACE,
    c.ROW,
    c.SLOT,
    c.ITEM_ID,
    c.PROBABILITY,
    c.SOURCE,
    c.MODEL_VERSION,
    c.TIMESTAMP,
)
"""What `Decisions.shown` gives: a row for each item shown; ``slot`` counts from 0 within its row."""


class Database(Protocol):
    """What is needed of the store."""

    def write(self, job: Callable[[sqlite3.Connection], Any]) -> "Future[Any]":
        """Have a function of a connection done within the writer's next transaction."""

    def read(self, look: Callable[[sqlite3.Connection], Read]) -> Read:
        """What a function finds out over a connection that cannot write."""


class Decisions:
    """The decision log of one shop; see `core.ports.DecisionLog`.

    A thread writes in batches, so no answer waits for the disk. Who was erased while a decision of theirs
    waited, here or in another process, is not brought back: a batch that began before the erasure is written
    without people.

    Parameters
    ----------
    store
        Where to keep them.
    every
        Seconds between two writes.
    """

    def __init__(self, store: Database, *, every: float = EVERY) -> None:
        self._store = store
        self._every = every
        self._waiting: deque[Decision] = deque(maxlen=MOST_WAITING)
        self._erasures: int = store.read(erasures)
        self._writing = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shopkeeper-decisions", daemon=True)
        self._thread.start()

    def log(self, decision: Decision) -> None:
        """Take a decision to be written soon; never waits."""
        self._waiting.append(decision)

    def flush(self) -> None:
        """Write what waits, and wait until it is on disk."""
        with self._writing:
            batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if batch:
                job = partial(_put, decisions=batch, known_erasures=self._erasures)
                self._erasures = self._store.write(job).result()

    def close(self) -> None:
        """Write what waits, then stop."""
        if not self._closed.is_set():
            self._closed.set()
            self._thread.join()
            self._try_flush()

    def shown(self, *, since: int = 0, most: int = NEWEST) -> pl.DataFrame:
        """`SHOWN_COLUMNS` of the newest ``most`` answers from a moment on, in the order they were given."""
        return unpack(self._store.read(partial(_newest, since=since, most=most)))

    def answers_to(
        self, people: Sequence[str], surfaces: Sequence[str], *, after_seq: int, since: int, most: int
    ) -> list[tuple[int, int, str]]:
        """Place in the log, time and packed rows of the newest ``most`` answers to some pseudonyms.

        The newest first; those after a place in the log, since a moment, on some surfaces.
        """
        look = partial(
            _answers, people=people, surfaces=surfaces, after_seq=after_seq, since=since, most=most
        )
        return self._store.read(look)

    def _run(self) -> None:
        while not self._closed.wait(self._every):
            self._try_flush()

    def _try_flush(self) -> None:
        # A full or locked disk costs these decisions, and no more: the next ones are tried again.
        try:
            self.flush()
        except ShopkeeperError:
            return


def unpack(answers: pl.DataFrame) -> pl.DataFrame:
    """`SHOWN_COLUMNS` of answers as they are stored."""
    if answers.is_empty():
        return pl.DataFrame(schema={name: _DTYPES.get(name, pl.String()) for name in SHOWN_COLUMNS})
    rows = answers.with_columns(pl.col(c.SHOWN).str.json_decode(_PACKED)).explode(c.SHOWN).unnest(c.SHOWN)
    slots = pl.int_ranges(pl.col(c.ITEM_ID).list.len()).alias(c.SLOT)
    items = rows.with_columns(slots).explode(c.SLOT, c.ITEM_ID, c.SOURCE, c.PROBABILITY)
    return (
        items.filter(pl.col(c.ITEM_ID).is_not_null())
        .with_columns(pl.coalesce(c.CUSTOMER_ID, c.SESSION_ID).alias(PERSON))
        .select(SHOWN_COLUMNS)
    )


_DTYPES: Final[dict[str, pl.DataType]] = {
    c.SLOT: pl.Int64(),
    c.PROBABILITY: pl.Float64(),
    c.TIMESTAMP: pl.Int64(),
}


def _put(connection: sqlite3.Connection, decisions: Sequence[Decision], known_erasures: int) -> int:
    """Add decisions and let old ones go; how often people were erased so far."""
    now = erasures(connection)
    connection.executemany(_INSERT, [_row(one, named=now == known_erasures) for one in decisions])
    connection.execute(_PRUNE, (max(one.time for one in decisions) - KEEP_DAYS * DAY_MS,))
    return now


def _row(one: Decision, *, named: bool) -> tuple[Any, ...]:
    people = (one.customer, one.session) if named else (None, None)
    packed = json.dumps([_shown(row) for row in one.rows], ensure_ascii=False, separators=(",", ":"))
    return (one.request_id, *people, one.surface, one.model_version, one.time, packed)


def _shown(row: Shown) -> dict[str, Any]:
    told: dict[str, Any] = {
        c.ROW: row.row,
        c.ITEM_ID: row.items,
        c.SOURCE: row.sources,
        c.PROBABILITY: row.probabilities,
    }
    if row.placed != 1:
        told[c.PLACED] = row.placed
    return told | {c.CHANCE: row.chances, c.CHARGE: row.charges} if row.charges else told


def _newest(connection: sqlite3.Connection, since: int, most: int) -> pl.DataFrame:
    sql = f"""
        SELECT {", ".join(_COLUMNS)} FROM {DECISIONS} WHERE {c.TIMESTAMP} >= ?
        ORDER BY {c.SEQ} DESC LIMIT ?"""
    rows = connection.execute(sql, (since, most)).fetchall()
    return pl.DataFrame(rows[::-1], _STORED, orient="row")


def _answers(
    connection: sqlite3.Connection,
    people: Sequence[str],
    surfaces: Sequence[str],
    after_seq: int,
    since: int,
    most: int,
) -> list[tuple[int, int, str]]:
    names, places = (",".join("?" * len(some)) for some in (people, surfaces))
    # A guest's answers are found by the session; those of a customer by the customer, whatever the session.
    mine = (
        f"SELECT {c.SEQ}, {c.TIMESTAMP}, {c.SHOWN} FROM {DECISIONS} WHERE {{}} IN ({names}) AND {c.SEQ} > ?"
        f" AND {c.TIMESTAMP} >= ? AND {c.SURFACE} IN ({places})"
    )
    sql = f"{mine.format(c.CUSTOMER_ID)} UNION ALL {mine.format(c.SESSION_ID)} AND {c.CUSTOMER_ID} IS NULL"
    values = (*people, after_seq, since, *surfaces)
    return connection.execute(f"{sql} ORDER BY {c.SEQ} DESC LIMIT ?", (*values, *values, most)).fetchall()
