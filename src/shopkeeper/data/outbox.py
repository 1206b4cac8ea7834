"""Messages to customers: approved, waiting, sent or given up, each kept with what became of it.

A message is written before it is sent and marked after, so that a crash in between sends it again under the
same id rather than never; whoever receives it passes over an id that came before.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.schema import CUSTOMERS, EVENTS, MESSAGES

WAITING: Final = "waiting"
SENT: Final = "sent"
GIVEN_UP: Final = "given up"
WITHDRAWN: Final = "withdrawn"
"""The customer's consent ended before it was sent."""


@dataclass(frozen=True, slots=True)
class Message:
    """One action for one customer.

    Attributes
    ----------
    message_id
        Made once; echo it as ``request_id`` in events that follow from the message.
    customer_id
        Pseudonym.
    action
        What is done, see `surfaces.next_action.ACTIONS`.
    expected_profit, expected_cost
        When it was approved, in the shop's currency.
    approved_at
        Epoch milliseconds.
    status
        `WAITING`, `SENT`, `GIVEN_UP` or `WITHDRAWN`.
    attempts
        How often sending was tried.
    channel
        Where to it was sent, or tried last.
    sent_at
        Epoch milliseconds, None where it was not.
    fault
        Why it was not sent, None where it was or still waits.
    """

    message_id: str
    customer_id: str
    action: str
    expected_profit: float
    expected_cost: float
    approved_at: int
    status: str = WAITING
    attempts: int = 0
    channel: str | None = None
    sent_at: int | None = None
    fault: str | None = None


COLUMNS: Final = tuple(field.name for field in fields(Message))


def put(connection: sqlite3.Connection, messages: Sequence[Message], rest_days: float) -> int:
    """Let messages wait, within the current transaction; how many do.

    A customer who was written to within ``rest_days`` before, who has a message waiting, or who withdrew
    consent gets none.
    """
    stored = 0
    for one in messages:
        since = one.approved_at - int(rest_days * DAY_MS)
        stored += connection.execute(
            f"INSERT INTO {MESSAGES} ({', '.join(COLUMNS)}) SELECT {', '.join('?' * len(COLUMNS))} "
            f"WHERE NOT EXISTS (SELECT 1 FROM {MESSAGES} WHERE {c.CUSTOMER_ID} = ? "
            f"AND (status = '{WAITING}' OR sent_at > ?)) "
            f"AND NOT EXISTS (SELECT 1 FROM {CUSTOMERS} WHERE {c.CUSTOMER_ID} = ? AND {c.CONSENT} = 0)",
            (*(getattr(one, name) for name in COLUMNS), one.customer_id, since, one.customer_id),
        ).rowcount
    return stored


def waiting(connection: sqlite3.Connection) -> list[Message]:
    """What is to be sent, the oldest first."""
    return _read(connection, f"status = '{WAITING}' ORDER BY approved_at, message_id")


def withdraw(connection: sqlite3.Connection) -> int:
    """Take back what waits for customers who withdrew consent since it was approved; how many."""
    return connection.execute(
        f"UPDATE {MESSAGES} SET status = '{WITHDRAWN}', fault = 'consent was withdrawn' "
        f"WHERE status = '{WAITING}' AND {c.CUSTOMER_ID} IN "
        f"(SELECT {c.CUSTOMER_ID} FROM {CUSTOMERS} WHERE {c.CONSENT} = 0)"
    ).rowcount


def mark(connection: sqlite3.Connection, messages: Sequence[Message]) -> None:
    """Keep what became of messages."""
    connection.executemany(
        f"UPDATE {MESSAGES} SET status = ?, attempts = ?, channel = ?, sent_at = ?, fault = ? "
        "WHERE message_id = ?",
        [(one.status, one.attempts, one.channel, one.sent_at, one.fault, one.message_id) for one in messages],
    )


def resting(connection: sqlite3.Connection, as_of: int, rest_days: float) -> set[str]:
    """Customers who were written to within ``rest_days`` before a moment, or have a message waiting."""
    rows = connection.execute(
        f"SELECT DISTINCT {c.CUSTOMER_ID} FROM {MESSAGES} WHERE status = '{WAITING}' OR sent_at > ?",
        (as_of - int(rest_days * DAY_MS),),
    )
    return {customer for (customer,) in rows}


def history(connection: sqlite3.Connection) -> pl.DataFrame:
    """All messages in `COLUMNS`, the oldest first."""
    rows = [
        tuple(getattr(one, name) for name in COLUMNS)
        for one in _read(connection, "1 ORDER BY approved_at, message_id")
    ]
    whole, numbers = ("approved_at", "attempts", "sent_at"), ("expected_profit", "expected_cost")
    kinds = {
        name: pl.Int64 if name in whole else pl.Float64 if name in numbers else pl.String for name in COLUMNS
    }
    return pl.DataFrame(rows, kinds, orient="row")


def outcomes(connection: sqlite3.Connection, days: int) -> pl.DataFrame:
    """What came back, by action.

    Returns
    -------
    ``action``; ``sent``; ``followed``, messages that an event names as its ``request_id``; ``bought``,
    customers who bought within ``days`` after the message, because of it or not.
    """
    purchase = EventType.purchase.name
    rows = connection.execute(
        f"SELECT action, count(*), "
        f"sum(EXISTS (SELECT 1 FROM {EVENTS} e WHERE e.{c.REQUEST_ID} = m.message_id)), "
        f"sum(EXISTS (SELECT 1 FROM {EVENTS} e WHERE e.{c.CUSTOMER_ID} = m.{c.CUSTOMER_ID} "
        f"AND e.{c.EVENT_TYPE} = '{purchase}' AND e.{c.TIMESTAMP} >= m.sent_at "
        f"AND e.{c.TIMESTAMP} < m.sent_at + ?)) "
        f"FROM {MESSAGES} m WHERE status = '{SENT}' GROUP BY action ORDER BY action",
        (days * DAY_MS,),
    ).fetchall()
    kinds = {"action": pl.String, "sent": pl.Int64, "followed": pl.Int64, "bought": pl.Int64}
    return pl.DataFrame(rows, kinds, orient="row")


def _read(connection: sqlite3.Connection, where: str) -> list[Message]:
    rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM {MESSAGES} WHERE {where}")
    return [Message(*row) for row in rows]
