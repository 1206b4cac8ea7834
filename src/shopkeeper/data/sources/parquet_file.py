"""Parquet files, a slice at a time."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import EmptySource, UnreadableSource
from shopkeeper.data.sources.base import CHUNK_ROWS, Chunk, line_numbers
from shopkeeper.data.sources.stream import blocks, compression


class ParquetFile:
    """Rows of a Parquet file.

    Parameters
    ----------
    path
        An existing file; one that was compressed once more is unpacked into a temporary file.
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
        """The rows, with the types of the file; lines count rows from 1."""
        with self._plain() as path:
            table, total = self._opened(path)
            self.total = total
            for start in range(0, total, CHUNK_ROWS):
                yield Chunk(
                    self._slice(table, start), line_numbers(start + 1, min(CHUNK_ROWS, total - start))
                )

    @contextmanager
    def _plain(self) -> Iterator[Path]:
        if compression(self._path) is None:
            yield self._path
            return
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            for block in blocks(self._path, self._limits):
                file.write(block)
            file.flush()
            yield Path(file.name)

    def _opened(self, path: Path) -> tuple[pl.LazyFrame, int]:
        try:
            table = pl.scan_parquet(path, glob=False)
            total = int(table.select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._damaged(error) from None
        if not total:
            raise EmptySource(f"{self.name} holds no rows.", hint="Check that it is the right file.")
        return table, total

    def _slice(self, table: pl.LazyFrame, start: int) -> pl.DataFrame:
        try:
            return table.slice(start, CHUNK_ROWS).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> UnreadableSource:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        return UnreadableSource(
            f"{self.name} is not a sound Parquet file: {said}.", hint="Fetch or write it again."
        )
