"""What recommenders of one item by others share: hearing a history, reasons, and questions about an item."""

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Floats, Histories, Ints, Ragged, Requests

_MOST = 3


def heard(histories: Histories, weights: Floats, recency: float, faint: float) -> tuple[Ragged, Floats]:
    """Events of each history that can still be heard, and how strongly each speaks.

    Parameters
    ----------
    histories
        What people did.
    weights
        How strongly each kind of event speaks, indexed by `EventType`.
    recency
        Weight of an event relative to the one after it.
    faint
        Decay down to which an event is heard.
    """
    owner = histories.recent.rows
    since = histories.offsets[1:].take(owner) - 1 - np.arange(len(owner))
    decay = recency**since
    clear = (decay > faint).nonzero()[0]
    strength = decay.take(clear) * weights.take(histories.kinds.take(clear))
    offsets = clear.searchsorted(histories.offsets).astype(np.int64)
    return Ragged(offsets, histories.items.take(clear)), strength.astype(np.float32)


def once(lists: Ragged, strength: Floats) -> tuple[Ragged, Floats]:
    """Each item of a list once, by rising code, with the sum of its strengths.

    Where all events with an item are heard alike, so is their sum, and a list of staples is much shorter.
    """
    if not len(lists.items):
        return lists, strength
    keys = lists.keys
    order = keys.argsort(kind="stable")
    rising = keys.take(order)
    first = np.concatenate([np.zeros(1, np.int64), (rising[1:] != rising[:-1]).nonzero()[0] + 1])
    offsets = rising.take(first).searchsorted(np.arange(len(lists) + 1, dtype=np.int64) << 32)
    return (
        Ragged(offsets.astype(np.int64), lists.items.take(order.take(first))),
        np.add.reduceat(strength.take(order), first),
    )


def reasons(sources: Ints, carried: NDArray[Any]) -> tuple[int, ...]:
    """The items of a history that carried a score, the strongest first, at most three.

    Parameters
    ----------
    sources
        Items of the history, shape ``(n,)``; an item may stand there more than once.
    carried
        What each carried, shape ``(n,)``.
    """
    order = np.argsort(-carried, kind="stable")
    strongest = sources[order[carried[order] > 0]].tolist()
    return tuple(islice(dict.fromkeys(strongest), _MOST))


def about(items: Ints) -> Requests:
    """One question an item, from nobody, that must not be answered with the item itself."""
    n = len(items)
    none, ints, times = np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64)
    kinds, values = np.empty(0, np.int8), np.empty(0, np.float32)
    histories = Histories(none, ints, kinds, times, values, none, ints, ints, times, times)
    return Requests(histories, np.zeros(n, np.int64), exclude=Ragged(np.arange(n + 1, dtype=np.int64), items))
