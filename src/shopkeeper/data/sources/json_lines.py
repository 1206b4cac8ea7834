"""JSON Lines files: an object a line. A small file that is one JSON array of objects is read too."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import PayloadTooLarge, UnreadableSource
from shopkeeper.data.contract import Reason
from shopkeeper.data.sources import ga4
from shopkeeper.data.sources.base import CHUNK_ROWS, BrokenLine, Chunk
from shopkeeper.data.sources.json_columns import frame_of
from shopkeeper.data.sources.lines import MAX_LINE, bounded, broken_encoding, utf8_blocks
from shopkeeper.data.sources.stream import blocks

MAX_ARRAY: Final = 100_000_000
"""Largest JSON array in bytes; it must be held in memory as a whole."""
_HOPELESS: Final = 10

Parsed = tuple[int, Any]
"""Line number and either an object or the reason why there is none."""


class JsonLines:
    """Rows of a JSON Lines file.

    Parameters
    ----------
    path
        An existing file, plain or compressed.
    limits
        Bounds what a compressed file may become.
    ga4_events
        Whether the objects are GA4 events, of which one may be several rows.
    """

    def __init__(self, path: Path, limits: Limits, *, ga4_events: bool = False) -> None:
        self.name = str(path)
        self.total: int | None = None
        self._path = path
        self._limits = limits
        self._reader: ga4.Ga4Reader | None = ga4.Ga4Reader() if ga4_events else None

    @property
    def notes(self) -> Sequence[str]:
        """Which GA4 events were left out."""
        return () if self._reader is None else self._reader.notes()

    def chunks(self) -> Iterator[Chunk]:
        """The rows; a later chunk may have more columns."""
        names: list[str] = []
        for batch in _batches(self._parsed()):
            broken = tuple(BrokenLine(line, row) for line, row in batch if isinstance(row, Reason))
            rows = [(line, row) for line, row in batch if not isinstance(row, Reason)]
            if self._reader is not None:
                rows = [(line, row) for line, event in rows for row in self._reader.rows(event)]
                names = list(ga4.COLUMNS)
            names += [name for name in _names(rows) if name not in names]
            lines = pl.Series("line", [line for line, _ in rows], dtype=pl.Int64)
            yield Chunk(frame_of([row for _, row in rows], names), lines, broken)

    def _parsed(self) -> Iterator[Parsed]:
        text = utf8_blocks(self.name, blocks(self._path, self._limits))
        first = next(text, b"")
        if first.lstrip()[:1] == b"[":
            yield from self._array(first, text)
            return
        badly = fine = 0
        for number, line in enumerate(_lines(first, text), 1):
            row = _object(line)
            if row is not None:
                yield number, row
            badly += row is Reason.broken_encoding
            fine += row is not Reason.broken_encoding and not line.isascii()
            if badly >= _HOPELESS and fine < badly:
                raise broken_encoding(self.name)

    def _array(self, first: bytes, rest: Iterator[bytes]) -> Iterator[Parsed]:
        text = first
        for block in rest:
            text += block
            if len(text) > MAX_ARRAY:
                raise PayloadTooLarge(
                    f"{self.name} is one JSON array of more than {MAX_ARRAY:,} bytes.",
                    hint="Write an object a line, for example with: jq -c '.[]'",
                )
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableSource(f"{self.name} is not JSON: {error}.", hint="Mend it there.") from None
        for number, row in enumerate(rows, 1):
            yield number, row if isinstance(row, dict) else Reason.not_a_row


def _lines(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    def every() -> Iterator[bytes]:
        yield first
        yield from rest

    tail = b""
    for block in bounded(every()):
        lines = (tail + block).split(b"\n")
        tail = lines.pop()
        yield from lines
    if tail:
        yield tail


def _object(line: bytes) -> dict[str, Any] | Reason | None:
    """The object of a line, why there is none, or None for an empty line."""
    if len(line) > MAX_LINE:
        return Reason.line_too_long
    try:
        row = json.loads(line)
    except UnicodeDecodeError:
        return Reason.broken_encoding
    except (ValueError, RecursionError):
        return Reason.invalid_json if line.strip() else None
    return row if isinstance(row, dict) else Reason.not_a_row


def _batches(parsed: Iterator[Parsed]) -> Iterator[list[Parsed]]:
    batch: list[Parsed] = []
    for entry in parsed:
        batch.append(entry)
        if len(batch) == CHUNK_ROWS // 5:
            yield batch
            batch = []
    if batch:
        yield batch


def _names(rows: list[tuple[int, dict[str, Any]]]) -> list[str]:
    return list(dict.fromkeys(name for _, row in rows for name in row))
