"""Events that arrive a batch at a time: checked, pseudonymised, keyed and stored, with a verdict a row.

Whole sources are imported by `data.importing`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from sqlite3 import Connection
from typing import Any, Final

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import PayloadTooLarge
from shopkeeper.core.ports import EventRow
from shopkeeper.core.types import EventType
from shopkeeper.data import log
from shopkeeper.data.contract import contract_of
from shopkeeper.data.event_key import keyed
from shopkeeper.data.schema import KEY_BYTES
from shopkeeper.data.store import Store, put_quarantine
from shopkeeper.data.validate import Checked, Fault, check_rows
from shopkeeper.data.values import parse_flag, parse_text
from shopkeeper.privacy.identity import Pseudonyms

STORED: Final = "stored"
DUPLICATE: Final = "duplicate"
REJECTED: Final = "rejected"
HTTP_SOURCE: Final = "batch"
_ANONYMOUS: Final = (None, None)
_LONGEST_ROW: Final = 20_000
"""A longer row is not kept in the quarantine, only its reason."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row of a batch.

    Attributes
    ----------
    status
        ``stored``, ``duplicate`` (it was there before) or ``rejected``.
    event_id
        Hexadecimal key of the event, None for a rejected row.
    reason, field, message
        Of a rejected row: a `contract.Reason`, the column, and a sentence.
    cut
        Columns whose text was too long and was cut.
    """

    status: str
    event_id: str | None = None
    reason: str | None = None
    field: str | None = None
    message: str | None = None
    cut: tuple[str, ...] = ()


def collect_events(
    store: Store, rows: Sequence[Any], *, config: ShopConfig, identity: Pseudonyms, now: int
) -> list[Verdict]:
    """Store a batch of events and wait until it is on disk. The same batch again is all duplicates.

    Parameters
    ----------
    store
        Where to.
    rows
        One mapping an event, with raw ids, keys of `columns.EVENT_COLUMNS`; others are passed over.
        A row without ``timestamp`` happens now.
    config
        Bounds, and what a missing consent means.
    identity
        Makes the pseudonyms; see `privacy.identity`.
    now
        Epoch milliseconds.

    Returns
    -------
    A verdict a row, in the order of ``rows``.

    Raises
    ------
    PayloadTooLarge
        There are more rows than ``limits.max_batch``.
    """
    return start_collecting(store, rows, config=config, identity=identity, now=now).verdicts()


@dataclass(frozen=True, slots=True)
class Collecting:
    """A batch of events on its way to the disk.

    Attributes
    ----------
    done
        Done when the batch is on disk; for each good row whether it is new.
    """

    done: "Future[list[bool]]"
    _checked: list[Checked]
    _events: list[EventRow]

    def verdicts(self) -> list[Verdict]:
        """Wait for the disk; a verdict a row, in order."""
        return _verdicts(self._checked, self._events, self.done.result())


def start_collecting(
    store: Store, rows: Sequence[Any], *, config: ShopConfig, identity: Pseudonyms, now: int
) -> Collecting:
    """`collect_events` without the wait: for a server that has others to answer meanwhile."""
    checked, events = prepare(rows, config=config, identity=identity, now=now)
    refused = _refused(rows, checked, identity)
    return Collecting(store.write(partial(_put, events=events, refused=refused)), checked, events)


def prepare(
    rows: Sequence[Any], *, config: ShopConfig, identity: Pseudonyms, now: int
) -> tuple[list[Checked], list[EventRow]]:
    """All of `collect_events` but the storing: the check of each row, and the good rows ready for the log."""
    if len(rows) > config.limits.max_batch:
        raise PayloadTooLarge(
            f"The batch has {len(rows)} rows; at most {config.limits.max_batch} are taken.",
            hint="Send it in parts.",
        )
    contract = contract_of("events", config, now)
    checked = check_rows((_dated(row, now) for row in rows), contract)
    assume = config.privacy.assume_consent
    good = [_stored_values(row.values, identity, assume) for row in checked if row.fault is None]
    return checked, keyed(good)


def _dated(row: Any, now: int) -> Any:
    if isinstance(row, Mapping) and row.get(c.TIMESTAMP) is None:
        return {**row, c.TIMESTAMP: now}
    return row


def _stored_values(values: dict[str, Any], identity: Pseudonyms, assume_consent: bool) -> list[Any]:
    """Values of a good row in `columns.EVENT_COLUMNS`: persons under their pseudonyms, returns as refunds."""
    consent = values.setdefault(c.CONSENT, assume_consent)
    customer, session = (values.get(c.CUSTOMER_ID), values.get(c.SESSION_ID)) if consent else _ANONYMOUS
    values[c.CUSTOMER_ID] = None if customer is None else identity.customer(customer)
    values[c.SESSION_ID] = None if session is None else identity.session(session)
    if values.get(c.QUANTITY, 1.0) < 0:
        values[c.QUANTITY] = -values[c.QUANTITY]
        values[c.EVENT_TYPE] = EventType.refund.name
    return list(map(values.get, c.EVENT_COLUMNS))


def _put(connection: Connection, events: list[EventRow], refused: list[tuple[Any, ...]]) -> list[bool]:
    if refused:
        put_quarantine(connection, refused)
    return log.add(connection, events)


def _verdicts(checked: list[Checked], events: list[EventRow], added: list[bool]) -> list[Verdict]:
    stored = zip(events, added, strict=True)
    verdicts = []
    for row in checked:
        if row.fault is not None:
            fault = row.fault
            verdicts.append(Verdict(REJECTED, None, fault.reason.value, fault.field, fault.message))
        else:
            event, new = next(stored)
            verdicts.append(Verdict(STORED if new else DUPLICATE, event[0].hex(), cut=row.cut))
    return verdicts


def _refused(rows: Sequence[Any], checked: list[Checked], identity: Pseudonyms) -> list[tuple[Any, ...]]:
    return [
        quarantine_row("events", HTTP_SOURCE, None, row.fault, given, c.EVENT_COLUMNS, identity)
        for given, row in zip(rows, checked, strict=True)
        if row.fault is not None
    ]


def quarantine_row(
    kind: str,
    source: str,
    line: int | None,
    fault: Fault,
    given: Any,
    columns: Sequence[str],
    identity: Pseudonyms,
) -> tuple[Any, ...]:
    """A row for the quarantine: columns of the contract only, persons under their pseudonyms."""
    kept = dict(given) if isinstance(given, Mapping) else {}
    kept = {name: kept[name] for name in columns if kept.get(name) is not None}
    anonymous = parse_flag(kept.get(c.CONSENT))[0] is False
    customer = _hidden(kept, c.CUSTOMER_ID, None if anonymous else identity.customer)
    session = _hidden(kept, c.SESSION_ID, None if anonymous else identity.session)
    _hidden(kept, c.OTHER_ID, None)  # whoever is named here alone could not be found to be forgotten
    parts = (kind, source, line, fault.field, fault.reason.value, fault.message, _spelled(kept))
    key = blake2b(repr((*parts, customer, session)).encode(), digest_size=KEY_BYTES).digest()
    return (key, *parts, customer, session)


def _hidden(row: dict[str, Any], column: str, pseudonym: Callable[[str], str] | None) -> str | None:
    """Replace a personal value within the row by its pseudonym, or drop it; the pseudonym."""
    text, _ = parse_text(row.pop(column, None))
    if text is None or pseudonym is None:
        return None
    row[column] = pseudonym(text)
    return str(row[column])


def _spelled(row: dict[str, Any]) -> str | None:
    try:
        text = json.dumps(row, default=str, sort_keys=True)
    except (ValueError, TypeError, RecursionError):
        return None
    return text if len(text) <= _LONGEST_ROW else None
