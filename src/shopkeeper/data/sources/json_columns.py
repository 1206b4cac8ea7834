"""Objects of JSON as a frame, without losing values whose type changes from row to row."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl


def frame_of(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pl.DataFrame:
    """These columns of the rows; a column of mixed or nested values keeps them as Python objects."""
    return pl.DataFrame([column_of(name, [row.get(name) for row in rows]) for name in names])


def column_of(name: str, values: list[Any]) -> pl.Series:
    """A column of the narrowest type that keeps every value as it is."""
    kinds = {type(value) for value in values if value is not None}
    try:
        if not kinds:
            return pl.Series(name, values, dtype=pl.Null)
        if kinds == {str}:
            return pl.Series(name, values, dtype=pl.String)
        if kinds == {bool}:
            return pl.Series(name, values, dtype=pl.Boolean)
        if kinds == {int}:
            return pl.Series(name, values, dtype=pl.Int64)
        if kinds == {float}:
            return pl.Series(name, values, dtype=pl.Float64)
    except (OverflowError, UnicodeEncodeError, TypeError, pl.exceptions.PolarsError):
        pass
    return pl.Series(name, values, dtype=pl.Object)
