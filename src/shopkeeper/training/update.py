"""What happened since the last training, counted into the model that serves; people taken out of it.

Between trainings settings, weights and trees stay as they are, and so does all that must be learned anew.
What counts (`Updatable`) is changed to what a fit on the log of now would give. Only people with new events
are read, with all they ever did: cleaning looks at one person at a time, and may take back what it let pass.

Items that came after the training wait for the next one, and so do events of other kinds than those with a
weight then. A session that two customers turn out to share stays counted with the first of them until then.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import CorruptModel
from shopkeeper.core.ports import EventLog
from shopkeeper.data.clean import clean_log
from shopkeeper.data.dataset import ANONYMOUS, PERSON, Dataset, ItemIndex, build_dataset
from shopkeeper.data.log import EVENT_DTYPES
from shopkeeper.recommenders.base import Updatable
from shopkeeper.recommenders.blend import Blend
from shopkeeper.recommenders.model import Model
from shopkeeper.training.learning import COLUMNS
from shopkeeper.training.promote import (
    current_version,
    load_model,
    promote,
    prune,
    prune_people,
    read_manifest,
    save_model,
)

_READ: Final = (c.SEQ, c.CUSTOMER_ID, c.SESSION_ID, *(name for name in COLUMNS if name != PERSON))
_FRAME: Final = {PERSON: pl.String(), **{name: EVENT_DTYPES.get(name, pl.String()) for name in _READ}}
_OF_THE_FOLDER: Final = ("format", "version", "checksums", "attributes")
"""What `save_model` writes into a manifest by itself."""


@dataclass(frozen=True, slots=True)
class Update:
    """What came of an update.

    Attributes
    ----------
    version
        The model that serves now; a new one if anything changed.
    events
        Events of the log that were looked at for the first time.
    people
        People whose rows changed.
    waiting
        Rows of items that the model does not know.
    parts
        Names of the recommenders that were changed; the others wait for the next training.
    seconds
        The whole update.
    """

    version: str
    events: int
    people: int
    waiting: int
    parts: tuple[str, ...]
    seconds: float


def update(log: EventLog, models: Path, config: ShopConfig) -> Update:
    """Count what came into the log since the model that serves was trained or updated.

    Parameters
    ----------
    log
        What to read.
    models
        The shop's ``models`` folder.
    config
        Cleaning rules and weights of events, the same as at the training.

    Raises
    ------
    NotTrained
        Nothing serves.
    CorruptModel
        The model does not say how far in the log it was trained.
    """
    start, version = time.perf_counter(), current_version(models)
    seen = _seen(models / version)
    fresh = log.scan((c.SEQ, PERSON, *_READ[1:]), after_seq=seen)
    if fresh.is_empty():
        return Update(version, 0, 0, 0, (), time.perf_counter() - start)
    people = fresh[PERSON].drop_nulls().unique().sort().to_list()
    seq = int(fresh[c.SEQ].to_numpy().max())
    known = _rows_of(log, people).filter(pl.col(c.SEQ) <= seq)
    nobody = fresh.filter(pl.col(PERSON).is_null()).select(*_FRAME)
    changed = _exchanged(models, version, _as_of(known, seen), pl.concat([known, nobody]), config)
    return _live(models, version, changed, {"seq": seq}, len(fresh), len(people), start)


def take_out(log: EventLog, models: Path, config: ShopConfig, person: str) -> Update:
    """Take everything of one person out of the model that serves, before it is deleted from the log.

    Older versions that keep anything of single people are deleted.

    Parameters
    ----------
    log, models, config
        See `update`.
    person
        Pseudonym of a customer or a session.

    Raises
    ------
    NotTrained, CorruptModel
        See `update`.
    """
    start, version = time.perf_counter(), current_version(models)
    before = _as_of(_rows_of(log, [person]), _seen(models / version))
    changed = _exchanged(models, version, before, before.clear(), config)
    done = _live(models, version, changed, {}, 0, 1, start)
    prune_people(models)
    return done


@dataclass(frozen=True, slots=True)
class _Changed:
    """A model with other rows counted in.

    Attributes
    ----------
    model
        The model.
    after
        What the people concerned did, over the model's items.
    parts
        Names of what was changed.
    waiting
        Rows that were left out.
    """

    model: Model
    after: Dataset
    parts: tuple[str, ...]
    waiting: int


def _seen(folder: Path) -> int:
    """How far in the log a model was trained."""
    seq = read_manifest(folder).get("seq")
    if seq is None:
        raise CorruptModel(
            f"{folder} does not say how far in the log it was trained.",
            hint="Train once more with: shopkeeper train",
        )
    return int(seq)


def _rows_of(log: EventLog, people: Iterable[str]) -> pl.DataFrame:
    """Everything these people ever did, in log order."""
    rows = [(person, *row) for person in people for row in log.events_of([person], columns=_READ)]
    return pl.DataFrame(rows, _FRAME, orient="row").sort(c.SEQ)


def _as_of(rows: pl.DataFrame, seen: int) -> pl.DataFrame:
    """Rows as they stood at a place in the log: a session not linked to its customer yet was by itself."""
    linked = (
        rows.filter(pl.col(c.CUSTOMER_ID).is_not_null())
        .group_by(PERSON, c.SESSION_ID)
        .agg(pl.col(c.SEQ).min().alias("linked"))
    )
    apart = pl.col(c.CUSTOMER_ID).is_null() & (pl.col("linked") > seen).fill_null(True)
    return (
        rows.filter(pl.col(c.SEQ) <= seen)
        .join(linked, on=[PERSON, c.SESSION_ID], how="left", maintain_order="left")
        .with_columns(pl.when(apart).then(c.SESSION_ID).otherwise(PERSON).alias(PERSON))
        .drop("linked")
    )


def _exchanged(
    models: Path, version: str, before: pl.DataFrame, after: pl.DataFrame, config: ShopConfig
) -> _Changed:
    """The model with some people's rows changed."""
    model = load_model(models / version)
    states = [_dataset(frame, model.items, config) for frame in (before, after)]
    waiting = states[1][1]
    was, now = _aligned(states[0][0], states[1][0])
    parts = [part for part in model.parts.values() if isinstance(part, Updatable)]
    for part in parts:
        part.exchange(was, now)
    return _Changed(model, now, tuple(part.name for part in parts), waiting)


