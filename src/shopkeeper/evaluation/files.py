"""From the files of ``shopkeeper evaluate`` to datasets.

A file of events has ``item_id``, ``timestamp``, and ``customer_id`` or ``session_id`` or both, optionally
``event_type``. Columns of the catalogue that stand in it make the catalogue, where no file of items is given.
Events of equal time keep the order of the file. Rows that cannot be used are left out and counted by reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import EventWeights
from shopkeeper.core.errors import EmptySource, MissingColumn
from shopkeeper.core.types import EventType, Longs
from shopkeeper.data.dataset import PERSON, Dataset, build_dataset
from shopkeeper.data.mapping import event_type_names
from shopkeeper.encoders.text import Multilingual
from shopkeeper.evaluation.tables import epoch_milliseconds, read_table, text
from shopkeeper.features.meaning import readable

_NUMBERS: Final = (c.PRICE, c.QUANTITY, c.RATING)
_REASON: Final = "reason"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the files of an evaluation hold.

    Attributes
    ----------
    dataset
        Events of all files over one catalogue.
    test_people
        Codes of the sessions of the test file, the highest; empty without one.
    left_out
        Rows left out, by reason.
    """

    dataset: Dataset
    test_people: Longs
    left_out: Mapping[str, int]


def load_events(events: Path, items: Path | None = None, *, person: str = c.CUSTOMER_ID) -> Loaded:
    """Read one file of events, and one of items where there is one.

    Parameters
    ----------
    events, items
        Files; see the module.
    person
        Column that tells people apart where a row has it, `columns.CUSTOMER_ID` or `columns.SESSION_ID`; the
        other is used where it does not.

    Raises
    ------
    MissingFile, EmptySource, UnreadableSource, MissingColumn
        A file is not there, has no usable row, is damaged, or lacks a column.
    """
    frame, left_out = _read_events(events, person)
    return Loaded(_dataset(frame, _catalogue(items, frame)), np.empty(0, np.int64), left_out)


def load_sessions(events: Path, test: Path, items: Path | None = None) -> Loaded:
    """Read training sessions and later test sessions over one catalogue.

    A session of the test file is a session of its own, also where the training file uses the same id. Items
    that only occur in the test file are in the catalogue, so that not finding them counts.

    Raises
    ------
    MissingFile, EmptySource, UnreadableSource, MissingColumn
        As in `load_events`.
    """
    train, left_out = _read_events(events, c.SESSION_ID)
    asked, left_out_test = _read_events(test, c.SESSION_ID)
    both = pl.concat(
        [train.with_columns(_prefixed("0")), asked.with_columns(_prefixed("1"))], how="diagonal_relaxed"
    )
    dataset = _dataset(both, _catalogue(items, both))
    n_train = sum(person.startswith("0") for person in dataset.people)
    reasons = {**left_out, **{f"{reason} (test file)": n for reason, n in left_out_test.items()}}
    return Loaded(dataset, np.arange(n_train, len(dataset.people), dtype=np.int64), reasons)


def _prefixed(mark: str) -> pl.Expr:
    return (pl.lit(mark) + pl.col(PERSON)).alias(PERSON)


def _dataset(frame: pl.DataFrame, catalogue: pl.DataFrame | None) -> Dataset:
    """A dataset in which every event counts alike where the files name no kinds."""
    weights = None
    if c.EVENT_TYPE not in frame.columns:
        frame = frame.with_columns(pl.lit(EventType.view_item.name).alias(c.EVENT_TYPE))
        weights = EventWeights(view_item=1.0)
    dataset = build_dataset(frame, catalogue, weights=weights)
    return replace(dataset, items=readable(dataset.items, Multilingual().encode))


