"""Events of a generated crowd as a dataset, straight into memory: as many as a benchmark needs."""

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import EventWeights
from shopkeeper.core.types import EventType
from shopkeeper.data.dataset import Dataset, ItemIndex, event_weights

_START = 1_700_000_000_000
_YEAR_S = 365 * 86_400
_EACH = 33
"""Events of a person on average; a few have thousands."""


def crowd(events: int, items: int = 100_000, seed: int = 0) -> Dataset:
    """About ``events`` purchases within a year: items by Zipf's law, people with a heavy tail (Pareto)."""
    rng = np.random.default_rng(seed)
    activity = rng.pareto(1.5, max(1, events // _EACH)) + 0.3
    lengths = np.maximum(1, np.rint(activity / activity.sum() * events)).astype(np.int64)
    person = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
    fame = np.cumsum(1.0 / np.arange(1, items + 1))
    rank = np.searchsorted(fame / fame[-1], rng.random(len(person), dtype=np.float32))
    item = rng.permutation(items).astype(np.int32)[np.minimum(rank, items - 1)]
    del rank
    time = rng.integers(0, _YEAR_S, len(person), dtype=np.int64) * 1000 + _START
    starts = np.append(0, np.cumsum(lengths))
    for low, high in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        time[low:high].sort()
    ids = tuple(f"i{code:07}" for code in range(items))
    return Dataset(
        items=ItemIndex(ids, pl.DataFrame({c.ITEM_ID: list(ids)})),
        people=tuple(f"p{code:08}" for code in range(len(lengths))),
        person=person,
        item=item,
        kind=np.full(len(person), int(EventType.purchase), np.int8),
        time=time,
        value=np.ones(len(person), np.float32),
        weights=event_weights(EventWeights()),
    )
