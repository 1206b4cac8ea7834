"""What people buy again: what the shop's own log says of each item.

    again_j = (returning_j + s * again) / (buyers_j + s)

``buyers_j`` are people who bought item j, ``returning_j`` those who did so on more than one day, and
``again`` is the same share over all items, which an item with few buyers is taken to be like.
"""

from typing import Final

import numpy as np

from shopkeeper.core.types import DAY_MS, EventType, Floats
from shopkeeper.data.dataset import Dataset

AGAIN: Final = 0.1
"""Share of buyers who come back from which on an item is one that people buy again."""
_SHRINK: Final = 5.0


def bought_again(dataset: Dataset) -> Floats:
    """Share of the buyers of each item who bought it on more than one day, shape ``(n_items,)``."""
    bought = (dataset.kind == EventType.purchase) & (dataset.person >= 0)
    pairs = dataset.person[bought].astype(np.int64) << 32 | dataset.item[bought]
    days = dataset.time[bought] // DAY_MS
    order = np.lexsort((days, pairs))
    pairs, days = pairs[order], days[order]
    first = np.ones(len(pairs), bool)
    first[1:] = pairs[1:] != pairs[:-1]
    later = ~first
    later[1:] &= days[1:] != days[:-1]
    group = np.cumsum(first) - 1
    items = pairs[first] & 0xFFFFFFFF
    back = np.bincount(group[later], minlength=len(items)) > 0
    buyers = np.bincount(items, minlength=dataset.n_items)
    returning = np.bincount(items[back], minlength=dataset.n_items)
    usual = returning.sum() / max(buyers.sum(), 1)
    return np.asarray((returning + _SHRINK * usual) / (buyers + _SHRINK), np.float32)
