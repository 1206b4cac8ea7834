"""What people did lately, as a matrix of people and items."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import DAY_MS, Longs
from shopkeeper.data.dataset import Dataset

LATEST: Final = 256
"""Events of a person that are looked at, the latest: what a person costs grows with their square."""


def latest_rows(dataset: Dataset) -> Longs:
    """Rows of known people that are among the latest of their person."""
    known = np.flatnonzero(dataset.person >= 0)
    later = dataset.offsets[1:][dataset.person[known]] - 1 - known
    return known[later < LATEST]


def past_of(dataset: Dataset, half_life: float = 0.0) -> sparse.csr_array:
    """X: what each known person touched lately, with the weight of the strongest event.

    Parameters
    ----------
    dataset
        What they did.
    half_life
        Days before the end of the log in which an event loses half its weight; 0 where none ever does.
    """
    rows = latest_rows(dataset)
    weights = dataset.weights[dataset.kind[rows]]
    if half_life > 0:
        age = (dataset.end - dataset.time[rows]) / DAY_MS
        weights = weights * np.exp2(-age / half_life).astype(np.float32)
    return by_item(dataset, rows, weights, np.maximum)


def by_item(dataset: Dataset, rows: Longs, values: NDArray[Any], merge: np.ufunc) -> sparse.csr_array:
    """Values of events, those of one person with one item merged to one.

    Parameters
    ----------
    dataset
        What people did.
    rows
        Its rows that count, all of known people, rising.
    values
        Value of each of these rows.
    merge
        What makes one value of two.
    """
    keys = dataset.person[rows].astype(np.int64) << 32 | dataset.item[rows]
    order = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(keys[order]) != 0)[: len(keys)])
    merged = merge.reduceat(values[order], first) if len(first) else values
    indptr = np.searchsorted(keys[order][first], np.arange(len(dataset.people) + 1, dtype=np.int64) << 32)
    shape = (len(dataset.people), dataset.n_items)
    return sparse.csr_array((merged, dataset.item[rows][order][first], indptr), shape=shape)
