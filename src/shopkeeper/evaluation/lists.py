"""What answers are made of: coverage, concentration, novelty and diversity, by what a dataset tells."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse

from shopkeeper.core import columns as c
from shopkeeper.core.types import Ints, Ragged
from shopkeeper.data.dataset import Dataset
from shopkeeper.metrics.diversity import CategoryPaths, SharedPeople, coverage, diversity, gini, novelty
from shopkeeper.metrics.ranking import Values

SAMPLE: Final = 1_000
"""Requests, drawn under a fixed seed, whose lists are looked into for novelty and diversity."""

_LEVELS: Final = (c.CATEGORY, c.CATEGORY2, c.CATEGORY3)


def measure_union(lists: Ragged, n_items: int, ks: Sequence[int]) -> dict[str, float]:
    """Figures of all answers together: ``coverage@k`` and ``gini@k``."""
    figures = {f"coverage@{k}": coverage(lists, n_items, k) for k in ks}
    return figures | {f"gini@{k}": gini(lists, n_items, k) for k in ks}


def measure_lists(lists: Ragged, train: Dataset, ks: Sequence[int]) -> dict[str, Values]:
    """Values of each sampled answer: ``novelty@k`` and ``diversity@k``; see `SAMPLE`."""
    size = min(SAMPLE, len(lists))
    sample = lists.take(np.sort(np.random.default_rng(0).choice(len(lists), size, replace=False)))
    apart = dissimilarity(train)
    values = {f"novelty@{k}": novelty(sample, train.popularity, k) for k in ks}
    return values | {f"diversity@{k}": diversity(sample, apart, k) for k in ks}


def dissimilarity(train: Dataset) -> CategoryPaths:
    """How different two items are: by category path, and by who touched them where a category is missing."""
    return CategoryPaths(category_prefixes(train.items.table), SharedPeople(_item_people(train)))


def category_prefixes(table: pl.DataFrame) -> Ints:
    """A number for each category path down to a level, -1 where it has ended; shape ``(n_items, 3)``."""
    path = pl.Series([""] * len(table), dtype=pl.String)
    levels = []
    for name in _LEVELS:
        level = table[name].cast(pl.String) if name in table.columns else path.clear(len(table))
        path = path + "\x1f" + level  # null once a level is missing, and so for all below it
        levels.append(path.rank("dense").cast(pl.Int32).fill_null(0).to_numpy() - 1)
    return np.stack(levels, axis=1).astype(np.int32)


def _item_people(train: Dataset) -> sparse.csr_array:
    """Who touched what: 1 for each pair of item and known person."""
    known = train.person >= 0
    shape = (train.n_items, len(train.people))
    ones = np.ones(int(known.sum()), np.float32)
    matrix = sparse.coo_array((ones, (train.item[known], train.person[known])), shape=shape).tocsr()
    matrix.data[:] = 1.0
    return matrix
