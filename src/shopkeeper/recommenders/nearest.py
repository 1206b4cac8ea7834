"""The items most alike to each: by comparing all pairs, and in a large catalogue by one vector an item.

Vectors bring candidates by a graph (`retrieval.vectors`), and their exact likeness then decides. What the
detour misses is measured on a sample of items and told.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Bools, Floats
from shopkeeper.features.fields import Joined, Rows
from shopkeeper.features.fusion import item_vectors
from shopkeeper.learners.linear import stacked
from shopkeeper.retrieval.vectors import Neighbours

COMPARED: Final = 30_000
"""Items up to which all pairs are compared: what that costs grows with their square; see decision 050."""
_CELLS: Final = 1 << 22
"""Pairs of items looked at at once."""
_BLOCK: Final = 256
"""Items whose candidates are looked for at once."""
_CANDIDATES: Final = 2
"""Candidates for each neighbour wanted."""
_SAMPLE: Final = 200
_MEASURED: Final = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Attributes
    ----------
    keep
        Most neighbours of an item.
    apart
        Shape ``(n_items,)``: items of which ``keep_apart`` are kept beside those.
    keep_apart
        How many of them.
    """

    keep: int
    apart: Bools
    keep_apart: int


def nearest(items: Joined, wanted: Wanted, rows: Rows | None = None) -> tuple[sparse.csr_array, float]:
    """The items most alike to each, items x items, without itself and without what is not alike at all.

    Parameters
    ----------
    items
        What is compared.
    wanted
        How many of which.
    rows
        Items whose neighbours are looked for, in rising order; None for all.

    Returns
    -------
    tuple of scipy.sparse.csr_array and float
        And the share of the ten nearest of all that are found, on a sample: 1 where all pairs were compared.
    """
    asked: Rows = np.arange(len(items)) if rows is None else rows
    if len(items) <= COMPARED or len(asked) * len(items) <= COMPARED**2:
        return compared(items, wanted, asked), 1.0
    found = by_vectors(items, wanted, asked)
    sample = np.sort(np.random.default_rng(0).permutation(asked)[:_SAMPLE])
    truth = compared(items, Wanted(_MEASURED, np.zeros(len(items), bool), 0), sample)
    shares = [
        np.isin(
            truth.indices[slice(*truth.indptr[row : row + 2])],
            found.indices[slice(*found.indptr[row : row + 2])],
        )
        for row in sample
    ]
    return found, float(np.concatenate(shares).mean()) if truth.nnz else 1.0


def compared(items: Joined, wanted: Wanted, rows: Rows) -> sparse.csr_array:
    """The neighbours of some items by comparing each with all; see `nearest`."""
    n, step = len(items), max(1, _CELLS // max(1, len(items)))
    among, lists = np.flatnonzero(wanted.apart), []
    for low in range(0, len(rows), step):
        some = rows[low : low + step]
        alike = items.block(some)
        alike[np.arange(len(some)), some] = 0.0
        kept = _largest(alike, wanted.keep)
        if len(among):
            at, places = np.nonzero(_largest(alike[:, among], wanted.keep_apart))
            kept[at, among[places]] = True
        kept &= alike > 0
        at, columns = np.nonzero(kept)
        lists.append(_rows(alike[at, columns], columns, np.bincount(at, minlength=len(some)), n))
    return _placed(stacked(lists, n), rows)


def by_vectors(items: Joined, wanted: Wanted, rows: Rows) -> sparse.csr_array:
    """The same among the candidates that one vector an item brings; see `nearest`."""
    vectors, n = item_vectors(items), len(items)
    index = Neighbours.of(vectors, "fields", largest=0)
    lists = []
    for low in range(0, len(rows), _BLOCK):
        some = rows[low : low + _BLOCK]
        found = index.search(vectors[some], min(n, _CANDIDATES * wanted.keep + 1))[0]
        cold = index.search(vectors[some], min(n, _CANDIDATES * wanted.keep_apart + 1), wanted.apart)[0]
        for item, one, other in zip(some.tolist(), found, cold, strict=True):
            chosen, alike = _best(items, item, one, wanted.keep)
            more, also = _best(items, item, other, wanted.keep_apart)
            columns, first = np.unique(np.concatenate([chosen, more]), return_index=True)
            values = np.concatenate([alike, also])[first]
            lists.append(_rows(values, columns, np.array([len(columns)]), n))
    return _placed(stacked(lists, n), rows)


def _best(items: Joined, item: int, candidates: Rows, keep: int) -> tuple[Rows, Floats]:
    """The most alike of the candidates, and how alike they are."""
    others = candidates[(candidates >= 0) & (candidates != item)]
    alike = items.alike(item, others)
    best = np.argsort(-alike, kind="stable")[:keep]
    best = best[alike[best] > 0]
    return others[best], alike[best]


def _rows(values: Floats, columns: Rows, lengths: Rows, n: int) -> sparse.csr_array:
    indptr = np.append(0, np.cumsum(lengths)).astype(np.int32)
    return sparse.csr_array((values, columns.astype(np.int32), indptr), shape=(len(lengths), n))


def _placed(found: sparse.csr_array, rows: Rows) -> sparse.csr_array:
    """Rows in their places among all items; the others are empty."""
    n = found.shape[1]
    lengths = np.zeros(n, np.int64)
    lengths[rows] = np.diff(found.indptr)
    indptr = np.append(0, np.cumsum(lengths)).astype(np.int32)
    return sparse.csr_array(
        (found.data.astype(np.float32), found.indices.astype(np.int32), indptr), shape=(n, n)
    )


def _largest(values: Floats, n: int) -> Bools:
    """The ``n`` largest of each row; some more where they are equal."""
    if n >= values.shape[1]:
        return np.ones(values.shape, bool)
    return np.asarray(values >= np.partition(values, -n, axis=1)[:, -n][:, None])
