"""Whole sources on their way into the shop: shaped, checked, cleaned, pseudonymised, keyed and stored.

Chunks are stored one transaction each, while the next is being prepared. A process killed in between loses
nothing that was told as done, and the same command again stores the rest: keys make the import repeatable.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.ports import system_clock
from shopkeeper.core.types import Tie
from shopkeeper.data import catalogue, log, ties
from shopkeeper.data.clean_rows import clean_rows
from shopkeeper.data.collect import quarantine_row
from shopkeeper.data.contract import KINDS, Contract, Reason, contract_of
from shopkeeper.data.event_keys import event_keys
from shopkeeper.data.log import Progress
from shopkeeper.data.occurrences import Occurrences
from shopkeeper.data.report import ImportReport, Tally, sentence_of
from shopkeeper.data.schema import CAMPAIGNS, CUSTOMERS, ITEMS, TIES
from shopkeeper.data.shape import Shaper
from shopkeeper.data.sources.base import Chunk, Source
from shopkeeper.data.sources.opening import open_source
from shopkeeper.data.store import Store, put_quarantine
from shopkeeper.data.validate import Fault
from shopkeeper.data.validate_frame import CheckedFrame, check_frame, set_aside
from shopkeeper.privacy.identity import Identity

_TABLES: Final = {"items": ITEMS, "customers": CUSTOMERS}
_Row = tuple[Any, ...]


def import_source(
    store: Store,
    source: Source | str | Path,
    *,
    kind: str,
    config: ShopConfig,
    identity: Identity,
    format: str | None = None,
    query: str | None = None,
    mapping: Mapping[str, str] | None = None,
    now: int | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a source. Doing it again adds nothing, and finishes what an interrupted import left.

    Parameters
    ----------
    store
        Where to.
    source
        A file, the URL of a database, the name of a source such as ``complete-journey``, or a `Source`.
    kind
        ``events``, ``items``, ``customers``, ``campaigns`` or ``ties``.
    config
        Bounds, and what a missing consent means.
    identity
        Makes the pseudonyms.
    format
        One of `sources.opening.FORMATS`, where neither suffix nor content tells.
    query
        SELECT for a database.
    mapping
        Our column -> the source's column, where guessing from well-known names is not enough.
    now
        Epoch milliseconds; the machine's clock where it is None.
    progress
        Called with rows stored so far, and the total where it is known.

    Raises
    ------
    InvalidRequest
        ``kind`` or a column of ours that does not exist.
    MissingFile, EmptySource, MissingColumn, UnreadableSource, PayloadTooLarge
        The source cannot be used. What was read before stays stored.
    """
    if kind not in KINDS:
        raise InvalidRequest(f"kind = {kind!r} cannot be imported.", hint=f"There are {', '.join(KINDS)}.")
    started = time.monotonic()
    if isinstance(source, (str, Path)):
        source = open_source(source, kind=kind, limits=config.limits, format=format, query=query)
    shaper = Shaper(source, kind, mapping or {})
    run = _Import(store, source, kind, config, identity, system_clock() if now is None else now)
    with store.bulk(shaper.map.columns) if kind == "events" else nullcontext():
        for chunk, frame in shaper.chunks():
            run.take(chunk, frame, progress)
        run.settle(progress)
    notes = [*shaper.notes(), *source.notes]
    return run.tally.report(source=source.name, kind=kind, notes=notes, seconds=time.monotonic() - started)


