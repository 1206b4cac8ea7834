"""The event log as SQL: adding rows, reading one person's, reading all of them."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.ports import EventRow
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.schema import EVENTS, IDENTITY_LINKS
from shopkeeper.privacy.identity import CUSTOMER_PREFIX

Progress = Callable[[int, int | None], None]
"""Called with the rows done and, where it is known, the rows there are."""

EVENT_DTYPES: Final[dict[str, pl.DataType]] = {
    c.SEQ: pl.Int64(),
    c.EVENT_ID: pl.Binary(),
    c.TIMESTAMP: pl.Int64(),
    c.CONSENT: pl.Boolean(),
    **dict.fromkeys(
        (c.QUANTITY, c.PRICE, c.VALUE, c.DISCOUNT, c.RATING, c.ENGAGEMENT_TIME_MSEC), pl.Float64()
    ),
}
"""Types of the log's columns; all others are text."""

_FETCHED: Final = 5_000
"""Rows turned into columns at a time; more would keep a request of another thread waiting for them."""
_UNAMBIGUOUS: Final = f"""NOT EXISTS (
    SELECT 1 FROM {IDENTITY_LINKS} other
    WHERE other.{c.SESSION_ID} = link.{c.SESSION_ID} AND other.{c.CUSTOMER_ID} <> link.{c.CUSTOMER_ID})"""
"""A session in which two customers logged in says nothing about whose its guest events are."""


def insert_sql(columns: Sequence[str], rows: int = 1) -> str:
    """The statement that adds ``rows`` rows with these columns, passing over keys that are there."""
    row = "(" + ", ".join("?" * len(columns)) + ")"
    return (
        f"INSERT INTO {EVENTS} ({', '.join(columns)}) VALUES {', '.join([row] * rows)} "
        f"ON CONFLICT ({c.EVENT_ID}) DO NOTHING"
    )


_GROUPS: Final = (100, 20, 5, 1)
"""Rows that go into one statement. SQLite lets other threads run only between statements' steps; taking that
lock back a hundred times over costs a busy server more than the rows themselves."""
_INSERTS: Final = {size: insert_sql(c.EVENT_COLUMNS, size) for size in _GROUPS}
_LINKS: Final = {
    size: f"INSERT OR IGNORE INTO {IDENTITY_LINKS} VALUES {', '.join(['(?, ?)'] * size)}" for size in _GROUPS
}
_CUSTOMER: Final = c.EVENT_COLUMNS.index(c.CUSTOMER_ID)
_SESSION: Final = c.EVENT_COLUMNS.index(c.SESSION_ID)


def add(connection: sqlite3.Connection, rows: Sequence[EventRow]) -> list[bool]:
    """Add rows within the current transaction; for each whether it was new."""
    last = last_seq(connection)
    added = _execute_groups(connection, _INSERTS, rows)
    link(connection, {(row[_SESSION], row[_CUSTOMER]) for row in rows if row[_SESSION] and row[_CUSTOMER]})
    if added == len(rows):
        return [True] * added
    fresh = {
        key for (key,) in connection.execute(f"SELECT {c.EVENT_ID} FROM {EVENTS} WHERE {c.SEQ} > ?", (last,))
    }
    return [_take(fresh, row[0]) for row in rows]


def add_bulk(
    connection: sqlite3.Connection,
    columns: Sequence[str],
    values: Sequence[Any],
    links: Sequence[tuple[str, str]],
) -> int:
    """Add many rows within the current transaction; how many were new.

    Parameters
    ----------
    connection
        Of the writer.
    columns
        Of `columns.EVENT_COLUMNS`, those that are filled.
    values
        The rows, one after another in one flat list: much faster than a tuple a row.
    links
        Sessions and the customers they were, at least in part.
    """
    link(connection, links)
    changed, at = 0, 0
    for size in _GROUPS:
        statement, step = insert_sql(columns, size), size * len(columns)
        while len(values) - at >= step:
            changed += connection.execute(statement, values[at : at + step]).rowcount
            at += step
    return changed


def _take(keys: set[bytes], key: bytes) -> bool:
    if key not in keys:
        return False
    keys.remove(key)
    return True


def link(connection: sqlite3.Connection, pairs: Iterable[tuple[str, str]]) -> None:
    """Remember that these sessions were, at least in part, these customers'."""
    _execute_groups(connection, _LINKS, sorted(pairs))


def _execute_groups(
    connection: sqlite3.Connection, statements: Mapping[int, str], rows: Sequence[Sequence[Any]]
) -> int:
    """Run the statements over all rows, as many at a time as there is a statement for; rows changed."""
    changed, at = 0, 0
    for size, statement in statements.items():
        while len(rows) - at >= size:
            values = list(chain.from_iterable(rows[at : at + size]))
            changed += connection.execute(statement, values).rowcount
            at += size
    return changed


def last_seq(connection: sqlite3.Connection) -> int:
    """Place of the newest event, 0 for an empty log."""
    row = connection.execute(f"SELECT max({c.SEQ}) FROM {EVENTS}").fetchone()
    return int(row[0] or 0)


