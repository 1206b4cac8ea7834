"""The tables of ``shop.db`` and the version of their shape."""

import sqlite3
from collections.abc import Collection
from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidConfig

SCHEMA_VERSION: Final = 1
KEY_BYTES: Final = 16
"""Size of an event's key; see `data.occurrences`."""

EVENTS: Final = "events"
ITEMS: Final = "items"
CUSTOMERS: Final = "customers"
CAMPAIGNS: Final = "campaigns"
CAMPAIGN_ITEMS: Final = "campaign_items"
CAMPAIGN_CUSTOMERS: Final = "campaign_customers"
TIES: Final = "ties"
QUARANTINE: Final = "quarantine"
IDENTITY_LINKS: Final = "identity_links"
DECISIONS: Final = "decisions"
MESSAGES: Final = "messages"
META: Final = "meta"

PERSONAL_TABLES: Final[dict[str, tuple[str, ...]]] = {
    EVENTS: (c.CUSTOMER_ID, c.SESSION_ID),
    CUSTOMERS: (c.CUSTOMER_ID,),
    CAMPAIGN_CUSTOMERS: (c.CUSTOMER_ID,),
    TIES: (c.CUSTOMER_ID, c.OTHER_ID),
    QUARANTINE: (c.CUSTOMER_ID, c.SESSION_ID),
    IDENTITY_LINKS: (c.CUSTOMER_ID, c.SESSION_ID),
    DECISIONS: (c.CUSTOMER_ID, c.SESSION_ID),
    MESSAGES: (c.CUSTOMER_ID,),
}
"""Every table that names people, and the columns in which it does."""

