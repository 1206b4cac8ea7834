"""A file as one table, each row with its number in the file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import EmptySource, MissingColumn
from shopkeeper.core.types import Longs
from shopkeeper.data.mapping import plain_name
from shopkeeper.data.sources.opening import open_source


@dataclass(frozen=True, slots=True)
class Rows:
    """The readable rows of a file.

    Attributes
    ----------
    frame
        The rows, under the file's own column names.
    numbers
        Number of each among all rows of the file, from 0; unreadable ones count, blank lines do not.
    notes
        What could not be read, in words.
    """

    frame: pl.DataFrame
    numbers: Longs
    notes: tuple[str, ...]


def read_rows(path: Path, limits: Limits) -> Rows:
    """Read a CSV, TSV, JSON Lines or Parquet file.

    Raises
    ------
    MissingFile, UnreadableSource
        The file cannot be read.
    EmptySource
        It has no readable row.
    """
    chunks = list(open_source(path, kind="items", limits=limits).chunks())
    if not sum(len(chunk.rows) for chunk in chunks):
        raise EmptySource(f"{path} has no readable row.", hint="Give a file with a header and rows.")
    lines = np.concatenate([chunk.lines.to_numpy() for chunk in chunks])
    broken = sorted(one.line for chunk in chunks for one in chunk.broken)
    notes = (f"{path}: {len(broken):,} rows cannot be read, such as line {broken[0]}.",) if broken else ()
    frame = pl.concat([chunk.rows for chunk in chunks if len(chunk.rows)], how="diagonal_relaxed")
    return Rows(frame, np.arange(len(lines)) + np.searchsorted(broken, lines), notes)


def find(frame: pl.DataFrame, name: str, source: object) -> str:
    """The column of this name, also if it is spelled otherwise (``Product Title`` for ``product_title``).

    Raises
    ------
    MissingColumn
        There is none.
    """
    found = lookup(frame, name)
    if found is None:
        raise MissingColumn(
            f"{source} has no column {name!r}; it has {', '.join(map(repr, frame.columns[:20]))}.",
            hint="Name one of these.",
        )
    return found


def lookup(frame: pl.DataFrame, name: str) -> str | None:
    """`find`, or None."""
    if name in frame.columns:
        return name
    return next((one for one in frame.columns if plain_name(one) == plain_name(name)), None)
