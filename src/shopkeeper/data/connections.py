"""Connections to ``shop.db``: one that writes, and one that reads for each thread."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shopkeeper.core.errors import DiskFull, ShopkeeperError, StoreBusy, UnreadableSource

BUSY_SECONDS: Final = 30.0
"""How long a process waits for another one's write."""
CACHE_KB: Final = 32 * 1024
BULK_CACHE_KB: Final = 256 * 1024
"""Page cache while an import runs: the index over event keys should fit."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection in write-ahead mode; it may be handed from thread to thread.

    Raises
    ------
    UnreadableSource
        The file is not a SQLite database, or is damaged.
    StoreBusy
        Another process held it for too long.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        with telling(path):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            set_cache(connection, CACHE_KB)
    except BaseException:
        connection.close()
        raise
    return connection


def set_cache(connection: sqlite3.Connection, kilobytes: int) -> None:
    """Bound the page cache of a connection."""
    connection.execute(f"PRAGMA cache_size = -{kilobytes}")


class Readers:
    """A read-only connection for each thread that asks.

    Parameters
    ----------
    path
        The database, which must exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []

    def get(self) -> sqlite3.Connection:
        """The calling thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = connect(self._path)
            found.execute("PRAGMA query_only = ON")
            self._local.connection = found
            with self._lock:
                self._open.append(found)
        return found

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what SQLite says into errors a person can act on."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _told(path, error) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: all of it is on disk afterwards, or nothing is."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _told(path: Path, error: sqlite3.DatabaseError) -> ShopkeeperError:
    said = str(error)
    if "locked" in said or "busy" in said:
        return StoreBusy(
            f"{path} stayed locked by another process for {BUSY_SECONDS:.0f} s.",
            hint="Try again when the other import or server is done.",
        )
    if "full" in said:
        return DiskFull(f"{path} could not be written: the disk is full.", hint="Free some space.")
    return UnreadableSource(f"{path} could not be used: {said}.", hint="Restore it from a backup.")
