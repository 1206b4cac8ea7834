"""``shop.db``: an append-only log of events and the catalogue, in one SQLite file."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest, ShopNotFound
from shopkeeper.core.ports import EventRow
from shopkeeper.data import catalogue, log, people, schema, ties
from shopkeeper.data.connections import (
    BULK_CACHE_KB,
    CACHE_KB,
    Readers,
    connect,
    set_cache,
    telling,
)
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.writer import Job, Writer

STORE_FILE: Final = "shop.db"
Read = TypeVar("Read")
LIVE_COLUMNS: Final = (c.SEQ, c.EVENT_TYPE, c.ITEM_ID, c.TIMESTAMP, c.QUANTITY, c.RATING, c.PRICE)
"""What `Store.events_of` reads unless told otherwise."""
_QUARANTINE_COLUMNS: Final = (
    c.KIND,
    c.SOURCE,
    c.LINE,
    c.FIELD,
    c.REASON,
    c.MESSAGE,
    c.ROW,
    c.CUSTOMER_ID,
    c.SESSION_ID,
)
_READABLE: Final = frozenset((c.SEQ, PERSON, *c.EVENT_COLUMNS))


class Store:
    """The log and the catalogue of one shop. Safe with several threads and several processes.

    Parameters
    ----------
    path
        The database file; its folder must exist. Tables are created where they are missing.

    Raises
    ------
    ShopNotFound
        The folder does not exist.
    InvalidConfig
        The file was written by a version of Shopkeeper with other tables.
    UnreadableSource
        The file is not a database.
    """

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():
            raise ShopNotFound(
                f"{path.parent} does not exist.", hint="Create a shop with: shopkeeper init DIR"
            )
        self.path = path
        connection = connect(path)
        try:
            with telling(path):
                schema.ensure_schema(connection)
        finally:
            connection.close()
        self._readers = Readers(path)
        self._writer = Writer(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what waits to be written and let go of the file."""
        self._writer.close()
        self._readers.close()

    # Events

    def append(self, rows: Sequence[EventRow]) -> list[bool]:
        """Store rows and wait until they are on disk; for each whether it is new (else it was there)."""
        return self.append_later(rows).result()

    def append_later(self, rows: Sequence[EventRow]) -> "Future[list[bool]]":
        """`append` without the wait: the future is done when the rows are on disk."""
        return self._writer.submit(partial(log.add, rows=rows))

    def write(self, job: Job) -> "Future[Any]":
        """Have a function of a connection done within the writer's next transaction."""
        return self._writer.submit(job)

    def read(self, look: Callable[[sqlite3.Connection], Read]) -> Read:
        """What a function finds out over a connection that cannot write."""
        with telling(self.path):
            return look(self._readers.get())

    def events_of(
        self, people: Sequence[str], *, after_seq: int = 0, columns: Sequence[str] = LIVE_COLUMNS
    ) -> list[tuple[Any, ...]]:
        """Events of a person later than a place in the log, in log order.

        Parameters
        ----------
        people
            Pseudonyms of one person: customer, session, or both. Guest events of a session that was linked to
            one customer alone belong to that customer.
        after_seq
            Only events with a greater `columns.SEQ`.
        columns
            What to read.
        """
        _check_columns(columns, _READABLE - {PERSON})
        connection = self._readers.get()
        with telling(self.path):
            if len(people) == 1:
                return log.events_of(connection, people[0], after_seq, columns)
            read = (c.SEQ, *columns)
            rows = {row for person in people for row in log.events_of(connection, person, after_seq, read)}
        return [row[1:] for row in sorted(rows, key=lambda row: int(row[0]))]

    def scan(
        self, columns: Sequence[str], *, after_seq: int = 0, progress: log.Progress | None = None
    ) -> pl.DataFrame:
        """The whole log, or what came after a place in it, in log order.

        Parameters
        ----------
        columns
            Of `columns.EVENT_COLUMNS`, `columns.SEQ` and ``person`` (the customer, else the customer the
            session was linked to, else the session, else null).
        after_seq
            Only events with a greater `columns.SEQ`.
        progress
            Told how many rows were read.
        """
        _check_columns(columns, _READABLE)
        with telling(self.path):
            return log.scan(self._readers.get(), columns, after_seq, progress)

    def last_seq(self) -> int:
        """The place of the newest event, 0 for an empty log."""
        with telling(self.path):
            return log.last_seq(self._readers.get())

    @contextmanager
    def bulk(self, columns: Iterable[str] = c.EVENT_COLUMNS) -> Iterator[None]:
        """Make a long import cheap: a larger cache, and an empty log is indexed when it is full.

        A process killed inside leaves the log without indexes; whoever opens the shop next creates them.

        Parameters
        ----------
        columns
            What the import fills; indexes over other columns cost nothing and stay.
        """
        self.write(partial(_begin_bulk, columns=frozenset(columns))).result()
        try:
            yield
        finally:
            self.write(_end_bulk).result()

    # Catalogue

    def items(self) -> pl.DataFrame:
        """Items in `columns.ITEM_COLUMNS`, by rising id."""
        return self._table(schema.ITEMS)

    def items_version(self) -> int:
        """Changes whenever an item does; who keeps the catalogue in memory watches it."""
        with telling(self.path):
            return catalogue.version(self._readers.get(), schema.ITEMS)

    def customers(self) -> pl.DataFrame:
        """Customers in `columns.CUSTOMER_COLUMNS`, by rising pseudonym."""
        return self._table(schema.CUSTOMERS)

    def attributes_of(self, customer: str) -> str | None:
        """The ``attributes`` of one customer as JSON; None where nothing is known."""
        with telling(self.path):
            return catalogue.attributes_of(self._readers.get(), customer)

    def campaigns(self) -> pl.DataFrame:
        """Campaigns, one row each: id, title, kind, start, end, attributes."""
        return self._table(schema.CAMPAIGNS)

    def campaign_items(self) -> pl.DataFrame:
        """Items of campaigns: campaign id, item id, coupon (empty where there is none)."""
        return self._table(schema.CAMPAIGN_ITEMS)

    def campaign_customers(self) -> pl.DataFrame:
        """Audiences of campaigns: campaign id and customer pseudonym."""
        return self._table(schema.CAMPAIGN_CUSTOMERS)

    def circles(self) -> pl.DataFrame:
        """Ties as they are heard, in `columns.TIE_COLUMNS`: who hears, and whom; see `data.ties`."""
        with telling(self.path):
            return ties.circles(self._readers.get())

    def circle_of(self, customer: str) -> list[tuple[Any, ...]]:
        """Whom one customer hears: pseudonym, kind, start and end of each tie; see `data.ties`."""
        with telling(self.path):
            return ties.circle_of(self._readers.get(), customer)

    def may_be_heard(self, customer: str) -> bool:
        """Whether a customer said yes to be heard by others."""
        with telling(self.path):
            return ties.may_be_heard(self._readers.get(), customer)

    def _table(self, table: str) -> pl.DataFrame:
        with telling(self.path):
            return catalogue.read_table(self._readers.get(), table)

    # Everything

    def counts(self) -> dict[str, int]:
        """Number of rows of each table."""
        tables = (
            schema.EVENTS,
            *catalogue.TABLE_COLUMNS,
            schema.QUARANTINE,
            schema.IDENTITY_LINKS,
            schema.DECISIONS,
        )
        with telling(self.path):
            return {
                table: self._readers.get().execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in tables
            }

    def quarantine(self, limit: int = 1000) -> pl.DataFrame:
        """Rows set aside, with their reasons; at most ``limit``."""
        sql = f"SELECT {', '.join(_QUARANTINE_COLUMNS)} FROM {schema.QUARANTINE} LIMIT ?"
        kinds = {name: pl.Int64() if name == c.LINE else pl.String() for name in _QUARANTINE_COLUMNS}
        with telling(self.path):
            rows = self._readers.get().execute(sql, (limit,)).fetchall()
        return pl.DataFrame(rows, kinds, orient="row")

    # People

    def linked(self, person: str) -> tuple[str, ...]:
        """The customer behind a pseudonym, if there is one, and the sessions that are theirs alone."""
        with telling(self.path):
            return log.linked(self._readers.get(), person)

    def owners(self, session: str) -> tuple[str, ...]:
        """Customers who were seen in a session; two are enough to know that it is shared."""
        with telling(self.path):
            return log.owners(self._readers.get(), session)

    def is_known(self, customer: str) -> bool:
        """Whether an event, a link or a record names a customer."""
        with telling(self.path):
            return people.is_known(self._readers.get(), customer)

    def erasures(self) -> int:
        """How often people, or events of theirs, were deleted; a change means: drop the histories kept."""
        with telling(self.path):
            return people.erasures(self._readers.get())

    def delete_people(self, pseudonyms: Sequence[str]) -> dict[str, int]:
        """Delete every row of these pseudonyms; rows deleted by table."""
        deleted: dict[str, int] = self.write(partial(people.delete_people, people=pseudonyms)).result()
        return deleted

    def delete_events(
        self, pseudonyms: Sequence[str], items: Sequence[str], only: tuple[str, int] | None = None
    ) -> int:
        """Delete what a person did with some items, or one event by kind and time; how many events."""
        job = partial(people.delete_events, people=pseudonyms, items=items, only=only)
        deleted: int = self.write(job).result()
        return deleted

    def find_people(self, pseudonyms: Sequence[str]) -> dict[str, int]:
        """Rows by table that still name one of these pseudonyms; tables without one are left out."""
        with telling(self.path):
            return people.find_people(self._readers.get(), pseudonyms)

    def compact(self) -> None:
        """Rewrite the file without what was deleted, and empty the write-ahead log."""
        connection = connect(self.path)
        try:
            with telling(self.path):
                connection.execute("VACUUM")
                people.checkpoint(connection)
        finally:
            connection.close()

    def checkpoint(self) -> bool:
        """Empty the write-ahead log into the database; whether no reader stood in the way."""
        connection = connect(self.path)
        try:
            with telling(self.path):
                return people.checkpoint(connection)
        finally:
            connection.close()

    def find_bytes(self, texts: Sequence[str]) -> int:
        """How often one of these texts occurs in the raw files."""
        return people.find_bytes(self.path, texts)


def put_quarantine(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Set rows aside within the current transaction; the same row of the same source only once."""
    marks = ", ".join("?" * (len(_QUARANTINE_COLUMNS) + 1))
    names = ", ".join(_QUARANTINE_COLUMNS)
    connection.executemany(f"INSERT OR IGNORE INTO {schema.QUARANTINE} (id, {names}) VALUES ({marks})", rows)


def _begin_bulk(connection: sqlite3.Connection, columns: frozenset[str]) -> None:
    set_cache(connection, BULK_CACHE_KB)
    if log.last_seq(connection) == 0:
        schema.drop_event_indexes(connection, columns)


def _end_bulk(connection: sqlite3.Connection) -> None:
    schema.create_event_indexes(connection)
    set_cache(connection, CACHE_KB)


def _check_columns(columns: Sequence[str], known: frozenset[str]) -> None:
    unknown = [name for name in columns if name not in known]
    if unknown or not columns:
        raise InvalidRequest(
            f"columns = {list(columns)!r}: {', '.join(map(repr, unknown)) or 'nothing'} cannot be read.",
            hint=f"There are {', '.join(sorted(known))}.",
        )
