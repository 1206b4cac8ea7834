"""Columns of somebody's file as numbers: what a model can learn from, and why the others are left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import polars as pl

from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import Bools, Floats
from shopkeeper.data.contract import Kind
from shopkeeper.data.value_columns import parse_column
from shopkeeper.learners.effects import People

LEVELS: Final = 50
"""Most values of a column of words that are told apart; the rarer ones are one."""
_ODD: Final = 0.05
"""Share of values of a column of numbers that may be no numbers."""
_DISTINCT: Final = 20
_ID: Final = re.compile(r"(^|[_\W])id$|[a-z]I[dD]$|^ID$")
_LARGEST: Final = float(np.finfo(np.float32).max)


def answers(values: pl.Series, name: str, source: Path, numbers: Sequence[int]) -> Bools:
    """A column of 0 and 1 (or no and yes).

    Parameters
    ----------
    values
        The column.
    name, source
        What it is called and where it is from, for messages.
    numbers
        Of the rows in the file, from 0.

    Raises
    ------
    InvalidRequest
        A row has another value or none.
    TooLittleData
        All rows have the same.
    """
    told, _ = parse_column(values, Kind.flag)
    odd = told.is_null().arg_true()
    if len(odd):
        row = int(odd[0])
        what = "nothing" if values[row] is None else repr(values[row])
        raise InvalidRequest(
            f"{source}: column {name!r} has {what} in row {numbers[row] + 1}; every row must have 0 or 1.",
            hint="Name another column, or leave such rows out.",
        )
    answers = told.to_numpy().astype(np.bool_)
    if answers.all() or not answers.any():
        raise TooLittleData(
            f"{source}: column {name!r} is {int(answers[0])} in every row: there is nothing to compare.",
            hint="Give a file with both.",
        )
    return answers


@dataclass(frozen=True, slots=True)
class Reading:
    """Which columns are read, and how.

    Attributes
    ----------
    levels
        By column: None for numbers, else the values that are told apart, the most frequent first.
    left_out
        By column, why.
    """

    levels: dict[str, tuple[str, ...] | None]
    left_out: dict[str, str]

    @classmethod
    def of(cls, frame: pl.DataFrame, names: Sequence[str]) -> Self:
        """Decide from the rows learned from; constant columns are left out without a word.

        Raises
        ------
        TooLittleData
            No column tells people apart.
        """
        levels: dict[str, tuple[str, ...] | None] = {}
        left_out: dict[str, str] = {}
        for name in names:
            column = frame[name]
            if column.n_unique() < 2:
                continue
            if (why := _unfit(column)) is not None:
                left_out[name] = why
            else:
                levels[name] = None if _is_number(column) else _levels(column)
        if not levels:
            raise TooLittleData(
                "No column tells people apart.", hint="Give columns with what was known before the treatment."
            )
        return cls(levels, left_out)

    def read(self, frame: pl.DataFrame) -> People:
        """Rows x columns; what is not known is NaN, and so is a value that was rare in learning."""
        columns = [_numbers(frame[name], levels) for name, levels in self.levels.items()]
        coded = tuple(place for place, levels in enumerate(self.levels.values()) if levels is not None)
        return People(np.stack(columns, axis=1), coded)


def _unfit(column: pl.Series) -> str | None:
    distinct = column.drop_nulls().n_unique()
    if column.dtype.is_temporal() or column.dtype.is_nested():
        return "neither numbers nor words"
    if distinct == len(column) > _DISTINCT and _is_id(column):
        return "another value in every row: an id"
    if not _is_number(column) and distinct > max(LEVELS, len(column) // 5):
        return "too many different words"
    return None


def _is_number(column: pl.Series) -> bool:
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return True
    known = column.cast(pl.String).str.strip_chars().replace("", None).drop_nulls()
    if known.is_empty():
        return False
    return parse_column(known, Kind.number)[0].null_count() <= _ODD * len(known)


def _is_id(column: pl.Series) -> bool:
    """Whether a column whose values all differ only names or counts the rows."""
    if not _is_number(column) or _ID.search(column.name):
        return True
    numbers = _numbers(column, None)
    return bool(np.all(numbers == np.round(numbers)) and np.ptp(numbers) == len(numbers) - 1)


def _levels(column: pl.Series) -> tuple[str, ...]:
    counts = column.cast(pl.String).drop_nulls().value_counts(sort=True)
    counts = counts.sort(["count", column.name], descending=[True, False])
    return tuple(counts.filter(pl.col("count") > 1)[column.name].head(LEVELS))


def _numbers(column: pl.Series, levels: tuple[str, ...] | None) -> Floats:
    if levels is not None:
        codes = {value: float(code) for code, value in enumerate(levels)}
        told = column.cast(pl.String).replace_strict(codes, default=None, return_dtype=pl.Float64)
    elif column.dtype == pl.Boolean:
        told = column.cast(pl.Float64)
    else:
        told, _ = parse_column(column, Kind.number)
    numbers = told.fill_null(float("nan")).to_numpy()
    return np.asarray(np.clip(numbers, -_LARGEST, _LARGEST), np.float32)
