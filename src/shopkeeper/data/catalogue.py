"""Items, customers and campaigns as SQL: upserts in which the latest word on each field wins."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.log import series
from shopkeeper.data.schema import CAMPAIGN_CUSTOMERS, CAMPAIGN_ITEMS, CAMPAIGNS, CUSTOMERS, ITEMS, META, TIES
from shopkeeper.data.ties import cut_ties

Row = tuple[Any, ...]

CAMPAIGN_OWN_COLUMNS: Final = (c.CAMPAIGN_ID, c.TITLE, c.KIND, c.STARTS_AT, c.ENDS_AT, c.ATTRIBUTES)
CAMPAIGN_ITEM_COLUMNS: Final = (c.CAMPAIGN_ID, c.ITEM_ID, c.COUPON)
CAMPAIGN_CUSTOMER_COLUMNS: Final = (c.CAMPAIGN_ID, c.CUSTOMER_ID)

TABLE_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    ITEMS: c.ITEM_COLUMNS,
    CUSTOMERS: c.CUSTOMER_COLUMNS,
    CAMPAIGNS: CAMPAIGN_OWN_COLUMNS,
    CAMPAIGN_ITEMS: CAMPAIGN_ITEM_COLUMNS,
    CAMPAIGN_CUSTOMERS: CAMPAIGN_CUSTOMER_COLUMNS,
    TIES: c.TIE_COLUMNS,
}

_VERSION: Final = "version of "
_CHANGED: Final = f"INSERT INTO {META} VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1"

_DTYPES: Final[dict[str, pl.DataType]] = {
    c.PRICE: pl.Float64(),
    c.IN_STOCK: pl.Boolean(),
    c.CONSENT: pl.Boolean(),
    **dict.fromkeys((c.CREATED_AT, c.STARTS_AT, c.ENDS_AT), pl.Int64()),
}


def read_table(connection: sqlite3.Connection, table: str) -> pl.DataFrame:
    """One of `TABLE_COLUMNS` as a frame, by rising key."""
    columns = TABLE_COLUMNS[table]
    names = ", ".join(columns)
    rows = connection.execute(f"SELECT {names} FROM {table} ORDER BY {names}").fetchall()
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    return pl.DataFrame(
        [
            series(name, column, _DTYPES.get(name, pl.String()))
            for name, column in zip(columns, values, strict=True)
        ]
    )


def attributes_of(connection: sqlite3.Connection, customer: str) -> str | None:
    """The ``attributes`` of one customer as JSON; None where nothing is known."""
    found = connection.execute(
        f"SELECT {c.ATTRIBUTES} FROM {CUSTOMERS} WHERE {c.CUSTOMER_ID} = ?", (customer,)
    ).fetchone()
    return found[0] if found else None


def upsert(connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> int:
    """Add or renew rows of ``items``, ``customers`` or ``campaigns``; how many changed anything.

    A field that a row leaves empty keeps what is known of it.
    """
    renewed = connection.executemany(_upsert_sql(table), rows).rowcount
    if renewed > 0:
        changed(connection, table)
    if table == CUSTOMERS:
        connection.execute(_WITHDRAW)
        cut_ties(connection)
    return renewed


def changed(connection: sqlite3.Connection, table: str) -> None:
    """Tell who keeps a table in memory that rows were added or renewed."""
    connection.execute(_CHANGED, (_VERSION + table,))


def version(connection: sqlite3.Connection, table: str) -> int:
    """How often rows of a table were added or renewed; who keeps the table in memory watches it."""
    row = connection.execute(f"SELECT value FROM {META} WHERE key = ?", (_VERSION + table,)).fetchone()
    return int(row[0]) if row else 0


def upsert_campaigns(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Add or renew campaign rows in `columns.CAMPAIGN_COLUMNS`; how many changed anything."""
    changed = 0
    for row in rows:
        before = connection.total_changes
        _put_campaign(connection, dict(zip(c.CAMPAIGN_COLUMNS, row, strict=True)))
        changed += connection.total_changes > before
    return changed


def _put_campaign(connection: sqlite3.Connection, row: dict[str, Any]) -> None:
    connection.execute(_CAMPAIGN, [row[name] for name in CAMPAIGN_OWN_COLUMNS])
    if row[c.ITEM_ID] is not None:
        connection.execute(_CAMPAIGN_ITEM, (row[c.CAMPAIGN_ID], row[c.ITEM_ID], row[c.COUPON] or ""))
    if row[c.CUSTOMER_ID] is not None:
        connection.execute(_CAMPAIGN_CUSTOMER, (row[c.CAMPAIGN_ID], row[c.CUSTOMER_ID]))


def _upsert_sql(table: str) -> str:
    key, *rest = TABLE_COLUMNS[table]
    places = ", ".join("?" * (len(rest) + 1))
    renewed = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in rest)
    differs = " OR ".join(f"(excluded.{name} IS NOT NULL AND excluded.{name} IS NOT {name})" for name in rest)
    return (
        f"INSERT INTO {table} ({key}, {', '.join(rest)}) VALUES ({places}) "
        f"ON CONFLICT ({key}) DO UPDATE SET {renewed} WHERE {differs}"
    )


_CAMPAIGN: Final = _upsert_sql(CAMPAIGNS)
_WITHDRAW: Final = (
    f"UPDATE {CUSTOMERS} SET {c.CREATED_AT} = NULL, {c.ATTRIBUTES} = NULL WHERE {c.CONSENT} = 0 "
    f"AND ({c.CREATED_AT} IS NOT NULL OR {c.ATTRIBUTES} IS NOT NULL)"
)
"""Consent withdrawn: what was known before goes too."""
_CAMPAIGN_ITEM: Final = f"INSERT OR IGNORE INTO {CAMPAIGN_ITEMS} VALUES (?, ?, ?)"
_CAMPAIGN_CUSTOMER: Final = (
    f"INSERT OR IGNORE INTO {CAMPAIGN_CUSTOMERS} ({c.CAMPAIGN_ID}, {c.CUSTOMER_ID}) VALUES (?, ?)"
)
