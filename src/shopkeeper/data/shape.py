"""A source's own columns in the shape of a contract: renamed, defaulted, the rest gathered or told."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import EmptySource
from shopkeeper.core.types import EventType
from shopkeeper.data.mapping import ColumnMap, event_type_names, map_columns
from shopkeeper.data.sources.base import Chunk, Source

_WITH_ATTRIBUTES: Final = ("items", "customers")
_PRICE_WITH_CURRENCY: Final = r"^([0-9]+(?:\.[0-9]+)?)\s*([A-Z]{3})$"
_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}( \d{1,2}:\d{2}(:\d{2})?)?")
_SLASHED_FORMATS: Final = {False: ("%m/%d/%Y", "month/day/year"), True: ("%d/%m/%Y", "day/month/year")}
_LOOKED_AT: Final = 10_000


class Shaper:
    """Turns the chunks of one source into frames of one contract; learns how from the first chunk.

    Parameters
    ----------
    source
        What is read.
    kind
        ``events``, ``items``, ``customers``, ``campaigns`` or ``ties``.
    mapping
        Our name -> the source's name, where the shop named it.

    Raises
    ------
    EmptySource
        There is no row at all.
    InvalidRequest, MissingColumn
        See `mapping.map_columns`.
    """

    def __init__(self, source: Source, kind: str, mapping: Mapping[str, str]) -> None:
        self.kind = kind
        self._chunks = source.chunks()
        first = next(self._chunks, None)
        if first is None:
            raise EmptySource(f"{source.name} holds no rows.", hint="Check that it is the right source.")
        self._first = first
        self._given, self._found = mapping, list(first.rows.columns)
        self.map: ColumnMap = map_columns(kind, self._found, mapping)
        self._default_type = self._guessed_type()
        self._dates = self._guessed_dates(first.rows)
        self._renamed_types: dict[str, str] = {}

    def chunks(self) -> Iterator[tuple[Chunk, pl.DataFrame]]:
        """Each chunk with its rows under our names."""
        for chunk in chain([self._first], self._chunks):
            self._meet(chunk.rows.columns)
            yield chunk, self._shape(chunk.rows)

    def notes(self) -> list[str]:
        """What was guessed and dropped; complete when all chunks were read."""
        notes = list(self.map.notes())
        if self._default_type is not None:
            notes.append(f"No column tells the kind of event; every row counts as {self._default_type}.")
        if self._renamed_types:
            pairs = ", ".join(f"{theirs!r} as {ours}" for theirs, ours in sorted(self._renamed_types.items()))
            notes.append(f"Read the event types {pairs}.")
        if self._dates is not None:
            notes.append(f"Read dates such as 1/12/2010 as {_SLASHED_FORMATS[self._dates][1]}.")
        if self.map.unmapped:
            names = ", ".join(map(repr, self.map.unmapped))
            kept = self.kind in _WITH_ATTRIBUTES
            notes.append(f"Kept as attributes: {names}." if kept else f"Left out the columns {names}.")
        return notes

    def _meet(self, columns: Sequence[str]) -> None:
        """Map columns that come later in the source too; a generator may hand on frames of several kinds."""
        fresh = [name for name in columns if name not in self._found]
        if fresh:
            self._found += fresh
            self.map = map_columns(self.kind, self._found, self._given)

    def _shape(self, rows: pl.DataFrame) -> pl.DataFrame:
        frame = rows.select(
            (pl.col(theirs) if theirs in rows.columns else pl.lit(None)).alias(ours)
            for ours, theirs in self.map.columns.items()
        )
        if self.kind == "events":
            frame = self._named_types(frame)
        if self.kind in _WITH_ATTRIBUTES:
            frame = self._gathered(frame, rows)
        return self._read_dates(_split_price(frame))

    def _named_types(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._default_type is not None:
            return frame.with_columns(pl.lit(self._default_type).alias(c.EVENT_TYPE))
        given = frame[c.EVENT_TYPE]
        if given.dtype != pl.String:
            return frame
        names = event_type_names(given.drop_nulls().unique().to_list())
        renamed = {theirs: ours for theirs, ours in names.items() if theirs != ours}
        if not renamed:
            return frame
        self._renamed_types.update(renamed)
        return frame.with_columns(pl.col(c.EVENT_TYPE).replace(renamed))

    def _gathered(self, frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
        """Put columns of the source that are none of ours into ``attributes``."""
        names = [name for name in self.map.unmapped if name in rows.columns]
        if not names:
            return frame
        given = frame[c.ATTRIBUTES].to_list() if c.ATTRIBUTES in frame.columns else [None] * len(frame)
        gathered = [
            _merged(own, dict(zip(names, values, strict=True)))
            for own, values in zip(given, rows.select(names).iter_rows(), strict=True)
        ]
        return frame.with_columns(pl.Series(c.ATTRIBUTES, gathered, dtype=pl.String))

    def _guessed_type(self) -> str | None:
        if self.kind != "events" or c.EVENT_TYPE in self.map.columns:
            return None
        if c.QUANTITY in self.map.columns or c.PRICE in self.map.columns:
            return EventType.purchase.name
        return EventType.rate.name if c.RATING in self.map.columns else EventType.view_item.name

    def _guessed_dates(self, rows: pl.DataFrame) -> bool | None:
        """Whether slashed dates begin with the day; None where there are none. Months are at most 12."""
        theirs = self.map.columns.get(c.TIMESTAMP)
        if theirs is None or rows[theirs].dtype != pl.String:
            return None
        found = [_SLASHED.fullmatch(text.strip()) for text in rows[theirs].drop_nulls().head(_LOOKED_AT)]
        if not found or any(match is None for match in found):
            return None
        return any(int(match[1]) > 12 for match in found if match is not None)

    def _read_dates(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self._dates is None:
            return frame
        pattern = _SLASHED_FORMATS[self._dates][0]
        text = pl.col(c.TIMESTAMP).str.strip_chars()
        read = [
            text.str.to_datetime(pattern + clock, strict=False, time_unit="ms").dt.to_string("iso")
            for clock in (" %H:%M:%S", " %H:%M")
        ]
        day = text.str.to_date(pattern, strict=False).dt.to_string("iso")
        return frame.with_columns(pl.coalesce(*read, day, text).alias(c.TIMESTAMP))


def _split_price(frame: pl.DataFrame) -> pl.DataFrame:
    """Read a merchant feed's ``15.00 USD`` as price and currency."""
    if c.PRICE not in frame.columns or frame[c.PRICE].dtype != pl.String:
        return frame
    text = pl.col(c.PRICE).str.strip_chars()
    if not frame.select(text.str.contains(_PRICE_WITH_CURRENCY).any()).item():
        return frame
    currency = pl.col(c.CURRENCY) if c.CURRENCY in frame.columns else pl.lit(None, pl.String)
    return frame.with_columns(
        pl.coalesce(text.str.extract(_PRICE_WITH_CURRENCY, 1), text).alias(c.PRICE),
        pl.coalesce(currency, text.str.extract(_PRICE_WITH_CURRENCY, 2)).alias(c.CURRENCY),
    )


def _merged(own: Any, others: dict[str, Any]) -> str | None:
    """One JSON object of the row's own attributes and its other columns; the own ones win."""
    merged = {name: value for name, value in others.items() if value is not None and value != ""}
    if isinstance(own, str) and own.strip():
        try:
            parsed = json.loads(own)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            return own  # set aside later, as what it is
        own = parsed
    if isinstance(own, dict):
        merged |= own
    if not merged:
        return None
    return json.dumps(merged, ensure_ascii=False, sort_keys=True, default=str)
