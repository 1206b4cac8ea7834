"""What lists are made of, whatever the truth: how much of the catalogue, how well known, how varied."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Ints, Longs, Ragged
from shopkeeper.metrics.ranking import Values

_ENTRIES: Final = 1 << 23
"""Most matrix entries multiplied out at once, roughly: 100 MB."""


class Dissimilarity(Protocol):
    """How different two items are, 0 (alike) to 1 (nothing in common)."""

    def __call__(self, a: Ints, b: Ints) -> Values:
        """Dissimilarity of each pair, shape ``(m,)``, from two arrays of item codes."""
        ...


def head(lists: Ragged, k: int) -> Ragged:
    """The first ``k`` of each list."""
    lengths = np.minimum(lists.lengths, k)
    offsets = np.zeros(len(lists) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    positions = np.arange(offsets[-1]) + np.repeat(lists.offsets[:-1] - offsets[:-1], lengths)
    return Ragged(offsets, lists.items[positions])


def coverage(lists: Ragged, n_items: int, k: int) -> float:
    """Share of the catalogue that stands in at least one list: ``|union of lists| / n_items``.

    Source: Ge, Delgado-Battenfeld and Jannach, Beyond accuracy, RecSys 2010 (catalogue coverage).
    """
    return len(np.unique(head(lists, k).items)) / n_items if n_items else 0.0


def gini(lists: Ragged, n_items: int, k: int) -> float:
    """How unequally places in lists are shared among items: 0 all alike, towards 1 all to one item.

    ``sum_i (2 i - n - 1) c_i / (n sum_i c_i)`` over the counts ``c`` in rising order; 0 where all lists are
    empty.

    Source: Adomavicius and Kwon, Improving aggregate recommendation diversity, TKDE 2012.
    """
    counts = np.sort(np.bincount(head(lists, k).items, minlength=n_items)).astype(np.float64)
    total = counts.sum()
    ranks = np.arange(1, n_items + 1)
    return float(((2 * ranks - n_items - 1) * counts).sum() / (n_items * total)) if total else 0.0


def novelty(lists: Ragged, popularity: Longs, k: int) -> Values:
    """Mean self-information of the items of each list, in bits; NaN for an empty list.

    ``mean_i -log2 p_i`` with ``p_i = (c_i + 1) / (sum c + n_items)``, ``c`` the events of each item in
    training; the 1 keeps items without events finite.

    Source: Zhou et al., Solving the apparent diversity-accuracy dilemma, PNAS 2010; Vargas and Castells,
    Rank and relevance in novelty and diversity metrics, RecSys 2011.
    """
    share = (popularity + 1.0) / (popularity.sum() + len(popularity))
    lists = head(lists, k)
    return _mean_by_row(lists.rows, -np.log2(share)[lists.items], len(lists))


def diversity(lists: Ragged, dissimilarity: Dissimilarity, k: int) -> Values:
    """Mean dissimilarity of all pairs within each list; NaN for a list with fewer than two items.

    ``mean_{i < j} d(i, j)``

    Source: Ziegler et al., Improving recommendation lists through topic diversification, WWW 2005
    (intra-list similarity, here as its complement).
    """
    rows, a, b = _pairs(head(lists, k))
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    keys, places = np.unique(low << 32 | high, return_inverse=True)
    apart = dissimilarity((keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32))
    return _mean_by_row(rows, apart[places], len(lists))


@dataclass(frozen=True, slots=True)
class CategoryPaths:
    """Dissimilarity by category: 1 minus the share of leading levels two items have in common.

    Attributes
    ----------
    prefixes
        Shape ``(n_items, levels)``: a number for each path down to a level, -1 below the end of a path. Two
        items have the same number at a level where all levels down to it agree.
    otherwise
        Asked for pairs of which an item has no category.
    """

    prefixes: Ints
    otherwise: Dissimilarity

    def __call__(self, a: Ints, b: Ints) -> Values:
        """See `Dissimilarity`."""
        depth = (self.prefixes >= 0).sum(axis=1)
        known = (depth[a] > 0) & (depth[b] > 0)
        shared = ((self.prefixes[a] == self.prefixes[b]) & (self.prefixes[a] >= 0)).sum(axis=1)
        out = np.asarray(1.0 - shared / np.maximum(np.maximum(depth[a], depth[b]), 1), np.float64)
        out[~known] = self.otherwise(a[~known], b[~known])
        return out


@dataclass(frozen=True, slots=True)
class SharedPeople:
    """Dissimilarity by people: 1 minus the cosine of the two items' columns of "who touched it".

    Attributes
    ----------
    item_people
        Shape ``(n_items, n_people)``: 1 where the person touched the item.
    """

    item_people: sparse.csr_array

    def __call__(self, a: Ints, b: Ints) -> Values:
        """See `Dissimilarity`; an item nobody touched has nothing in common with any other."""
        degree = np.diff(self.item_people.indptr).astype(np.float64)
        parts = np.flatnonzero(np.diff(np.cumsum(degree[a] + degree[b]) // _ENTRIES)) + 1
        blocks = zip(np.split(a, parts), np.split(b, parts), strict=True)
        both = np.concatenate([self._common(first, second) for first, second in blocks])
        norm = np.sqrt(degree[a] * degree[b])
        cosine = np.zeros(len(a))
        np.divide(both, norm, out=cosine, where=norm > 0)
        return 1.0 - cosine

    def _common(self, a: Ints, b: Ints) -> Values:
        """Number of people who touched both."""
        product = self.item_people[a].multiply(self.item_people[b])
        return np.asarray(product.sum(axis=1), np.float64).ravel()


def _pairs(lists: Ragged) -> tuple[Longs, Ints, Ints]:
    """Row, first and second item of every pair within a row."""
    rows, items = lists.rows, lists.items
    found = []
    for gap in range(1, int(lists.lengths.max(initial=0))):
        same = np.flatnonzero(rows[gap:] == rows[:-gap])
        found.append((rows[same], items[same], items[same + gap]))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
    first, second, third = zip(*found, strict=True)
    return np.concatenate(first), np.concatenate(second), np.concatenate(third)


def _mean_by_row(rows: Longs, values: Values, n: int) -> Values:
    counts = np.bincount(rows, minlength=n)
    totals = np.bincount(rows, weights=values, minlength=n)
    out = np.full(n, np.nan)
    np.divide(totals, counts, out=out, where=counts > 0)
    return out
