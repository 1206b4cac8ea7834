"""What recommenders of one item by others share: reasons, and questions about an item alone."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Histories, Ints, Ragged, Requests

_MOST = 3


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
    return tuple(dict.fromkeys(int(sources[i]) for i in order if carried[i] > 0))[:_MOST]


def about(items: Ints) -> Requests:
    """One question an item, from nobody, that must not be answered with the item itself."""
    n = len(items)
    none, ints, times = np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64)
    kinds, values = np.empty(0, np.int8), np.empty(0, np.float32)
    histories = Histories(none, ints, kinds, times, values, none, ints, ints, times, times)
    return Requests(histories, np.zeros(n, np.int64), exclude=Ragged(np.arange(n + 1, dtype=np.int64), items))
