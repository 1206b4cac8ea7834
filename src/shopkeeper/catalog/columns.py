"""Columns of somebody's file: found, guessed by name or by what they hold, read as texts and labels."""

import json
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.mapping import ALIASES, plain_name
from shopkeeper.encoders.plain import plain

_SEPARATORS: Final = ("|", ";", "；", "、")
_MOST_CHARACTERS: Final = 2_000
_SPOKEN: Final = 1.5
"""Mean number of words from which a column is taken for a text."""


def guess_texts(frame: pl.DataFrame, taken: Sequence[str]) -> list[str]:
    """Title and description, else the column that reads most like a title; none where nothing does."""
    free = [name for name in frame.columns if name not in taken]
    by_name = {plain_name(name): name for name in reversed(free)}
    found = []
    for ours in (c.TITLE, c.DESCRIPTION):
        names = (ours, *ALIASES["items"].get(ours, ()))
        found += [by_name[name] for name in names if name in by_name][:1]
    return found or [name for _, name in sorted(_spoken(frame, free), reverse=True)[:1]]


def _spoken(frame: pl.DataFrame, names: Sequence[str]) -> list[tuple[float, str]]:
    """Columns that hold words, each with how many distinct values it has for a row."""
    out = []
    for name in names:
        values = [text for text in texts(frame.head(1000), [name]) if text and "://" not in text]
        letters = [text for text in values if any(map(str.isalpha, text))]
        words = sum(len(text.split()) if text.isascii() else len(text) / 2 for text in letters)
        if letters and words / len(letters) >= _SPOKEN and len(letters) > frame.head(1000).height / 2:
            out.append((len(set(values)) / len(values), name))
    return out


def texts(frame: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """These columns together, as plain text of at most 2,000 characters each, shape ``(n,)``."""
    columns = [
        [plain(as_text(value) or "", _MOST_CHARACTERS) for value in frame[name].to_list()] for name in names
    ]
    return (
        [" ".join(filter(None, parts)) for parts in zip(*columns, strict=True)]
        if columns
        else [""] * len(frame)
    )


def labels(frame: pl.DataFrame, name: str) -> list[str | None]:
    """The labels of a column; None where it says nothing."""
    return [as_text(value) for value in frame[name].to_list()]


def tags(values: Sequence[str | None]) -> list[list[str]] | None:
    """Labels taken apart, where they are several to a product; None where they are not.

    A JSON list is several. A text is, if one of ``|`` ``;`` ``；`` ``、`` parts it and some part also occurs
    in another label: ``red|cotton`` and ``blue|cotton`` share what ``cotton`` means.
    """
    distinct = {value for value in values if value}
    if any(value.startswith("[") for value in distinct):
        return [_listed(value) for value in values]
    for separator in _SEPARATORS:
        parts = [part for value in distinct for part in _parted(value, separator)]
        if len(distinct) < len(parts) > len(set(parts)):
            return [_parted(value, separator) for value in values]
    return None


def _parted(value: str | None, separator: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in (value or "").split(separator) if part.strip()))


def _listed(value: str | None) -> list[str]:
    try:
        found = json.loads(value or "[]")
    except ValueError:
        found = [value]
    found = found if isinstance(found, list) else [found]
    return list(dict.fromkeys(text for one in found if (text := as_text(one))))


def as_text(value: Any) -> str | None:
    """A value as text; lists as JSON; None for what says nothing."""
    if isinstance(value, pl.Series):
        value = value.to_list()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False) if value else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split()) or None if value is not None else None
