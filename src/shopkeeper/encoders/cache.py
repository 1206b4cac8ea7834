"""Vectors kept on disk, so that what did not change is not encoded again."""

import hashlib
import logging
import sqlite3
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar

import numpy as np

from shopkeeper.core.errors import EndpointFailed, UnreadableSource
from shopkeeper.core.types import Floats
from shopkeeper.data.connections import BUSY_SECONDS, connect, telling, transaction
from shopkeeper.encoders.base import Encoder

Value = TypeVar("Value", bound=str | bytes | Path)
Progress = Callable[[int, int], None]
"""Told how many of how many values are encoded."""
VECTORS: Final = "vectors.db"
"""Name of a shop's file of vectors, in its cache folder."""
_LOG: Final = logging.getLogger("shopkeeper")
_BATCH: Final = 512
"""Values encoded between two writes: what a kill costs."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS vectors (
    encoder TEXT NOT NULL, content BLOB NOT NULL, crc INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (encoder, content)
)
"""


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


class Cached(Generic[Value]):
    """An encoder that remembers, by its id and a digest of the content.

    Several processes may share a file. Rows of zeros are not kept: what says nothing is asked again. A file
    that is damaged is started anew, which is logged as a warning.

    Parameters
    ----------
    encoder
        Encodes what is not known yet.
    path
        The file, a SQLite database; made where there is none.
    """

    def __init__(self, encoder: Encoder[Value], path: Path) -> None:
        self._encoder, self._path = encoder, path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = _opened(path)

    @property
    def id(self) -> str:
        """See `Encoder.id`."""
        return self._encoder.id

    @cached_property
    def dim(self) -> int:
        """See `Encoder.dim`; that of the vectors kept, which saves asking a service."""
        kept = self._rows("SELECT length(vector) / 4 FROM vectors WHERE encoder = ? LIMIT 1", [self.id])
        return int(kept[0][0]) if kept else self._encoder.dim

    def encode(self, values: Sequence[Value], progress: Progress = no_progress) -> Floats:
        """Vectors of values; see `Encoder.encode`.

        Parameters
        ----------
        values
            In any order; the same content is encoded once.
        progress
            Called after each batch of those that are not known yet.
        """
        digests = [_digest(value) for value in values]
        wanted = dict(zip(digests, values, strict=True))
        known = self._known(list(wanted))
        new = [digest for digest in wanted if digest not in known]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            vectors = self._encoder.encode([wanted[digest] for digest in batch])
            if vectors.shape[1] != self.dim:
                raise EndpointFailed(
                    f"{self.id} gave vectors of {vectors.shape[1]} numbers; those kept have {self.dim}.",
                    hint=f"If the model was changed, delete {self._path}.",
                )
            known.update(self._keep(batch, vectors))
            progress(start + len(batch), len(new))
        rows = bytearray().join([known[digest] for digest in digests])
        return np.frombuffer(rows, "<f4").reshape(len(digests), self.dim).astype(np.float32, copy=False)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _known(self, digests: list[bytes]) -> dict[bytes, bytes]:
        """Vectors that are kept, by digest."""
        found: dict[bytes, bytes] = {}
        size = 4 * self.dim
        for start in range(0, len(digests), 500):
            part = digests[start : start + 500]
            asked = (
                "SELECT content, crc, vector FROM vectors WHERE encoder = ? AND content IN "
                f"({','.join('?' * len(part))})"
            )
            rows = self._rows(asked, [self.id, *part])
            found |= {
                content: vector
                for content, crc, vector in rows
                if len(vector) == size and zlib.crc32(vector) == crc
            }
        return found

    def _rows(self, asked: str, values: list[str | bytes]) -> list[Any]:
        """What the file answers; nothing from one that is damaged, and then started anew."""
        try:
            with telling(self._path):
                return self._connection.execute(asked, values).fetchall()
        except UnreadableSource as error:
            self._connection.close()
            self._connection = _anew(self._path, error)
            return []

    def _keep(self, digests: list[bytes], vectors: Floats) -> dict[bytes, bytes]:
        """Write vectors, but none of zeros; all of them by digest."""
        given = {digest: row.tobytes() for digest, row in zip(digests, vectors.astype("<f4"), strict=True)}
        kept = [
            (self.id, digest, zlib.crc32(vector), vector) for digest, vector in given.items() if any(vector)
        ]
        with telling(self._path), transaction(self._connection):
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", kept)
        return given


def _digest(value: str | bytes | Path) -> bytes:
    """Of the content; a file's is read, and none for a file that cannot be."""
    if isinstance(value, str):
        content = value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes):
        content = value
    else:
        try:
            content = value.read_bytes()
        except OSError:
            content = b""
    return hashlib.blake2b(content, digest_size=16).digest()


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _made(path)
    except UnreadableSource as error:
        return _anew(path, error)


def _anew(path: Path, error: UnreadableSource) -> sqlite3.Connection:
    """An empty file in place of a damaged one; any other trouble with the file is passed on."""
    code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
    if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        raise error
    _LOG.warning("%s It is started anew, and what is asked for is encoded again.", error.message)
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return _made(path)


def _made(path: Path) -> sqlite3.Connection:
    with telling(path), closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as fresh:
        fresh.execute("PRAGMA page_size = 16384")  # of a new file: several vectors fit on one page
        fresh.execute(_SCHEMA)
    return connect(path)
