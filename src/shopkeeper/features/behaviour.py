"""What a person did lately, as numbers for a model to learn from: never who they are.

Only the last `HEARD` events are read, so that a heavy household costs no more than others, and training and
live requests see the same.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import DAY_MS, EventType, Floats, Ints, Longs, Requests

HEARD: Final = 50
POOLS: Final = ("bought", "browsed", "newest")
_FADES: Final = (0.95, 0.9, 0.6)
_BROWSED: Final = np.isin(np.arange(len(EventType)), [EventType.view_item, EventType.select_item])
NUMBERS: Final = (
    "events",
    "distinct_items",
    "share_of_repeats",
    "share_of_browsing",
    "days_since_active",
    "mean_gap",
    "price_level",
    "price_spread",
)
"""Columns of `Behaviour.numbers`: log(1 + n) of counts and days."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What ``n`` people did lately.

    Attributes
    ----------
    items, offsets
        Items of the events that are heard, oldest first, and where each person's begin, ``(n + 1,)``.
    weights
        Shape ``(len(POOLS), len(items))``: weight of each event in each pool; of one person and pool they
        sum to 1, or to 0 where there is no such event. What was bought or put in the cart fades slowly, what
        was looked at faster, and the newest of both at once.
    numbers
        Shape ``(n, len(NUMBERS))``.
    favourites
        Shape ``(n, n_groups)``: share of each group of items in what is heard.
    """

    items: Ints
    offsets: Longs
    weights: Floats
    numbers: Floats
    favourites: Floats


def behaviour(requests: Requests, price: Floats, group: Ints, n_groups: int, speaks: Floats) -> Behaviour:
    """Read histories.

    Parameters
    ----------
    requests
        Who is asked about, and when.
    price, group
        Shape ``(n_items,)``: level of the price, and group of each item, -1 for none.
    n_groups
        How many groups there are.
    speaks
        Weight of each kind of event, indexed by `EventType`.
    """
    history, n = requests.histories, len(requests)
    back = np.repeat(history.offsets[1:], np.diff(history.offsets)) - 1 - np.arange(len(history.items))
    heard = np.flatnonzero(back < HEARD)
    offsets = np.searchsorted(heard, history.offsets)
    items, kinds, times = history.items[heard], history.kinds[heard], history.times[heard]
    rows, back = np.repeat(np.arange(n), np.diff(offsets)), back[heard].astype(np.float32)
    browsed = _BROWSED[kinds]
    shown = (~browsed, browsed, np.ones(len(heard), bool))
    pools = [
        _shares(np.float32(fade) ** back * speaks[kinds] * part, rows, n)
        for fade, part in zip(_FADES, shown, strict=True)
    ]
    even = _shares(np.float32(_FADES[0]) ** back, rows, n)
    level = np.bincount(rows, even * price[items], n)
    spread = np.sqrt(np.maximum(np.bincount(rows, even * price[items] ** 2, n) - level**2, 0.0))
    count, distinct = np.diff(offsets), _distinct(items, rows, n)
    first, last = _ends(times, offsets)
    numbers = [
        np.log1p(count),
        np.log1p(distinct),
        (count - distinct) / np.maximum(count, 1),
        np.bincount(rows, browsed, n) / np.maximum(count, 1),
        np.where(count > 0, _log_days(requests.as_of - last), 0.0),
        np.where(count > 1, _log_days((last - first) / np.maximum(count - 1, 1)), 0.0),
        level,
        spread,
    ]
    told = group[items] >= 0
    cells = rows[told] * n_groups + group[items][told]
    favourites = np.bincount(cells, even[told], n * n_groups).reshape(n, n_groups)
    return Behaviour(
        items,
        offsets,
        np.stack(pools),
        np.stack(numbers, axis=1).astype(np.float32),
        favourites.astype(np.float32),
    )


def _shares(weights: Floats, rows: Longs, n: int) -> Floats:
    """Weights scaled so that those of one row sum to 1."""
    total = np.bincount(rows, weights, n)
    return np.asarray(weights / np.maximum(total, 1e-12)[rows], np.float32)


def _distinct(items: Ints, rows: Longs, n: int) -> Longs:
    keys = np.sort(rows << 32 | items)
    fresh = np.ones(len(keys), bool)
    fresh[1:] = keys[1:] != keys[:-1]
    return np.bincount(keys[fresh] >> 32, minlength=n)


def _ends(times: Longs, offsets: Longs) -> tuple[Longs, Longs]:
    """Time of the first and of the last event of each row; 0 of an empty one."""
    padded = np.append(times, 0)
    some = np.diff(offsets) > 0
    last = np.maximum(offsets[1:] - 1, 0)
    return np.where(some, padded[offsets[:-1]], 0), np.where(some, padded[last], 0)


def _log_days(milliseconds: Longs | Floats) -> Floats:
    return np.asarray(np.log1p(np.maximum(milliseconds, 0) / DAY_MS), np.float32)