def owners(connection: sqlite3.Connection, session: str) -> tuple[str, ...]:
    """Customers who were seen in a session; two are enough to know that it is shared."""
    sql = f"SELECT {c.CUSTOMER_ID} FROM {IDENTITY_LINKS} WHERE {c.SESSION_ID} = ? LIMIT 2"
    return tuple(customer for (customer,) in connection.execute(sql, (session,)))


def linked(connection: sqlite3.Connection, person: str) -> tuple[str, ...]:
    """The customer behind a pseudonym, if there is one, and the sessions that are theirs alone."""
    customer = person
    if not person.startswith(CUSTOMER_PREFIX):
        customers = owners(connection, person)
        if len(customers) != 1:
            return (person,)
        customer = customers[0]
    sql = f"SELECT {c.SESSION_ID} FROM {IDENTITY_LINKS} link WHERE {c.CUSTOMER_ID} = ? AND {_UNAMBIGUOUS}"
    return (customer, *(session for (session,) in connection.execute(sql, (customer,))))


def events_of(
    connection: sqlite3.Connection, person: str, after_seq: int, columns: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Events of a person after a place in the log, guest events of their own sessions included."""
    names = ", ".join(f"event.{name}" for name in columns)
    if not person.startswith(CUSTOMER_PREFIX):
        owner = linked(connection, person)[0]
        if owner == person:
            return _events_of_guest(connection, person, after_seq, names)
        person = owner
    sql = f"""
        SELECT {names}, event.{c.SEQ} AS place FROM {EVENTS} event
        WHERE event.{c.CUSTOMER_ID} = ?1 AND event.{c.SEQ} > ?2
        UNION ALL
        SELECT {names}, event.{c.SEQ} FROM {IDENTITY_LINKS} link CROSS JOIN {EVENTS} event
        WHERE link.{c.CUSTOMER_ID} = ?1 AND {_UNAMBIGUOUS}
            AND event.{c.SESSION_ID} = link.{c.SESSION_ID} AND event.{c.CUSTOMER_ID} IS NULL
            AND event.{c.SEQ} > ?2
        ORDER BY place"""
    return [row[:-1] for row in connection.execute(sql, (person, after_seq))]


def _events_of_guest(
    connection: sqlite3.Connection, session: str, after_seq: int, names: str
) -> list[tuple[Any, ...]]:
    sql = f"""
        SELECT {names} FROM {EVENTS} event
        WHERE event.{c.SESSION_ID} = ? AND event.{c.CUSTOMER_ID} IS NULL AND event.{c.SEQ} > ?
        ORDER BY event.{c.SEQ}"""
    return connection.execute(sql, (session, after_seq)).fetchall()


def scan(
    connection: sqlite3.Connection, columns: Sequence[str], after_seq: int, progress: Progress | None = None
) -> pl.DataFrame:
    """The log after a place, in log order.

    ``person`` among ``columns`` is who the event belongs to: the customer, else the customer its session was
    linked to, else the session, else null.
    """
    stored = [name for name in columns if name != PERSON]
    if PERSON not in columns:
        return _scan(connection, stored, after_seq, progress)
    read = [*stored, *(name for name in (c.CUSTOMER_ID, c.SESSION_ID) if name not in stored)]
    frame = _scan(connection, read, after_seq, progress)
    person = pl.coalesce(c.CUSTOMER_ID, "owner", c.SESSION_ID).alias(PERSON)
    owners = pl.DataFrame(_owners(connection), {c.SESSION_ID: pl.String, "owner": pl.String}, orient="row")
    if owners.is_empty():
        frame = frame.with_columns(pl.lit(None, pl.String).alias("owner"))
    else:
        frame = frame.join(owners, on=c.SESSION_ID, how="left", maintain_order="left")
    return frame.select(person if name == PERSON else pl.col(name) for name in columns)


def _owners(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    sql = f"""
        SELECT {c.SESSION_ID}, min({c.CUSTOMER_ID}) FROM {IDENTITY_LINKS}
        GROUP BY {c.SESSION_ID} HAVING count(*) = 1"""
    return connection.execute(sql).fetchall()


def _scan(
    connection: sqlite3.Connection, columns: Sequence[str], after_seq: int, progress: Progress | None
) -> pl.DataFrame:
    schema = {name: EVENT_DTYPES.get(name, pl.String()) for name in columns}
    rows = connection.execute(
        f"SELECT {', '.join(columns)} FROM {EVENTS} WHERE {c.SEQ} > ? ORDER BY {c.SEQ}", (after_seq,)
    )
    parts: list[pl.DataFrame] = []
    done = 0
    while batch := rows.fetchmany(_FETCHED):
        parts.append(
            pl.DataFrame(
                [
                    series(name, values, kind)
                    for (name, kind), values in zip(schema.items(), zip(*batch, strict=True), strict=True)
                ]
            )
        )
        done += len(batch)
        if progress is not None:
            progress(done, None)
    return pl.concat(parts, rechunk=True) if parts else pl.DataFrame(schema=schema)


def series(name: str, values: Sequence[Any], dtype: pl.DataType) -> pl.Series:
    """A column as SQLite gives it, which keeps flags as whole numbers."""
    if dtype == pl.Boolean:
        return pl.Series(name, values, dtype=pl.Int64).cast(pl.Boolean)
    return pl.Series(name, values, dtype=dtype)
