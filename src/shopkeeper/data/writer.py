"""One writer a process, with group commit.

Writing to disk and waiting for it costs the same for one row as for a thousand. So callers put their work
into a queue, one thread takes all that waits, does it in one transaction, and answers everyone once the disk
has it.
"""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from shopkeeper.core.errors import StoreBusy
from shopkeeper.data.connections import connect, telling, transaction

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], Any]

MAX_GROUP: Final = 256
"""Most jobs that share one transaction."""
_Waiting = tuple[Job, "Future[Any]"]


class Writer:
    """The thread that alone writes to a database from this process.

    Parameters
    ----------
    path
        The database, with its tables.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = connect(path)
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="shopkeeper-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Callable[[sqlite3.Connection], T]) -> "Future[T]":
        """Have ``job`` done within a transaction; the future is done when its effect is on disk.

        A job that fails is undone alone, and its error is the future's.

        Raises
        ------
        StoreBusy
            The store was closed.
        """
        future: Future[T] = Future()
        with self._closing:
            if self._closed:
                raise StoreBusy("The store is closed.", hint="Open the shop again.")
            self._queue.put((job, future))
        return future

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        open_ = True
        while open_:
            group, open_ = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        group: list[_Waiting] = []
        entry = self._queue.get()
        while entry is not None:
            if entry[1].set_running_or_notify_cancel():
                group.append(entry)
            if self._queue.empty() or len(group) == MAX_GROUP:
                return group, True
            entry = self._queue.get()
        return group, False

    def _commit(self, group: list[_Waiting]) -> None:
        """Do all jobs in one transaction; should one of them fail, each in its own."""
        try:
            with telling(self._path), transaction(self._connection):
                results = [job(self._connection) for job, _ in group]
        except BaseException as error:
            if len(group) == 1:
                group[0][1].set_exception(error)
            else:
                for entry in group:
                    self._commit([entry])
            return
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)
