"""Rows of a query on a database: SQLite, PostgreSQL, MySQL and MariaDB, by URL."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from shopkeeper.core.errors import EmptySource, InvalidRequest, UnreadableSource
from shopkeeper.data.engines import open_engine, read_url
from shopkeeper.data.sources.base import CHUNK_ROWS, Chunk, line_numbers
from shopkeeper.data.sources.json_columns import column_of

_READ_ONLY: Final = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}
"""An import only reads, whatever the query says."""


class SqlQuery:
    """Rows of a query, streamed.

    Parameters
    ----------
    location
        ``sqlite:///file.db``, ``postgresql+psycopg://user@host/db`` or ``mysql+pymysql://user@host/db``.
    query
        A SELECT.

    Raises
    ------
    InvalidRequest
        There is no query, or the URL cannot be read.
    MissingFile
        The SQLite file does not exist.
    """

    def __init__(self, location: str, query: str | None) -> None:
        if not query or not query.strip():
            raise InvalidRequest(
                "A database needs a query.", hint="Give one with --query 'SELECT ... FROM ...'"
            )
        self._url = read_url(location)
        self._query = query.strip().rstrip(";")
        self.name = self._url.render_as_string(hide_password=True)
        self.total: int | None = None
        self.notes: Sequence[str] = ()

    def chunks(self) -> Iterator[Chunk]:
        """The rows; lines count them from 1. Without an ORDER BY their order is the database's own."""
        start = 1
        for names, rows in self._batches():
            columns = zip(*rows, strict=True) if rows else [()] * len(names)
            frame = pl.DataFrame(
                [_column(name, list(values)) for name, values in zip(names, columns, strict=True)]
            )
            yield Chunk(frame, line_numbers(start, len(rows)))
            start += len(rows)

    def _batches(self) -> Iterator[tuple[list[str], Sequence[Any]]]:
        engine = open_engine(self._url, NullPool)
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql(_READ_ONLY[connection.dialect.name])
                statement = text(self._query.replace(":", "\\:"))
                result = connection.execute(statement, execution_options={"stream_results": True})
                if not result.returns_rows:
                    raise InvalidRequest("The query returns no rows.", hint="Give a SELECT.")
                names = self._names(list(result.keys()))
                empty = True
                for rows in result.partitions(CHUNK_ROWS):
                    empty = False
                    yield names, rows
                if empty:
                    raise EmptySource(
                        f"The query on {self.name} found no rows.", hint="Check its conditions."
                    )
        except SQLAlchemyError as error:
            raise self._told(error) from None
        finally:
            engine.dispose()

    def _names(self, names: list[str]) -> list[str]:
        doubled = [name for name in names if names.count(name) > 1]
        if doubled:
            raise InvalidRequest(
                f"The query names the column {doubled[0]!r} twice.", hint="Rename one with AS."
            )
        return names

    def _told(self, error: SQLAlchemyError) -> UnreadableSource:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return UnreadableSource(
            f"{self.name} could not be read: {said}.", hint="Check the address, the rights and the query."
        )


def _column(name: str, values: list[Any]) -> pl.Series:
    """Dates and decimals arrive as Python objects; polars knows them where all are of a kind."""
    column = column_of(name, values)
    if column.dtype != pl.Object:
        return column
    try:
        typed = pl.Series(name, values, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return column
    return typed
