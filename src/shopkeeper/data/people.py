"""Finding and deleting everything ``shop.db`` holds of some people."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.data.schema import EVENTS, META, PERSONAL_TABLES, QUARANTINE
from shopkeeper.privacy.identity import CUSTOMER_PREFIX

ERASURES: Final = "erasures"
"""Key in ``meta`` of how often people, or events of theirs, were deleted; who keeps histories watches it."""
_BLOCK: Final = 1 << 24
_ERASED: Final = f"INSERT INTO {META} VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1"


def delete_people(connection: sqlite3.Connection, people: Sequence[str]) -> dict[str, int]:
    """Delete every row of these pseudonyms within the current transaction; rows deleted by table."""
    deleted = {
        table: connection.execute(f"DELETE FROM {table} WHERE {where}", parameters).rowcount
        for table, where, parameters in _conditions(people)
    }
    connection.execute(_ERASED, (ERASURES,))
    return deleted


def delete_events(
    connection: sqlite3.Connection, people: Sequence[str], items: Sequence[str], only: tuple[str, int] | None
) -> int:
    """Delete what these people did with some items, within the current transaction; how many events.

    Parameters
    ----------
    connection
        Of the writer.
    people
        Pseudonyms of one person. An event in a session of theirs that names another customer stays.
    items
        Which items.
    only
        Kind and time of the one event that is meant; None deletes all of these items.
    """
    deleted = 0
    for person in people:
        own = c.CUSTOMER_ID if person.startswith(CUSTOMER_PREFIX) else c.SESSION_ID
        guest = "" if own == c.CUSTOMER_ID else f" AND {c.CUSTOMER_ID} IS NULL"
        where, values = f"{own} = ?{guest} AND {c.ITEM_ID} = ?", [(person, item) for item in items]
        if only is not None:
            where += f" AND {c.EVENT_TYPE} = ? AND {c.TIMESTAMP} = ?"
            values = [(*value, *only) for value in values]  # type: ignore[misc]
        deleted += connection.executemany(f"DELETE FROM {EVENTS} WHERE {where}", values).rowcount
    if deleted:
        connection.execute(_ERASED, (ERASURES,))
    return deleted


def is_known(connection: sqlite3.Connection, customer: str) -> bool:
    """Whether anything but the quarantine names a customer; looks into indexes, unlike `find_people`."""
    asked = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {columns[0]} = ?1)"
        for table, columns in PERSONAL_TABLES.items()
        if table != QUARANTINE
    )
    return bool(connection.execute(f"SELECT {asked}", (customer,)).fetchone()[0])


def find_people(connection: sqlite3.Connection, people: Sequence[str]) -> dict[str, int]:
    """Rows by table that name one of these pseudonyms; tables without one are left out."""
    found = {
        table: connection.execute(f"SELECT count(*) FROM {table} WHERE {where}", parameters).fetchone()[0]
        for table, where, parameters in _conditions(people)
    }
    return {table: count for table, count in found.items() if count}


def _conditions(people: Sequence[str]) -> list[tuple[str, str, list[str]]]:
    marks = ", ".join("?" * len(people))
    return [
        (
            table,
            " OR ".join(f"{column} IN ({marks})" for column in columns),
            [*people] * len(columns),
        )
        for table, columns in PERSONAL_TABLES.items()
    ]


def erasures(connection: sqlite3.Connection) -> int:
    """How often people were deleted so far."""
    row = connection.execute(f"SELECT value FROM {META} WHERE key = ?", (ERASURES,)).fetchone()
    return int(row[0]) if row else 0


def checkpoint(connection: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the database and empty it; whether no reader stood in the way."""
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def find_bytes(path: Path, texts: Sequence[str]) -> int:
    """How often one of these texts occurs in the raw bytes of a database and its write-ahead log."""
    files = [path, path.with_name(path.name + "-wal")]
    return sum(_count(file, [text.encode() for text in texts]) for file in files if file.exists())


def _count(path: Path, needles: Sequence[bytes]) -> int:
    longest = max((len(needle) for needle in needles), default=1)
    count, tail = 0, b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = tail + block
            tail = text[-(longest - 1) :] if longest > 1 else b""
            count += sum(text.count(needle) - tail.count(needle) for needle in needles)
    return count + sum(tail.count(needle) for needle in needles)
