"""Rows set aside, counted by reason, with examples; names of people are not among what is read."""

import sqlite3
from dataclasses import dataclass
from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.data.schema import QUARANTINE

EXAMPLES: Final = 3
"""Examples told of each reason."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row: where it stood, and what is wrong with it in a sentence."""

    source: str
    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """Rows of one table set aside for one reason.

    Attributes
    ----------
    kind
        Table the rows were meant for.
    reason
        Stable code.
    field
        The column at fault, empty where the row as a whole is.
    rows
        How many.
    examples
        The first few.
    """

    kind: str
    reason: str
    field: str
    rows: int
    examples: tuple[Example, ...]


def refusals(connection: sqlite3.Connection, *, most: int = 50) -> tuple[RefusedRows, ...]:
    """Reasons by falling number of rows, at most ``most`` of them."""
    group = f"{c.KIND}, {c.REASON}, coalesce({c.FIELD}, '')"
    counted = connection.execute(
        f"SELECT {group}, count(*) AS n FROM {QUARANTINE} GROUP BY {group} ORDER BY n DESC, {group} LIMIT ?",
        (most,),
    ).fetchall()
    return tuple(
        RefusedRows(kind, reason, field, rows, _examples(connection, kind, reason, field))
        for kind, reason, field, rows in counted
    )


def _examples(connection: sqlite3.Connection, kind: str, reason: str, field: str) -> tuple[Example, ...]:
    rows = connection.execute(
        f"SELECT {c.SOURCE}, {c.LINE}, {c.MESSAGE} FROM {QUARANTINE} "
        f"WHERE {c.KIND} = ? AND {c.REASON} = ? AND coalesce({c.FIELD}, '') = ? LIMIT ?",
        (kind, reason, field, EXAMPLES),
    )
    return tuple(Example(*row) for row in rows)
