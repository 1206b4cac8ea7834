"""How alike two items are by who touched them, and the nearest of each.

With X (people x items, weights of 0 to 1), n_ij = sum over people of X_pi X_pj, and N people:

    cosine          n_ij / sqrt(n_ii n_jj)                    (Sarwar, Karypis, Konstan and Riedl 2001)
    jaccard         n_ij / (n_ii + n_jj - n_ij)               (Tanimoto 1957; Jaccard's where X is 0 or 1)
    log_likelihood  2 sum over the four cells of k log(k / e) (Dunning 1993)
    walk            n_ij / sum over j of n_ij

The cells of the last are k = n_ij, s_i - n_ij, s_j - n_ij and N - s_i - s_j + n_ij, with s the column sums of
X; e is what chance would put there, the product of the margins over N. It is the table of counts on which
Mahout and the Universal Recommender build their correlated cross-occurrence; weights of 0 to 1 make it the
counts to expect, were each weight the chance that its event counts, and no cell falls below 0. A pair that
meets less often than chance has it says nothing.

Where each row of X was divided by the root of its sum, the last is the chance to come from i to j by a step
to somebody who touched i and on to something they touched, each as likely as its weight.

Few meetings say little: each is times n_ij / (n_ij + shrinkage) (Bell and Koren 2007).
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Ints, Longs
from shopkeeper.learners.linear import empty, stacked, strongest

Similarity = Literal["cosine", "jaccard", "log_likelihood", "walk"]

_BLOCK = 1 << 20
"""Pairs of items looked at at once, about."""

_LEAST: Final = 1e-300
"""What stands for 0 where it would be divided by, or its logarithm taken."""

_Numbers = NDArray[np.float64]
_Measure = Callable[[_Numbers, Longs, Ints], _Numbers]
"""How alike pairs of items are: from n_ij, i and j."""


def nearest_items(
    past: sparse.csr_array, similarity: Similarity, shrinkage: float, keep: int
) -> sparse.csr_array:
    """The ``keep`` items most alike to each, items x items, float32; never the item itself.

    Exact, in time linear in the squares of what people touched; memory is that of the result and of a block.

    Parameters
    ----------
    past
        X before it is scaled, people x items; only ratios of its weights matter.
    similarity
        A name of the module's formulas.
    shrinkage
        Meetings that two items need before half of what they say counts.
    keep
        Most neighbours of an item.
    """
    if not past.nnz:
        return empty(past.shape[1])
    scaled = sparse.csr_array(past * np.float32(1.0 / max(float(past.data.max()), 1e-12)))
    back, parts = sparse.csr_array(scaled.T), []
    measure = _MEASURES[similarity](scaled)
    for low, high in _portions(back, np.diff(scaled.indptr)):
        block = sparse.csr_array(back[low:high] @ scaled)
        rows = np.repeat(np.arange(low, high), np.diff(block.indptr))
        met = block.data.astype(np.float64)
        alike = measure(met, rows, block.indices)
        alike *= met / np.maximum(met + shrinkage, _LEAST)
        alike[rows == block.indices] = 0.0
        block.data = np.maximum(alike, 0.0).astype(np.float32)
        block.eliminate_zeros()
        parts.append(strongest(block, keep))
    found = stacked(parts, past.shape[1])
    narrow = found.indices.astype(np.int32), found.indptr.astype(np.int32)
    return sparse.csr_array((found.data, *narrow), shape=found.shape)


def _portions(back: sparse.csr_array, lengths: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Ranges of items with about `_BLOCK` pairs each."""
    n = back.shape[0]
    touched = np.append(0, np.cumsum(lengths[back.indices], dtype=np.int64))[back.indptr]
    pairs = np.append(0, np.cumsum(np.minimum(np.diff(touched), n)))
    cuts = np.searchsorted(pairs, np.arange(0, pairs[-1], _BLOCK))
    return pairwise(np.unique([0, *cuts.tolist(), n]).tolist())


def _cosine(past: sparse.csr_array) -> _Measure:
    lengths = np.sqrt(_sums(past, past.data.astype(np.float64) ** 2))
    return lambda met, one, other: met / np.maximum(lengths[one] * lengths[other], _LEAST)


def _jaccard(past: sparse.csr_array) -> _Measure:
    squares = _sums(past, past.data.astype(np.float64) ** 2)
    return lambda met, one, other: met / np.maximum(squares[one] + squares[other] - met, _LEAST)


def _walk(past: sparse.csr_array) -> _Measure:
    leaving = past.T @ np.asarray(past.sum(axis=1, dtype=np.float64)).ravel()
    return lambda met, one, other: met / np.maximum(leaving[one], _LEAST)


def _log_likelihood(past: sparse.csr_array) -> _Measure:
    people, sums = float(past.shape[0]), _sums(past, past.data)
    # The sum of k log(k / e) by entropies: those of the margins need no more than one logarithm an item.
    margins = _entropy(sums) + _entropy(people - sums)
    whole = float(_entropy(np.array([people]))[0])

    def measure(met: _Numbers, one: Longs, other: Ints) -> _Numbers:
        alone, without = sums[one] - met, sums[other] - met
        neither = people - sums[one] - without
        within = _entropy(met) + _entropy(alone) + _entropy(without) + _entropy(neither)
        excess = 2.0 * (within - margins[one] - margins[other] + whole)
        return np.where(met * people > sums[one] * sums[other], np.maximum(excess, 0.0), 0.0)

    return measure


def _sums(past: sparse.csr_array, values: NDArray[Any]) -> _Numbers:
    """Sum of the values of each item."""
    return np.bincount(past.indices, values, past.shape[1]).astype(np.float64)


def _entropy(counts: _Numbers) -> _Numbers:
    """K log(k), with nothing for a k of 0; rounding may leave one just below."""
    kept = np.maximum(counts, _LEAST)
    return kept * np.log(kept)


_MEASURES: Final[Mapping[str, Callable[[sparse.csr_array], _Measure]]] = {
    "cosine": _cosine,
    "jaccard": _jaccard,
    "log_likelihood": _log_likelihood,
    "walk": _walk,
}
