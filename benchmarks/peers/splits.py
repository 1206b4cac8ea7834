"""One dataset and protocol as neutral files, so that everybody learns from and is asked exactly the same.

    split.json                 protocol, items, people, and whether ``tuning`` learns from the same events
    items.parquet              item, item_id
    test/train.parquet         person, item, time         what the final model learns from
    test/requests.parquet      request, person, as_of     person: a code of train.parquet, -1 for a stranger
    test/histories.parquet     request, item, time        everything the person did before, oldest first
    test/truth.parquet         request, item              what is to be found
    tuning/...                 the same for choosing settings, wholly before the test questions

Codes are integers from 0, times epoch milliseconds. The questions are those of `evaluation.protocols`, so in
the last-out protocol the last but one event is not learned from, yet stands in the history. An event of
nobody known has person -1.
"""

import json
from pathlib import Path

import numpy as np
import polars as pl

from shopkeeper.core.types import Histories, Ints, Longs, ragged_positions
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import slice_histories
from shopkeeper.data.split import Cases
from shopkeeper.evaluation.protocols import Task

HELD_LAST = 2
"""Events of each person that the last-out protocol does not learn from."""


def write_split(task: Task, dataset: Dataset, folder: Path) -> None:
    """Write a task made of ``dataset``.

    Raises
    ------
    ValueError
        The histories found in the dataset are not those of the task.
    """
    tuning = task.tuning
    assert tuning is not None, "a benchmark has enough data to tune on"
    shared = tuning.train is task.train
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"item": np.arange(dataset.n_items), "item_id": dataset.items.ids}).write_parquet(
        folder / "items.parquet"
    )
    _write_part(
        folder / "test",
        task.train,
        task.test,
        dataset,
        _asked(task.protocol, dataset, task.train, task.test, 1),
    )
    source = dataset if task.protocol == "last-out" else task.train
    _write_part(
        folder / "tuning",
        None if shared else tuning.train,
        tuning.test,
        source,
        _asked(task.protocol, source, tuning.train, tuning.test, 2),
    )
    facts = {
        "protocol": task.protocol,
        "items": dataset.n_items,
        "people": len(dataset.people),
        "shared_train": shared,
    }
    (folder / "split.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _asked(protocol: str, dataset: Dataset, train: Dataset, cases: Cases, ask: int) -> tuple[Longs, Longs]:
    """Whose history each case has, and how many of that person's events of ``dataset`` it holds."""
    lengths = np.diff(dataset.offsets)
    if protocol == "last-out":
        people = np.flatnonzero(lengths > HELD_LAST)
        return people, lengths[people] - ask
    known = dataset.person >= 0
    if protocol == "time":
        later = dataset.time >= cases.requests.as_of[0]
        people = np.unique(dataset.person[known & later]).astype(np.int64)
        past = np.bincount(dataset.person[known & ~later], minlength=len(lengths))
        return people, past[people].astype(np.int64)
    people = np.setdiff1d(dataset.person[known], train.person).astype(np.int64)
    prefixes = np.maximum(lengths[people] - 1, 0)
    within = np.arange(prefixes.sum()) - np.repeat(np.cumsum(prefixes) - prefixes, prefixes)
    return np.repeat(people, prefixes), within + 1


def _write_part(
    folder: Path, train: Dataset | None, cases: Cases, dataset: Dataset, asked: tuple[Longs, Longs]
) -> None:
    people, lengths = asked
    starts = dataset.offsets[people]
    if not _same(slice_histories(dataset, starts, starts + lengths), cases.requests.histories):
        raise ValueError("The histories of the split files are not those our models get.")
    rows, offsets = ragged_positions(
        np.stack([starts, starts + lengths], axis=1).ravel(), 2 * np.arange(len(people))
    )
    folder.mkdir(exist_ok=True)
    if train is not None:
        _write(folder / "train.parquet", person=train.person, item=train.item, time=train.time)
    n = np.arange(len(cases))
    stranger = ~np.isin(people, (train or dataset).person)
    _write(
        folder / "requests.parquet",
        request=n,
        person=np.where(stranger, -1, people),
        as_of=cases.requests.as_of,
    )
    _write(
        folder / "histories.parquet",
        request=np.repeat(n, np.diff(offsets)),
        item=dataset.item[rows],
        time=dataset.time[rows],
    )
    _write(folder / "truth.parquet", request=cases.truth.rows, item=cases.truth.items)


def _same(found: Histories, wanted: Histories) -> bool:
    fields = (
        "offsets",
        "items",
        "times",
        "summary_offsets",
        "summary_items",
        "summary_counts",
        "summary_last",
    )
    return all(np.array_equal(getattr(found, name), getattr(wanted, name)) for name in fields)


def _write(path: Path, **columns: Longs | Ints) -> None:
    pl.DataFrame({name: values.astype(np.int64) for name, values in columns.items()}).write_parquet(path)
