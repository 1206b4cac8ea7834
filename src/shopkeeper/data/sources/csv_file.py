"""CSV and TSV files: fast for good blocks, line by line where a line is broken."""

import csv
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import EmptySource, UnreadableSource
from shopkeeper.data.contract import Reason
from shopkeeper.data.sources.base import CHUNK_ROWS, BrokenLine, Chunk
from shopkeeper.data.sources.csv_records import SEPARATORS, Positions, Records, find_records, whole_records
from shopkeeper.data.sources.lines import MAX_LINE, bounded, broken_encoding, utf8_blocks
from shopkeeper.data.sources.stream import blocks

_NULLS: Final = ["", "NULL", "null", "\\N"]
_HOPELESS: Final = 10
"""From so many badly encoded lines on, a block with few good non-ASCII lines means a wrong encoding."""


class CsvFile:
    """Rows of a CSV or TSV file with a header line; the separator is told by the header.

    Parameters
    ----------
    path
        An existing file, plain or compressed.
    limits
        Bounds what a compressed file may become.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.name = str(path)
        self.total: int | None = None
        self.notes: Sequence[str] = ()
        self._path = path
        self._limits = limits

    def chunks(self) -> Iterator[Chunk]:
        """The rows, as text; empty fields are null."""
        pieces = _records_of(bounded(utf8_blocks(self.name, blocks(self._path, self._limits))))
        first = next(pieces, b"")
        header = _Header.of(self.name, first)
        line = header.lines + 1
        yield from self._chunks_of(first[header.length :], header, line)
        line += first.count(b"\n", header.length)
        for piece in pieces:
            yield from self._chunks_of(piece, header, line)
            line += piece.count(b"\n")

    def _chunks_of(self, piece: bytes, header: "_Header", line: int) -> Iterator[Chunk]:
        if not piece:
            return
        records = find_records(piece, header.separator, len(header.names) - 1)
        for start in range(0, len(records.starts), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            some = Records(
                records.starts[part], records.ends[part], records.lines[part], records.separators[part]
            )
            yield _Reader(self.name, piece, some, header, line).chunk()


class _Header:
    """Column names, separator, and the size of the header line."""

    def __init__(self, names: list[str], separator: str, length: int, lines: int) -> None:
        self.names = names
        self.separator = separator
        self.length = length
        self.lines = lines

    @classmethod
    def of(cls, name: str, block: bytes) -> "_Header":
        """Read it from the first block."""
        length = block.find(b"\n") + 1
        try:
            text = block[:length].decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise broken_encoding(name) from None
        if not text.strip():
            raise EmptySource(f"{name} has no header line.", hint="Its first line must name the columns.")
        separator = max(SEPARATORS, key=text.count)
        names = [field.strip() for field in next(csv.reader([text], delimiter=separator))]
        names = [field or f"column {place}" for place, field in enumerate(names, 1)]
        doubled = {field for field in names if names.count(field) > 1}
        if doubled:
            raise UnreadableSource(
                f"{name} names the column {sorted(doubled)[0]!r} twice.", hint="Rename one of them."
            )
        return cls(names, separator, length, 1)


class _Reader:
    """Turns the records of one part into a chunk."""

    def __init__(self, name: str, piece: bytes, records: Records, header: _Header, line: int) -> None:
        self._name = name
        self._piece = piece
        self._records = records
        self._header = header
        self._line = line

    def chunk(self) -> Chunk:
        """The good rows, and the lines that are none."""
        records = self._records
        blank = self._blank
        fit = records.separators == len(self._header.names) - 1
        short = records.ends - records.starts <= MAX_LINE
        good = fit & short & ~blank
        broken = [
            BrokenLine(self._number(row), Reason.wrong_columns if short[row] else Reason.line_too_long)
            for row in np.flatnonzero(~good & ~blank).tolist()
        ]
        encoded, badly = self._well_encoded(np.flatnonzero(good))
        broken += [BrokenLine(self._number(row), Reason.broken_encoding) for row in badly]
        rows, spoiled = self._parsed(encoded)
        broken += [BrokenLine(self._number(row), Reason.wrong_columns) for row in spoiled]
        kept = np.setdiff1d(encoded, spoiled, assume_unique=True)
        lines = pl.Series("line", records.lines[kept] + self._line, dtype=pl.Int64)
        return Chunk(rows, lines, tuple(sorted(broken, key=lambda one: one.line)))

    def _number(self, row: int) -> int:
        return int(self._records.lines[row]) + self._line

    @cached_property
    def _blank(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Empty lines are no rows, unless a single column may be empty."""
        lengths = self._records.ends - self._records.starts
        blank = lengths <= 0
        for row in np.flatnonzero(lengths == 1):
            blank[row] = self._piece[self._records.starts[row]] in b"\r \t"
        return blank

    def _text(self, row: int) -> bytes:
        return self._piece[self._records.starts[row] : self._records.ends[row]]

    def _well_encoded(self, rows: Positions) -> tuple[Positions, list[int]]:
        if self._piece.isascii() or _is_utf8(self._piece):
            return rows, []
        fine = np.array([_is_utf8(self._text(row)) for row in rows], bool)
        badly = rows[~fine].tolist()
        foreign = sum(not self._text(row).isascii() for row in rows[fine])
        if len(badly) >= _HOPELESS and foreign < len(badly):
            raise broken_encoding(self._name)
        return rows[fine], badly

    def _parsed(self, rows: Positions) -> tuple[pl.DataFrame, list[int]]:
        if not len(rows):
            return self._frame([]), []
        if len(rows) == len(self._records.starts):
            text = self._piece[self._records.starts[0] : self._records.ends[-1] + 1]
        else:
            text = b"\n".join(self._text(row) for row in rows) + b"\n"
        frame = self._fast(text)
        if frame is not None and len(frame) == len(rows):
            return frame, []
        return self._slow(rows)

    def _fast(self, text: bytes) -> pl.DataFrame | None:
        try:
            return pl.read_csv(
                text,
                has_header=False,
                new_columns=self._header.names,
                separator=self._header.separator,
                infer_schema=False,
                null_values=_NULLS,
            )
        except pl.exceptions.PolarsError:
            return None

    def _slow(self, rows: Positions) -> tuple[pl.DataFrame, list[int]]:
        """Record by record through Python's reader, for quotes that the fast one reads otherwise."""
        good: list[list[str | None]] = []
        spoiled: list[int] = []
        for row in rows.tolist():
            text = io.StringIO(self._text(row).decode("utf-8"), newline="")
            try:
                read = list(csv.reader(text, delimiter=self._header.separator, strict=True))
            except csv.Error:
                read = []
            if len(read) == 1 and len(read[0]) == len(self._header.names):
                good.append([None if field in _NULLS else field for field in read[0]])
            else:
                spoiled.append(row)
        return self._frame(good), spoiled

    def _frame(self, rows: list[list[str | None]]) -> pl.DataFrame:
        return pl.DataFrame(rows, dict.fromkeys(self._header.names, pl.String), orient="row")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _records_of(raw: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks that end where a record ends."""
    rest = b""
    for block in raw:
        rest += block
        length = whole_records(rest)
        if not length and len(rest) > MAX_LINE:
            # A quote that is never closed: let its first line go alone, so that the next can be read.
            length = rest.find(b"\n") + 1
        if length:
            yield rest[:length]
            rest = rest[length:]
    if rest:
        yield rest if rest.endswith(b"\n") else rest + b"\n"