def _dataset(frame: pl.DataFrame, items: ItemIndex, config: ShopConfig) -> tuple[Dataset, int]:
    """Cleaned rows over the model's items, and how many there were of others."""
    events, _ = clean_log(frame.select(COLUMNS), config.cleaning)
    whole = build_dataset(events, weights=config.event_weights)
    dataset = whole.over(items)
    return dataset, len(whole) - len(dataset)


def _aligned(before: Dataset, after: Dataset) -> tuple[Dataset, Dataset]:
    """Both over the people of either."""
    people = tuple(sorted({*before.people, *after.people}))
    codes = {person: code for code, person in enumerate(people)}

    def over(dataset: Dataset) -> Dataset:
        own = np.array([*(codes[person] for person in dataset.people), ANONYMOUS], np.int32)
        return replace(dataset, people=people, person=own[dataset.person])

    return over(before), over(after)


def _live(
    models: Path,
    version: str,
    changed: _Changed,
    facts: dict[str, Any],
    events: int,
    people: int,
    start: float,
) -> Update:
    """Write the changed model and let it serve, unless another one went live meanwhile."""
    blend = changed.model.default
    if not isinstance(blend, Blend):
        raise TypeError(f"a stored model is a blend, not {type(blend).__name__}")
    manifest = read_manifest(models / version)
    kept = {name: value for name, value in manifest.items() if name not in _OF_THE_FOLDER}
    over = replace(changed.after, attributes=changed.model.attributes)
    facts = {**kept, **facts, "updated_from": version}
    new = save_model(models, blend, over, facts, changed.model.adaptation, changed.model.near)
    if current_version(models) == version:
        promote(models, new)
        prune(models)
    serving = current_version(models)
    return Update(serving, events, people, changed.waiting, changed.parts, time.perf_counter() - start)
