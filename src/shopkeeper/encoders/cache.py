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
from numpy.typing import NDArray

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
_DIGEST: Final = 16
"""Bytes of a digest."""
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS blocks (
    encoder TEXT NOT NULL, crc INTEGER NOT NULL, digests BLOB NOT NULL, vectors BLOB NOT NULL
)
"""


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


class Cached(Generic[Value]):
    """An encoder that remembers, by its id and a digest of the content.

    Several processes may share a file. Rows of zeros are not kept: what says nothing is asked again. A file
    that is damaged is started anew, which is logged as a warning; a block that is damaged is passed over.

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
        blocks = self._rows("SELECT rowid FROM blocks WHERE encoder = ?", [self.id])
        sound = (block for (number,) in blocks if (block := self._block(number)) is not None)
        return next((block.shape[1] for block in sound), None) or self._encoder.dim

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
        rows = dict(zip(wanted, range(len(wanted)), strict=True))
        vectors = np.zeros((len(wanted), self.dim), np.float32)
        known = self._read(rows, vectors)
        new = [digest for digest, is_known in zip(wanted, known, strict=True) if not is_known]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            found = self._encoder.encode([wanted[digest] for digest in batch])
            if found.shape[1] != self.dim:
                raise EndpointFailed(
                    f"{self.id} gave vectors of {found.shape[1]} numbers; those kept have {self.dim}.",
                    hint=f"If the model was changed, delete {self._path}.",
                )
            vectors[[rows[digest] for digest in batch]] = found
            self._keep(batch, found)
            progress(start + len(batch), len(new))
        return vectors if len(rows) == len(digests) else vectors[[rows[digest] for digest in digests]]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, rows: dict[bytes, int], vectors: Floats) -> NDArray[np.bool_]:
        """Fill in the rows that are kept; which they are. The latest block wins."""
        known = np.zeros(len(rows), np.bool_)
        listed = "SELECT rowid, digests FROM blocks WHERE encoder = ? ORDER BY rowid DESC"
        for block, digests in self._rows(listed, [self.id]):
            kept = [rows.get(digest, -1) for digest in _cut(digests)]
            places = np.array([i for i, row in enumerate(kept) if row >= 0 and not known[row]], np.int64)
            found = self._block(block) if len(places) else None
            if found is not None and found.shape[1] == self.dim:
                there = np.array(kept)[places]
                vectors[there], known[there] = found[places], True
        return known

    def _block(self, number: int) -> Floats | None:
        """Vectors of a block; None of one that is damaged."""
        found = self._rows("SELECT crc, digests, vectors FROM blocks WHERE rowid = ?", [number])
        if not found:
            return None
        crc, digests, vectors = found[0]
        sound = _crc(digests, vectors) == crc
        return np.frombuffer(vectors, "<f4").reshape(len(digests) // _DIGEST, -1) if sound else None

    def _rows(self, asked: str, values: list[str | int]) -> list[Any]:
        """What the file answers; nothing from one that is damaged, and then started anew."""
        try:
            with telling(self._path):
                return self._connection.execute(asked, values).fetchall()
        except UnreadableSource as error:
            self._connection.close()
            self._connection = _anew(self._path, error)
            return []

    def _keep(self, digests: list[bytes], vectors: Floats) -> None:
        """Write a block of vectors, but none of zeros."""
        said = np.flatnonzero(vectors.any(axis=1))
        kept = b"".join(digests[i] for i in said), vectors[said].astype("<f4").tobytes()
        if kept[0]:
            with telling(self._path), transaction(self._connection):
                row = (self.id, _crc(*kept), *kept)
                self._connection.execute("INSERT INTO blocks VALUES (?, ?, ?, ?)", row)


def _cut(digests: bytes) -> list[bytes]:
    return [digests[start : start + _DIGEST] for start in range(0, len(digests), _DIGEST)]


def _crc(digests: bytes, vectors: bytes) -> int:
    return zlib.crc32(vectors, zlib.crc32(digests))


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
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()


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
        fresh.execute("PRAGMA page_size = 16384")  # of a new file: a block is read in fewer pieces
        fresh.execute(_SCHEMA)
    return connect(path)