# AUTOINCREMENT: a place in the log is never given out twice, not even after its event was erased.
_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS {META} (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {EVENTS} (
    {c.SEQ} INTEGER PRIMARY KEY AUTOINCREMENT,
    {c.EVENT_ID} BLOB NOT NULL UNIQUE,
    {c.CUSTOMER_ID} TEXT,
    {c.SESSION_ID} TEXT,
    {c.EVENT_TYPE} TEXT NOT NULL,
    {c.ITEM_ID} TEXT,
    {c.TIMESTAMP} INTEGER NOT NULL,
    {c.QUANTITY} REAL,
    {c.PRICE} REAL,
    {c.CURRENCY} TEXT,
    {c.VALUE} REAL,
    {c.DISCOUNT} REAL,
    {c.TRANSACTION_ID} TEXT,
    {c.PROMOTION_ID} TEXT,
    {c.COUPON} TEXT,
    {c.SEARCH_TERM} TEXT,
    {c.LOCATION_ID} TEXT,
    {c.ITEM_LIST_ID} TEXT,
    {c.REQUEST_ID} TEXT,
    {c.RATING} REAL,
    {c.TEXT} TEXT,
    {c.ENGAGEMENT_TIME_MSEC} REAL,
    {c.CONSENT} INTEGER
);
CREATE TABLE IF NOT EXISTS {ITEMS} (
    {c.ITEM_ID} TEXT PRIMARY KEY,
    {c.TITLE} TEXT,
    {c.DESCRIPTION} TEXT,
    {c.CATEGORY} TEXT,
    {c.CATEGORY2} TEXT,
    {c.CATEGORY3} TEXT,
    {c.BRAND} TEXT,
    {c.PRICE} REAL,
    {c.CURRENCY} TEXT,
    {c.IN_STOCK} INTEGER,
    {c.IMAGE_URL} TEXT,
    {c.URL} TEXT,
    {c.ITEM_GROUP_ID} TEXT,
    {c.CREATED_AT} INTEGER,
    {c.ATTRIBUTES} TEXT
);
CREATE TABLE IF NOT EXISTS {CUSTOMERS} (
    {c.CUSTOMER_ID} TEXT PRIMARY KEY,
    {c.CONSENT} INTEGER,
    {c.CREATED_AT} INTEGER,
    {c.ATTRIBUTES} TEXT
);
CREATE TABLE IF NOT EXISTS {CAMPAIGNS} (
    {c.CAMPAIGN_ID} TEXT PRIMARY KEY,
    {c.TITLE} TEXT,
    {c.KIND} TEXT,
    {c.STARTS_AT} INTEGER,
    {c.ENDS_AT} INTEGER,
    {c.ATTRIBUTES} TEXT
);
CREATE TABLE IF NOT EXISTS {CAMPAIGN_ITEMS} (
    {c.CAMPAIGN_ID} TEXT NOT NULL,
    {c.ITEM_ID} TEXT NOT NULL,
    {c.COUPON} TEXT NOT NULL DEFAULT '',
    PRIMARY KEY ({c.CAMPAIGN_ID}, {c.ITEM_ID}, {c.COUPON})
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {CAMPAIGN_CUSTOMERS} (
    {c.CAMPAIGN_ID} TEXT NOT NULL,
    {c.CUSTOMER_ID} TEXT NOT NULL,
    PRIMARY KEY ({c.CUSTOMER_ID}, {c.CAMPAIGN_ID})
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {TIES} (
    {c.CUSTOMER_ID} TEXT NOT NULL,
    {c.OTHER_ID} TEXT NOT NULL,
    {c.KIND} TEXT NOT NULL,
    {c.STARTS_AT} INTEGER,
    {c.ENDS_AT} INTEGER,
    PRIMARY KEY ({c.CUSTOMER_ID}, {c.OTHER_ID}, {c.KIND})
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ties_other ON {TIES}({c.OTHER_ID});
CREATE TABLE IF NOT EXISTS {QUARANTINE} (
    id BLOB PRIMARY KEY,
    {c.KIND} TEXT NOT NULL,
    {c.SOURCE} TEXT NOT NULL,
    {c.LINE} INTEGER,
    {c.FIELD} TEXT,
    {c.REASON} TEXT NOT NULL,
    {c.MESSAGE} TEXT NOT NULL,
    {c.ROW} TEXT,
    {c.CUSTOMER_ID} TEXT,
    {c.SESSION_ID} TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {IDENTITY_LINKS} (
    {c.SESSION_ID} TEXT NOT NULL,
    {c.CUSTOMER_ID} TEXT NOT NULL,
    PRIMARY KEY ({c.SESSION_ID}, {c.CUSTOMER_ID})
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {DECISIONS} (
    {c.SEQ} INTEGER PRIMARY KEY,
    {c.REQUEST_ID} TEXT NOT NULL UNIQUE,
    {c.CUSTOMER_ID} TEXT,
    {c.SESSION_ID} TEXT,
    {c.SURFACE} TEXT NOT NULL,
    {c.MODEL_VERSION} TEXT NOT NULL,
    {c.TIMESTAMP} INTEGER NOT NULL,
    {c.SHOWN} TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS decisions_customer ON {DECISIONS}({c.CUSTOMER_ID})
    WHERE {c.CUSTOMER_ID} IS NOT NULL;
CREATE INDEX IF NOT EXISTS decisions_session ON {DECISIONS}({c.SESSION_ID})
    WHERE {c.SESSION_ID} IS NOT NULL;
CREATE INDEX IF NOT EXISTS decisions_time ON {DECISIONS}({c.TIMESTAMP});
CREATE TABLE IF NOT EXISTS {MESSAGES} (
    message_id TEXT PRIMARY KEY,
    {c.CUSTOMER_ID} TEXT NOT NULL,
    action TEXT NOT NULL,
    expected_profit REAL NOT NULL,
    expected_cost REAL NOT NULL,
    approved_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    channel TEXT,
    sent_at INTEGER,
    fault TEXT,
    campaign_id TEXT,
    items TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS messages_customer ON {MESSAGES}({c.CUSTOMER_ID}, approved_at);
CREATE INDEX IF NOT EXISTS identity_links_customer ON {IDENTITY_LINKS}({c.CUSTOMER_ID});
"""

_LATER: Final = {"campaign_id": "TEXT", "items": "TEXT"}
"""Columns of messages that shops made before do not have."""

EVENT_INDEXES: Final = {
    "events_customer": (c.CUSTOMER_ID, f"{c.CUSTOMER_ID} IS NOT NULL"),
    "events_guest": (c.SESSION_ID, f"{c.SESSION_ID} IS NOT NULL AND {c.CUSTOMER_ID} IS NULL"),
    "events_request": (c.REQUEST_ID, f"{c.REQUEST_ID} IS NOT NULL"),
}
"""Indexes of the log: column and condition. Each entry carries the row's `seq`, so "what is new of
this person" is one search."""


def ensure_schema(connection: sqlite3.Connection) -> None:
    """Create what is missing, under one write lock.

    Raises
    ------
    InvalidConfig
        The database was written by a version of Shopkeeper with other tables.
    """
    if _version(connection) == SCHEMA_VERSION and not _incomplete(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)
        if version not in (None, SCHEMA_VERSION):
            raise _other_version(version)
        for statement in _TABLES.split(";\n"):
            connection.execute(statement)
        for name, kind in _later(connection).items():
            connection.execute(f"ALTER TABLE {MESSAGES} ADD COLUMN {name} {kind}")
        create_event_indexes(connection)
        connection.execute(
            f"INSERT OR IGNORE INTO {META} VALUES ('schema_version', ?)", (str(SCHEMA_VERSION),)
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def create_event_indexes(connection: sqlite3.Connection) -> None:
    """Create those of `EVENT_INDEXES` that are missing."""
    for name, (column, condition) in EVENT_INDEXES.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {EVENTS}({column}) WHERE {condition}")


def drop_event_indexes(connection: sqlite3.Connection, columns: Collection[str]) -> None:
    """Drop those of `EVENT_INDEXES` over these columns: an empty log is better filled first, then indexed."""
    for name, (column, _) in EVENT_INDEXES.items():
        if column in columns:
            connection.execute(f"DROP INDEX IF EXISTS {name}")


def _version(connection: sqlite3.Connection) -> int | None:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (META,)).fetchone()
    if known is None:
        return None
    row = connection.execute(f"SELECT value FROM {META} WHERE key = 'schema_version'").fetchone()
    return int(row[0]) if row else None


def _incomplete(connection: sqlite3.Connection) -> bool:
    """Whether an index is missing, or what came later: shops made before get it when opened."""
    found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master").fetchall()}
    return not {*EVENT_INDEXES, *PERSONAL_TABLES} <= found or bool(_later(connection))


def _later(connection: sqlite3.Connection) -> dict[str, str]:
    """Columns of messages that came later and are missing, with their kinds."""
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({MESSAGES})")}
    return {name: kind for name, kind in _LATER.items() if name not in there}


def _other_version(version: int | None) -> InvalidConfig:
    return InvalidConfig(
        f"shop.db has tables of version {version}; this Shopkeeper reads version {SCHEMA_VERSION}.",
        hint="Use the Shopkeeper that wrote it, or create a new shop and import the data again.",
    )
