"""What was derived about items, kept apart from what was given: under ``derived`` in their attributes.

Each value carries where it comes from, how sure it is, and the date. A given value always wins, also one that
is given later, and an import that renews the attributes takes the derived ones away with them.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.catalogue import changed
from shopkeeper.data.schema import ITEMS

DERIVED: Final = "derived"
VALUE, SOURCE, CONFIDENCE, DATE = "value", "source", "confidence", "date"
COLUMNS: Final = (c.CATEGORY, c.CATEGORY2, c.CATEGORY3, c.BRAND)
"""Columns of items that are completed."""

Derived = dict[str, dict[str, Any]]
"""By field: value, source, confidence, date."""


def attributes_of(text: str | None) -> dict[str, Any]:
    """The attributes of an item; none where it has none."""
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def put_derived(connection: sqlite3.Connection, found: Mapping[str, Derived]) -> int:
    """Renew what is derived of these items, within the current transaction; how many items changed."""
    rows = []
    for item, derived in found.items():
        kept = connection.execute(
            f"SELECT {c.ATTRIBUTES} FROM {ITEMS} WHERE {c.ITEM_ID} = ?", (item,)
        ).fetchone()
        if kept is None:
            continue
        before = attributes_of(kept[0])
        after = {name: value for name, value in before.items() if name != DERIVED}
        if derived:
            after[DERIVED] = derived
        if after != before:
            rows.append((json.dumps(after, ensure_ascii=False) if after else None, item))
    connection.executemany(f"UPDATE {ITEMS} SET {c.ATTRIBUTES} = ? WHERE {c.ITEM_ID} = ?", rows)
    if rows:
        changed(connection, ITEMS)
    return len(rows)


def change_derived(connection: sqlite3.Connection, item: str, change: Callable[[Derived], Derived]) -> int:
    """Change what is derived of one item, within the current transaction; how many items changed."""
    row = connection.execute(f"SELECT {c.ATTRIBUTES} FROM {ITEMS} WHERE {c.ITEM_ID} = ?", (item,)).fetchone()
    return put_derived(connection, {item: change(attributes_of(row[0] if row else None).get(DERIVED, {}))})


def completed(items: pl.DataFrame) -> pl.DataFrame:
    """The catalogue with derived values where none was given."""
    if c.ATTRIBUTES not in items.columns:
        return items
    marked = items[c.ATTRIBUTES].str.contains(f'"{DERIVED}"', literal=True).fill_null(value=False)
    if not marked.any():
        return items
    texts = items[c.ATTRIBUTES].to_list()
    derived = [
        attributes_of(text).get(DERIVED, {}) if mark else {} for text, mark in zip(texts, marked, strict=True)
    ]
    return items.with_columns(
        pl.col(name).fill_null(
            pl.Series([one.get(name, {}).get(VALUE) for one in derived], dtype=pl.String, strict=False)
        )
        for name in COLUMNS
        if name in items.columns
    )
