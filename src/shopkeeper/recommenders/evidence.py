"""What recommenders of one item by others share: hearing a history, reasons, and questions about an item."""

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Floats, Histories, Ints, Longs, Ragged, Requests

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
    since = histories.offsets[1:][owner] - 1 - np.arange(len(owner))
    decay = recency**since
    clear = decay > faint
    strength = (decay[clear] * weights[histories.kinds[clear]]).astype(np.float32)
    offsets = np.append(0, np.cumsum(clear))[histories.offsets]
    return Ragged(offsets, histories.items[clear]), strength


def reasons(sources: Ints, carried: NDArray[Any]) -> list[tuple[int, ...]]:
    """For each of some items those of a history that carried its score, the strongest first, at most three.

    Parameters
    ----------
    sources
        Items of the history, shape ``(n,)``; an item may stand there more than once.
    carried
        What each carried, shape ``(n, items)``.
    """
    order = np.argsort(-carried, axis=0, kind="stable").T
    some = (carried > 0).sum(axis=0).tolist()
    return [
        tuple(islice(dict.fromkeys(sources[row[:n]].tolist()), _MOST))
        for row, n in zip(order, some, strict=True)
    ]


def block(matrix: sparse.csr_array, rows: Ints | Longs, columns: Ints) -> NDArray[Any]:
    """Some rows of a matrix at some columns, dense: ``matrix[rows][:, columns]`` of one request.

    Parameters
    ----------
    matrix
        One entry a column in each row.
    rows, columns
        Which ones; columns are distinct.
    """
    out = np.zeros((len(rows), len(columns)), matrix.dtype)
    if not out.size:
        return out
    starts = matrix.indptr[rows]
    lengths = matrix.indptr[rows + 1] - starts
    positions = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    order = np.argsort(columns)
    rising, found = columns[order], matrix.indices[positions]
    place = np.minimum(np.searchsorted(rising, found), len(rising) - 1)
    met = np.flatnonzero(rising[place] == found)
    owner = np.repeat(np.arange(len(rows)), lengths)
    out[owner[met], order[place[met]]] = matrix.data[positions[met]]
    return out


def about(items: Ints) -> Requests:
    """One question an item, from nobody, that must not be answered with the item itself."""
    n = len(items)
    none, ints, times = np.zeros(n + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int64)
    kinds, values = np.empty(0, np.int8), np.empty(0, np.float32)
    histories = Histories(none, ints, kinds, times, values, none, ints, ints, times, times)
    return Requests(histories, np.zeros(n, np.int64), exclude=Ragged(np.arange(n + 1, dtype=np.int64), items))
