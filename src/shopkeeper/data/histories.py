"""Histories of people: recent events and a summary of everything before, from rows of a dataset."""

import numpy as np

from shopkeeper.core.types import Histories, Ints, Longs
from shopkeeper.data.dataset import Dataset

RECENT = 256
"""Most recent events kept in a history; what came before lives in the summary."""


def build_histories(dataset: Dataset, people: Longs, before: Longs) -> Histories:
    """Histories of these people as they stood just before a moment.

    Parameters
    ----------
    dataset
        Sorted by person and time.
    people
        Shape ``(n,)``: codes of people; a person may occur more than once.
    before
        Shape ``(n,)``: events with ``time < before`` count, epoch milliseconds.
    """
    starts = dataset.offsets[people]
    return slice_histories(dataset, starts, ends_before(dataset, people, before))


def slice_histories(dataset: Dataset, starts: Longs, ends: Longs) -> Histories:
    """Histories made of the rows ``starts[i]:ends[i]`` of the dataset, each within one person."""
    lengths = ends - starts
    recent = np.maximum(starts, ends - RECENT)
    rows, offsets = _rows(recent, ends - recent)
    every, _ = _rows(starts, lengths)
    owner = np.repeat(np.arange(len(starts), dtype=np.int64), lengths)
    return Histories(
        offsets,
        dataset.item[rows],
        dataset.kind[rows],
        dataset.time[rows],
        dataset.value[rows],
        *summarise(len(starts), owner, dataset.item[every], dataset.time[every]),
    )


def summarise(n: int, owner: Longs, items: Ints, times: Longs) -> tuple[Longs, Ints, Ints, Longs, Longs]:
    """Summary arrays of `Histories` from loose events.

    Parameters
    ----------
    n
        Number of people.
    owner, items, times
        Shape ``(m,)``: row of the person, item code and epoch milliseconds of each event, in any order.

    Returns
    -------
    offsets ``(n + 1,)``, items, counts of distinct moments, first times, last times.
    """
    keys = owner << 32 | items
    order = np.argsort(keys, kind="stable")
    # The log is in order of time already, and then sorting once is enough.
    if ((np.diff(keys[order]) == 0) & (np.diff(times[order]) < 0)).any():
        order = np.lexsort((times, keys))
    keys, owner, items, times = keys[order], owner[order], items[order], times[order]
    head = np.ones(len(order), bool)
    head[1:] = keys[1:] != keys[:-1]
    moment = head.copy()
    moment[1:] |= times[1:] != times[:-1]
    starts = np.flatnonzero(head)
    ends = np.append(starts[1:], len(order))
    counts = np.add.reduceat(moment, starts, dtype=np.int32) if len(starts) else np.empty(0, np.int32)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(owner[starts], minlength=n), out=offsets[1:])
    return (
        offsets,
        items[starts].astype(np.int32),
        counts,
        times[starts],
        times[ends - 1] if len(starts) else times[:0],
    )


def ends_before(dataset: Dataset, people: Longs, before: Longs) -> Longs:
    """First row of each person that is not before the moment: one binary search over all at once."""
    low, high = dataset.offsets[people].copy(), dataset.offsets[people + 1].copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        earlier = np.zeros(len(people), bool)
        earlier[open_] = dataset.time[middle[open_]] < before[open_]
        low = np.where(open_ & earlier, middle + 1, low)
        high = np.where(open_ & ~earlier, middle, high)
    return low


def _rows(starts: Longs, lengths: Longs) -> tuple[Longs, Longs]:
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return np.arange(offsets[-1], dtype=np.int64) + np.repeat(starts - offsets[:-1], lengths), offsets