def _read_events(path: Path, person: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """Usable events with `PERSON`, text ids and epoch milliseconds, and the rows left out by reason."""
    frame = read_table(path)
    _require(path, frame)
    other = c.SESSION_ID if person == c.CUSTOMER_ID else c.CUSTOMER_ID
    people = [text(frame[name]) for name in (person, other) if name in frame.columns]
    key = people[0] if len(people) == 1 else people[0].fill_null(people[1])
    frame = frame.with_columns(
        key.alias(PERSON),
        text(frame[c.ITEM_ID]).alias(c.ITEM_ID),
        epoch_milliseconds(frame[c.TIMESTAMP]).alias(c.TIMESTAMP),
        *(frame[name].cast(pl.Float64, strict=False) for name in _NUMBERS if name in frame.columns),
        *(_kinds(frame[name]) for name in (c.EVENT_TYPE,) if name in frame.columns),
    )
    frame = frame.with_columns(_reason(frame))
    left_out = frame[_REASON].drop_nulls().value_counts(sort=True)
    usable = frame.filter(pl.col(_REASON).is_null()).drop(_REASON)
    if not len(usable):
        raise EmptySource(
            f"{path} has no usable row: {left_out[_REASON][0]}.", hint="Mend the file and try again."
        )
    return usable, dict(left_out.iter_rows())


def _kinds(values: pl.Series) -> pl.Series:
    """Names of kinds of event, also under well-known other names; null where there is none."""
    names = text(values)
    known = event_type_names(names.drop_nulls().unique().to_list())
    return names.replace_strict(known, default=None, return_dtype=pl.String).alias(c.EVENT_TYPE)


def _require(path: Path, frame: pl.DataFrame) -> None:
    missing = [name for name in (c.ITEM_ID, c.TIMESTAMP) if name not in frame.columns]
    if not {c.CUSTOMER_ID, c.SESSION_ID} & set(frame.columns):
        missing.append(f"{c.CUSTOMER_ID} or {c.SESSION_ID}")
    if missing:
        raise MissingColumn(
            f"{path} has no column {', '.join(missing)}; it has {', '.join(frame.columns[:20])}.",
            hint="Rename the columns and try again.",
        )


def _reason(frame: pl.DataFrame) -> pl.Series:
    """Why a row cannot be used, null where it can."""
    choice = (
        pl.when(pl.col(c.TIMESTAMP).is_null())
        .then(pl.lit(f"{c.TIMESTAMP} is neither ISO 8601 nor an epoch number between 1970 and 2100"))
        .when(pl.col(c.ITEM_ID).is_null())
        .then(pl.lit(f"{c.ITEM_ID} is empty"))
    )
    if c.EVENT_TYPE in frame.columns:
        choice = choice.when(pl.col(c.EVENT_TYPE).is_null()).then(
            pl.lit(f"{c.EVENT_TYPE} is none of the known names")
        )
    return frame.select(choice.otherwise(None).alias(_REASON))[_REASON]


def _catalogue(items: Path | None, events: pl.DataFrame) -> pl.DataFrame | None:
    """The file of items, else the last known value of each item column of the events."""
    if items is not None:
        return _item_columns(_read_items(items))
    found = [name for name in c.ITEM_COLUMNS if name in events.columns and name != c.ITEM_ID]
    if not found:
        return None
    latest = events.sort(c.TIMESTAMP, maintain_order=True).group_by(c.ITEM_ID, maintain_order=True)
    return latest.agg(pl.col(name).drop_nulls().last() for name in found)


def _read_items(path: Path) -> pl.DataFrame:
    frame = read_table(path)
    if c.ITEM_ID not in frame.columns:
        raise MissingColumn(f"{path} has no column {c.ITEM_ID}.", hint="Rename the column and try again.")
    frame = frame.with_columns(text(frame[c.ITEM_ID]).alias(c.ITEM_ID)).drop_nulls(c.ITEM_ID)
    if not len(frame):
        raise EmptySource(f"{path} names no item: {c.ITEM_ID} is empty in every row.")
    return frame


def _item_columns(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.select(name for name in c.ITEM_COLUMNS if name in frame.columns)
    if c.PRICE in frame.columns:
        frame = frame.with_columns(pl.col(c.PRICE).cast(pl.Float64, strict=False))
    return frame
