"""From what a person writes after ``shopkeeper import`` to a source: by name, URL, suffix and content."""

import json
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import InvalidRequest, UnreadableSource
from shopkeeper.data.database_url import is_database_url
from shopkeeper.data.sources.base import Source
from shopkeeper.data.sources.csv_file import CsvFile
from shopkeeper.data.sources.ga4 import looks_like_ga4
from shopkeeper.data.sources.json_lines import JsonLines
from shopkeeper.data.sources.named import COMPLETE_JOURNEY, complete_journey
from shopkeeper.data.sources.parquet_file import ParquetFile
from shopkeeper.data.sources.stream import blocks, existing, inner_suffix

Reader = Callable[[Path, Limits], Source]
FORMATS: Final[dict[str, Reader]] = {
    "csv": CsvFile,
    "tsv": CsvFile,
    "jsonl": JsonLines,
    "ndjson": JsonLines,
    "json": JsonLines,
    "parquet": ParquetFile,
    "ga4": partial(JsonLines, ga4_events=True),
}
"""What ``--format`` may say about a file."""
SQL: Final = "sql"
NAMED: Final[dict[str, Callable[[str], Source]]] = {COMPLETE_JOURNEY: complete_journey}
"""Sources known by name, which need no file."""
_SUFFIXES: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".dat": "csv",
    ".inter": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_PARQUET_MAGIC: Final = b"PAR1"
_FEW: Final = 20


def open_source(
    location: str | Path,
    *,
    kind: str,
    limits: Limits,
    format: str | None = None,
    query: str | None = None,
) -> Source:
    """Find the reader for a source.

    Parameters
    ----------
    location
        A file, the URL of a database, or one of `NAMED`.
    kind
        Which table is read, for a named source.
    limits
        Bounds what a compressed file may become.
    format
        One of `FORMATS`, or ``sql``; told by suffix and content where it is None.
    query
        SELECT for a database.

    Raises
    ------
    InvalidRequest
        An unknown format, or a database without a query.
    MissingFile, EmptySource, UnreadableSource
        The file cannot be read.
    """
    text = str(location)
    if text in NAMED:
        return NAMED[text](kind)
    if format is not None and format != SQL and format not in FORMATS:
        raise InvalidRequest(
            f"--format {format} is unknown.", hint=f"There are {', '.join([*FORMATS, SQL])}."
        )
    if format == SQL or (format is None and is_database_url(text)):
        from shopkeeper.data.sources.sql_query import SqlQuery  # SQLAlchemy is slow to load

        return SqlQuery(text, query)
    path = existing(Path(location))
    return FORMATS[format or detect_format(path, limits)](path, limits)


def detect_format(path: Path, limits: Limits) -> str:
    """The format of a file, by its first bytes where they are sure, else by its suffix."""
    head = next(iter(blocks(path, limits)), b"")
    named = _SUFFIXES.get(inner_suffix(path))
    if head.startswith(_PARQUET_MAGIC) or named == "parquet":
        return "parquet"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and named in (None, "jsonl"):
        return "ga4" if _holds_ga4(head) else "jsonl"
    if named is None:
        raise UnreadableSource(
            f"{path} has no suffix that tells its format.", hint=f"Name it: --format {'|'.join(FORMATS)}."
        )
    return named


def _holds_ga4(head: bytes) -> bool:
    return any(looks_like_ga4(row) for row in _first_objects(head))


def _first_objects(head: bytes) -> list[dict[str, Any]]:
    text = head.decode("utf-8-sig", "replace").lstrip()
    if text.startswith("["):
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError):
            rows = []
    else:
        rows = [_object(line) for line in islice(text.splitlines(), _FEW)]
    return [row for row in rows if isinstance(row, dict)]


def _object(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
