"""Messages to customers: approved, waiting, sent, given up or held out, each kept with what became of it.

A message is written before it is sent and marked after, so that a crash in between sends it again under the
same id rather than never; whoever receives it passes over an id that came before.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.schema import CUSTOMERS, EVENTS, MESSAGES

WAITING: Final = "waiting"
SENT: Final = "sent"
GIVEN_UP: Final = "given up"
WITHDRAWN: Final = "withdrawn"
"""The customer's consent ended before it was sent."""
HELD_OUT: Final = "held out"
"""Never sent: by chance in the group that gets nothing, so that the effect on the others can be told."""


@dataclass(frozen=True, slots=True)
class Rest:
    """How often one customer may be written to.

    Attributes
    ----------
    days
        Least days between two messages.
    most, within_days
        At most so many messages within so many days; 0 sets no limit.
    """

    days: float
    most: int = 0
    within_days: float = 0.0


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
        `WAITING`, `SENT`, `GIVEN_UP`, `WITHDRAWN` or `HELD_OUT`.
    attempts
        How often sending was tried.
    channel
        Where to it was sent, or tried last.
    sent_at
        Epoch milliseconds, None where it was not.
    fault
        Why it was not sent, None where it was or still waits.
    campaign_id
        Which campaign it invites to, None where it is none.
    items
        What it names, the best first.
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
    campaign_id: str | None = None
    items: tuple[str, ...] = ()


COLUMNS: Final = tuple(field.name for field in fields(Message))


def put(connection: sqlite3.Connection, messages: Sequence[Message], rest: Rest) -> int:
    """Let messages wait, or keep who is held out, within the current transaction; how many.

    A customer who rests, who has a message waiting, or who withdrew consent gets none.
    """
    stored = 0
    for one in messages:
        if not (_waits(connection, one) or refusal(connection, one, one.approved_at, rest)):
            connection.execute(
                f"INSERT INTO {MESSAGES} ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})",
                _row(one),
            )
            stored += 1
    return stored


def _waits(connection: sqlite3.Connection, message: Message) -> bool:
    sql = f"SELECT 1 FROM {MESSAGES} WHERE {c.CUSTOMER_ID} = ? AND status = '{WAITING}'"
    return connection.execute(sql, (message.customer_id,)).fetchone() is not None


def waiting(connection: sqlite3.Connection) -> list[Message]:
    """What is to be sent, the oldest first."""
    return _read(connection, f"status = '{WAITING}' ORDER BY approved_at, message_id")


def refusal(connection: sqlite3.Connection, message: Message, now: int, rest: Rest) -> str:
    """Why a message must not be sent now, empty where it may; only `WITHDRAWN` is for good."""
    person = message.customer_id
    refused = f"SELECT 1 FROM {CUSTOMERS} WHERE {c.CUSTOMER_ID} = ? AND {c.CONSENT} = 0"
    if connection.execute(refused, (person,)).fetchone():
        return WITHDRAWN
    recent = f"SELECT 1 FROM {MESSAGES} WHERE {c.CUSTOMER_ID} = ? AND {_LATELY}"
    if connection.execute(recent, (person, *_since(now, rest))).fetchone():
        return "rests"
    if rest.most:
        count = f"SELECT count(*) FROM {MESSAGES} WHERE {c.CUSTOMER_ID} = ? AND sent_at > ?"
        (sent,) = connection.execute(count, (person, now - int(rest.within_days * DAY_MS))).fetchone()
        if sent >= rest.most:
            return "had enough"
    return ""


_LATELY: Final = f"(sent_at > ? OR (status = '{HELD_OUT}' AND approved_at > ?))"
"""Whoever was written to lately, or was held out lately, as if it had been sent."""


def _since(now: int, rest: Rest) -> tuple[int, int]:
    since = now - int(rest.days * DAY_MS)
    return since, since


def mark(connection: sqlite3.Connection, messages: Sequence[Message]) -> None:
    """Keep what became of messages."""
    connection.executemany(
        f"UPDATE {MESSAGES} SET status = ?, attempts = ?, channel = ?, sent_at = ?, fault = ? "
        "WHERE message_id = ?",
        [(one.status, one.attempts, one.channel, one.sent_at, one.fault, one.message_id) for one in messages],
    )


def resting(connection: sqlite3.Connection, as_of: int, rest: Rest) -> set[str]:
    """Customers who must not be written to at a moment: they rest, have a message waiting, or had enough."""
    busy = connection.execute(
        f"SELECT DISTINCT {c.CUSTOMER_ID} FROM {MESSAGES} WHERE status = '{WAITING}' OR {_LATELY}",
        _since(as_of, rest),
    ).fetchall()
    if rest.most:
        busy += connection.execute(
            f"SELECT {c.CUSTOMER_ID} FROM {MESSAGES} WHERE sent_at > ? GROUP BY 1 HAVING count(*) >= ?",
            (as_of - int(rest.within_days * DAY_MS), rest.most),
        ).fetchall()
    return {customer for (customer,) in busy}


def history(connection: sqlite3.Connection) -> pl.DataFrame:
    """All messages in `COLUMNS`, the oldest first."""
    rows = [_row(one) for one in _read(connection, "1 ORDER BY approved_at, message_id")]
    whole, numbers = ("approved_at", "attempts", "sent_at"), ("expected_profit", "expected_cost")
    kinds = {
        name: pl.Int64 if name in whole else pl.Float64 if name in numbers else pl.String for name in COLUMNS
    }
    return pl.DataFrame(rows, kinds, orient="row")


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Messages by status."""
    return dict(connection.execute(f"SELECT status, count(*) FROM {MESSAGES} GROUP BY status").fetchall())


def trial(connection: sqlite3.Connection, days: int, now: int) -> pl.DataFrame:
    """Messages of campaigns with a group held out, and whether the customer bought within ``days``.

    Only those of which the days have passed.

    Returns
    -------
    ``campaign_id``; ``score``, the profit that was expected; ``treated``, sent or held out; ``bought``.
    """
    when = "coalesce(m.sent_at, m.approved_at)"
    rows = connection.execute(
        f"SELECT m.campaign_id, m.expected_profit, m.status = '{SENT}', EXISTS (SELECT 1 FROM {EVENTS} e "
        f"WHERE e.{c.CUSTOMER_ID} = m.{c.CUSTOMER_ID} AND e.{c.EVENT_TYPE} = '{EventType.purchase.name}' "
        f"AND e.{c.TIMESTAMP} >= {when} AND e.{c.TIMESTAMP} < {when} + ?) FROM {MESSAGES} m "
        f"WHERE m.status IN ('{SENT}', '{HELD_OUT}') AND {when} <= ? AND m.campaign_id IN "
        f"(SELECT campaign_id FROM {MESSAGES} WHERE status = '{HELD_OUT}') ORDER BY m.message_id",
        (days * DAY_MS, now - days * DAY_MS),
    ).fetchall()
    kinds = {"campaign_id": pl.String, "score": pl.Float64, "treated": pl.Boolean, "bought": pl.Boolean}
    return pl.DataFrame(
        [(name, score, bool(treated), bool(bought)) for name, score, treated, bought in rows],
        kinds,
        orient="row",
    )


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
    return [Message(*(*told, tuple(json.loads(items or "[]")))) for *told, items in rows]


def _row(message: Message) -> tuple[Any, ...]:
    told = {name: getattr(message, name) for name in COLUMNS}
    return (*(told | {"items": json.dumps(message.items) if message.items else None}).values(),)
