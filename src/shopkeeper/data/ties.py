"""Ties between customers as SQL: who is tied to whom, and who may be heard by whom.

A household and a friendship go both ways, whichever of the two the row names first; who follows hears, and is
not heard. Only who said yes in ``customers.consent`` is heard: here a consent is never assumed.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Tie
from shopkeeper.data.people import is_known
from shopkeeper.data.schema import CUSTOMERS, TIES

Row = tuple[Any, ...]

_TIMES: Final = (c.STARTS_AT, c.ENDS_AT)
_UPSERT: Final = (
    f"INSERT INTO {TIES} VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in _TIMES)
    + " WHERE "
    + " OR ".join(f"(excluded.{name} IS NOT NULL AND excluded.{name} IS NOT {name})" for name in _TIMES)
)
_HEARD: Final = " UNION ALL ".join(
    f"SELECT {one} AS {c.CUSTOMER_ID}, {other} AS {c.OTHER_ID}, {c.KIND}, {', '.join(_TIMES)} "
    f"FROM {TIES} WHERE {kinds} AND EXISTS "
    f"(SELECT 1 FROM {CUSTOMERS} WHERE {CUSTOMERS}.{c.CUSTOMER_ID} = {TIES}.{other} AND {c.CONSENT} = 1)"
    for one, other, kinds in (
        (c.CUSTOMER_ID, c.OTHER_ID, "1"),
        (c.OTHER_ID, c.CUSTOMER_ID, f"{c.KIND} != '{Tie.follow.name}'"),
    )
)
"""Ties as they are heard: the first hears the second."""
_OF_ONE: Final = (
    f"SELECT {c.OTHER_ID}, {c.KIND}, {', '.join(_TIMES)} FROM ({_HEARD}) WHERE {c.CUSTOMER_ID} = ?"
)
_REFUSED: Final = f"SELECT {c.CUSTOMER_ID} FROM {CUSTOMERS} WHERE {c.CONSENT} = 0"
_CUT: Final = f"DELETE FROM {TIES} WHERE {c.CUSTOMER_ID} IN ({_REFUSED}) OR {c.OTHER_ID} IN ({_REFUSED})"


def put_ties(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Add or renew rows in `columns.TIE_COLUMNS`; how many changed anything."""
    return connection.executemany(_UPSERT, rows).rowcount


def cut_ties(connection: sqlite3.Connection) -> None:
    """Delete the ties of those who do not agree to be remembered."""
    connection.execute(_CUT)


def strangers(connection: sqlite3.Connection, people: Iterable[str]) -> list[str]:
    """Those of some pseudonyms that no customer has, or one who does not agree to be remembered."""
    refused = f"{_REFUSED} AND {c.CUSTOMER_ID} = ?"
    return [
        person
        for person in people
        if not is_known(connection, person) or connection.execute(refused, (person,)).fetchone()
    ]


def circles(connection: sqlite3.Connection) -> pl.DataFrame:
    """Ties as they are heard, in `columns.TIE_COLUMNS`: who hears, and whom."""
    rows = connection.execute(_HEARD).fetchall()
    schema = {name: pl.Int64() if name in _TIMES else pl.String() for name in c.TIE_COLUMNS}
    return pl.DataFrame(rows, schema, orient="row")


def circle_of(connection: sqlite3.Connection, customer: str) -> list[Row]:
    """Whom one customer hears: pseudonym, kind, start and end of each tie."""
    return connection.execute(_OF_ONE, (customer,)).fetchall()


def may_be_heard(connection: sqlite3.Connection, customer: str) -> bool:
    """Whether a customer said yes to be heard by others."""
    asked = f"SELECT 1 FROM {CUSTOMERS} WHERE {c.CUSTOMER_ID} = ? AND {c.CONSENT} = 1"
    return connection.execute(asked, (customer,)).fetchone() is not None
