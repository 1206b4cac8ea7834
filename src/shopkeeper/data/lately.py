"""The end of the log, held in memory and read on: what figures for people are counted from."""

import sqlite3
from threading import Lock
from typing import Final, Protocol

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.schema import EVENTS

NEWEST: Final = 300_000
"""Events that are looked at; all there are, or the last so many."""
COLUMNS: Final = (
    c.SEQ,
    PERSON,
    c.EVENT_TYPE,
    c.ITEM_ID,
    c.TIMESTAMP,
    c.ITEM_LIST_ID,
    c.REQUEST_ID,
    c.QUANTITY,
    c.PRICE,
    c.VALUE,
)


def echoes(connection: sqlite3.Connection, most: int) -> int:
    """How many of the newest events echo an answer; counted up to ``most``."""
    sql = f"""
        SELECT count(*) FROM (
            SELECT 1 FROM {EVENTS} WHERE {c.REQUEST_ID} IS NOT NULL
                AND {c.SEQ} > (SELECT max({c.SEQ}) FROM {EVENTS}) - ? LIMIT ?)"""
    return int(connection.execute(sql, (NEWEST, most)).fetchone()[0])


class ReadableLog(Protocol):
    """What is needed of the log."""

    def scan(self, columns: tuple[str, ...], *, after_seq: int = 0) -> pl.DataFrame:
        """What came after a place in the log."""

    def last_seq(self) -> int:
        """The place of the newest event."""

    def erasures(self) -> int:
        """How often people were deleted."""


class Lately:
    """The newest events of a log, shared by all who ask.

    Parameters
    ----------
    log
        Where events are.
    newest
        Most events held; about 100 bytes each.
    """

    def __init__(self, log: ReadableLog, *, newest: int = NEWEST) -> None:
        self._log = log
        self._newest = newest
        self._lock = Lock()
        self._seq = 0
        self._erasures = -1
        self._frame = pl.DataFrame()

    def events(self) -> pl.DataFrame:
        """`COLUMNS` of the newest events, in log order; read anew after somebody was erased."""
        with self._lock:
            erasures, last = self._log.erasures(), self._log.last_seq()
            if erasures != self._erasures:
                self._frame, self._seq, self._erasures = pl.DataFrame(), 0, erasures
            if last > self._seq or self._frame.is_empty():
                after = max(self._seq, last - self._newest)
                more = self._log.scan(COLUMNS, after_seq=after)
                known = [frame for frame in (self._frame, more) if frame.width]
                self._frame = pl.concat(known).tail(self._newest)
                self._seq = last
            return self._frame

    @property
    def newest(self) -> int:
        """Most events looked at."""
        return self._newest
