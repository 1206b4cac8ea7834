"""What every source of rows looks like to the import, whatever its format."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import polars as pl

from shopkeeper.data.contract import Reason

CHUNK_ROWS: Final = 250_000
"""Rows handed on at a time: few enough for little memory, many enough for whole-column work."""


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that could not be read as a row at all. Its text is not kept: nobody checked it for people.

    Attributes
    ----------
    line
        Number in the source, from 1.
    reason
        Why.
    field
        The column at fault, where it is one.
    message
        The fault in words; empty for the usual words of the reason.
    """

    line: int
    reason: Reason
    field: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a source.

    Attributes
    ----------
    rows
        Under the source's own column names, any types.
    lines
        Line number in the source of each row, from 1, as 64-bit integers.
    broken
        Lines of this part that are no rows.
    """

    rows: pl.DataFrame
    lines: pl.Series
    broken: tuple[BrokenLine, ...] = ()


class Source(Protocol):
    """A file, query or generator of rows, read once from the beginning to the end."""

    @property
    def name(self) -> str:
        """What reports and the quarantine call it; never holds a password."""

    @property
    def total(self) -> int | None:
        """Number of rows, where it is known beforehand."""

    @property
    def notes(self) -> Sequence[str]:
        """What the reader has to tell; complete when all chunks were read."""

    def chunks(self) -> Iterator[Chunk]:
        """The rows, at most about `CHUNK_ROWS` at a time."""


class FrameSource:
    """Frames made by a program, such as a generated shop.

    Parameters
    ----------
    name
        What reports call it.
    frames
        Its rows.
    total
        How many, where that is known.
    broken
        Rows that the program set aside itself.
    """

    def __init__(
        self,
        name: str,
        frames: Iterable[pl.DataFrame],
        total: int | None = None,
        broken: Sequence[BrokenLine] = (),
    ) -> None:
        self.name = name
        self.total = total
        self.notes: Sequence[str] = ()
        self._frames = frames
        self._broken = tuple(broken)

    def chunks(self) -> Iterator[Chunk]:
        """The frames, cut to `CHUNK_ROWS`, with their rows numbered from 1."""
        start, broken = 1, self._broken
        for frame in self._frames:
            for part in frame.iter_slices(CHUNK_ROWS):
                yield Chunk(part, line_numbers(start, len(part)), broken)
                start, broken = start + len(part), ()


def line_numbers(start: int, rows: int) -> pl.Series:
    """``start``, ``start + 1``, ... for ``rows`` rows."""
    return pl.int_range(start, start + rows, eager=True, dtype=pl.Int64).alias("line")