class _Import:
    """The state of one import: its counts, and the chunk that is being written."""

    def __init__(
        self, store: Store, source: Source, kind: str, config: ShopConfig, identity: Identity, now: int
    ) -> None:
        self.tally = Tally()
        self._store = store
        self._source = source
        self._kind = kind
        self._assume_consent = config.privacy.assume_consent
        self._identity = identity
        self._contract: Contract = contract_of(kind, config, now)
        self._occurrences = Occurrences()
        self._writing: tuple[Future[int], int] | None = None

    def take(self, chunk: Chunk, frame: pl.DataFrame, progress: Progress | None) -> None:
        """Prepare a chunk and hand it to the writer, once the one before is on disk."""
        checked = check_frame(frame, self._contract)
        if self._kind == TIES:
            checked = self._between_customers(checked)
        refused = self._refused(chunk, frame, checked)
        put = self._put_events(checked) if self._kind == "events" else self._put_rows(checked)
        self.tally.cut.update(checked.cut)
        self.settle(progress)
        rows = len(frame) + len(chunk.broken)
        self._writing = self._store.write(partial(_put, put=put, refused=refused)), rows

    def settle(self, progress: Progress | None) -> None:
        """Wait until what was handed over is on disk, and count it."""
        if self._writing is None:
            return
        future, rows = self._writing
        self._writing = None
        self.tally.stored += future.result()
        self.tally.rows_read += rows
        if progress is not None:
            progress(self.tally.rows_read, self._source.total)

    def _between_customers(self, checked: CheckedFrame) -> CheckedFrame:
        """The same without ties of people whom the shop does not know."""
        for field in self._contract.fields:
            if field.personal:
                people = self._identity.customers(checked.values[field.name])
                unknown = self._store.read(partial(ties.strangers, people=people.unique().to_list()))
                checked = set_aside(checked, people.is_in(unknown), field, Reason.unknown_customer)
        return checked

    def _refused(self, chunk: Chunk, frame: pl.DataFrame, checked: CheckedFrame) -> list[_Row]:
        rows = []
        for line in chunk.broken:
            fault = Fault(line.reason, line.field, line.message or sentence_of(line.reason))
            rows.append(self._refuse(line.line, fault, None))
        lines = chunk.lines.gather(list(checked.faults)).to_list()
        for line_number, (row, fault) in zip(lines, checked.faults.items(), strict=True):
            rows.append(self._refuse(line_number, fault, frame.row(row, named=True)))
        return rows

    def _refuse(self, line: int, fault: Fault, given: dict[str, Any] | None) -> _Row:
        self.tally.refuse(fault.reason, line, fault.message)
        return quarantine_row(
            self._kind, self._source.name, line, fault, given, self._contract.columns, self._identity
        )

    def _put_events(self, checked: CheckedFrame) -> "_Put":
        cleaned, reports = clean_rows(checked.values)
        self.tally.apply(reports)
        frame = pseudonymous(cleaned, self._identity, assume_consent=self._assume_consent)
        self.tally.anonymous += _anonymous(frame)
        columns = [c.EVENT_ID, *(name for name in frame.columns if name != c.EVENT_ID)]
        values: list[Any] = [None] * (len(frame) * len(columns))
        values[:: len(columns)] = event_keys(frame, self._occurrences)
        for place, name in enumerate(columns[1:], 1):
            values[place :: len(columns)] = _listed(frame[name])
        return partial(log.add_bulk, columns=columns, values=values, links=_links(frame))

    def _put_rows(self, checked: CheckedFrame) -> "_Put":
        frame = _completed(checked.values, self._contract)
        for name in (c.CUSTOMER_ID, c.OTHER_ID):
            if name in frame.columns:
                frame = frame.with_columns(self._identity.customers(frame[name]).alias(name))
        if self._kind == TIES:
            frame = frame.with_columns(pl.col(c.KIND).cast(pl.String).fill_null(Tie.friend.name))
            return partial(ties.put_ties, rows=frame.rows())
        if self._kind == "customers":
            frame = _with_consent(frame, assume_consent=self._assume_consent)
        rows = frame.rows()
        if self._kind == CAMPAIGNS:
            return partial(catalogue.upsert_campaigns, rows=rows)
        return partial(catalogue.upsert, table=_TABLES[self._kind], rows=rows)


_Put = partial[int]


def _put(connection: Connection, put: _Put, refused: Sequence[_Row]) -> int:
    if refused:
        put_quarantine(connection, refused)
    return put(connection)


def pseudonymous(events: pl.DataFrame, identity: Identity, *, assume_consent: bool) -> pl.DataFrame:
    """Validated events with pseudonyms in place of persons, and without persons where there is no consent."""
    given = pl.col(c.CONSENT).fill_null(assume_consent) if c.CONSENT in events.columns else None
    consent = pl.lit(assume_consent) if given is None else given
    events = events.with_columns(consent.alias(c.CONSENT))
    for column, pseudonyms in ((c.CUSTOMER_ID, identity.customers), (c.SESSION_ID, identity.sessions)):
        if column in events.columns:
            people = events.select(pl.when(c.CONSENT).then(column)).to_series()
            events = events.with_columns(pseudonyms(people).alias(column))
    return events


def _anonymous(events: pl.DataFrame) -> int:
    people = [name for name in (c.CUSTOMER_ID, c.SESSION_ID) if name in events.columns]
    if not people:
        return len(events)
    return int(events.select(pl.all_horizontal(pl.col(people).is_null()).sum()).item())


def _listed(column: pl.Series) -> list[Any]:
    """The values; one that is the same in all rows is made once."""
    if len(column) and column.null_count() == 0 and bool((column == column[0]).all()):
        return [column[0]] * len(column)
    return column.to_list()


def _links(events: pl.DataFrame) -> list[tuple[str, str]]:
    if not {c.CUSTOMER_ID, c.SESSION_ID} <= set(events.columns):
        return []
    return events.select(c.SESSION_ID, c.CUSTOMER_ID).drop_nulls().unique().rows()


def _completed(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """All columns of the contract, in its order."""
    return frame.select(
        pl.col(name) if name in frame.columns else pl.lit(None).alias(name) for name in contract.columns
    )


def _with_consent(customers: pl.DataFrame, *, assume_consent: bool) -> pl.DataFrame:
    """Without consent nothing is kept of a customer but that they gave none."""
    consent = pl.col(c.CONSENT).cast(pl.Boolean)
    given = consent.fill_null(assume_consent)
    return customers.with_columns(
        consent.alias(c.CONSENT),
        *(pl.when(given).then(name).alias(name) for name in (c.CREATED_AT, c.ATTRIBUTES)),
    )
