"""Sums of weighted rows of a sparse matrix: what every recommender of neighbours answers with."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Floats, Ints, Longs, Ragged, blank, distinct

_FEW = 8
"""Requests up to which adding by hand is quicker than a product of sparse matrices."""
_SPARSE = 4
_NOTHING = np.empty(0, np.float32)


class Tally:
    """Adds numbers by column, in their order, in time that hardly grows with the columns there are.

    Parameters
    ----------
    width
        How many columns there are.
    dtype
        Of the sums.
    """

    def __init__(self, width: int, dtype: type[np.float32] | type[np.float64]) -> None:
        self._width, self._dtype = width, dtype

    def of(self, columns: Ints, values: NDArray[Any]) -> tuple[Ints, NDArray[Any]]:
        """Distinct columns, rising, and the sum of the values of each; one that sums to 0 may be absent."""
        total = blank(self._width, self._dtype)
        # Values of another type would be cast one by one.
        np.add.at(total, columns, values.astype(self._dtype, copy=False))
        # Looking everywhere is quicker than sorting what was added, unless that is little beside everything.
        few = len(columns) * _SPARSE < self._width
        found = distinct(columns) if few else (total != 0).nonzero()[0].astype(np.int32)
        sums = total.take(found)
        total[found] = 0
        return found, sums


class WeightedRows:
    """Adds rows of one matrix, many requests at a time or one at once; both to the last bit alike.

    Parameters
    ----------
    matrix
        Shape ``(n, n)``, float32, one entry a column in each row.
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        self.matrix = matrix
        self._starts = matrix.indptr.astype(np.int64)
        self._lengths = np.diff(self._starts)
        self._tally = Tally(matrix.shape[1], np.float32)

    def rows(self, items: Ints) -> sparse.csr_array:
        """These rows of the matrix."""
        return self.matrix[items]

    def cells(self, items: Ints, columns: Ints) -> Floats:
        """See `cells`."""
        return cells(self.matrix, items, columns)

    def sums(
        self, rows: Ragged, weights: Floats, own: tuple[Ragged, Floats] | None = None
    ) -> tuple[Ragged, Floats]:
        """Sum over a request's rows of weight * row: columns whose sum is not zero, rising, and their sums.

        Parameters
        ----------
        rows
            Rows to add, a list a request.
        weights
            Shape ``(len(rows.items),)``, float32.
        own
            Rising columns of each request, and what is added to the sum of each in the end.
        """
        if own is None:
            own = Ragged.empty(len(rows)), _NOTHING
        return self._few(rows, weights, *own) if len(rows) <= _FEW else self._many(rows, weights, *own)

    def _few(self, rows: Ragged, weights: Floats, own: Ragged, added: Floats) -> tuple[Ragged, Floats]:
        bounds = zip(pairwise(rows.offsets.tolist()), pairwise(own.offsets.tolist()), strict=True)
        found = [
            self._added(rows.items[low:high], weights[low:high], own.items[first:last], added[first:last])
            for (low, high), (first, last) in bounds
        ]
        if len(found) == 1:
            items, sums = found[0]
            return Ragged(np.array([0, len(items)], np.int64), items), sums
        return Ragged.of([items for items, _ in found]), np.concatenate(
            [_NOTHING, *(sums for _, sums in found)]
        )

    def _added(self, items: Ints, weights: Floats, own: Ints, added: Floats) -> tuple[Ints, Floats]:
        """Columns and the sum of each, added in the order in which a product of matrices adds."""
        positions, lengths = _positions(self._starts.take(items), self._lengths.take(items))
        # "take" is up to three times as quick as square brackets, and places as quick as a mask is slow.
        columns = self.matrix.indices.take(positions)
        values = self.matrix.data.take(positions)
        values *= weights.repeat(lengths)
        if len(own):
            columns, values = np.concatenate([columns, own]), np.concatenate([values, added])
        found, sums = self._tally.of(columns, values)
        kept = sums != 0
        if kept.all():
            return found, sums
        places = kept.nonzero()[0]
        return found.take(places), sums.take(places)

    def _many(self, rows: Ragged, weights: Floats, own: Ragged, added: Floats) -> tuple[Ragged, Floats]:
        # Indices of another width than the matrix's would have the product copy all of it.
        width = self.matrix.indptr.dtype
        asked = sparse.csr_array(
            (weights, rows.items.astype(width), rows.offsets.astype(width)),
            shape=(len(rows), self.matrix.shape[0]),
        )
        product = sparse.csr_array(asked @ self.matrix)
        if len(own.items):
            product.sort_indices()
            entries = (added, own.items.astype(width), own.offsets.astype(width))
            product = product + sparse.csr_array(entries, shape=product.shape)
        product.eliminate_zeros()
        product.sort_indices()
        return Ragged(product.indptr.astype(np.int64), product.indices.astype(np.int32)), product.data


def cells(matrix: sparse.csr_array, rows: Ints, columns: Ints) -> Floats:
    """Some columns of some rows, rows x columns, in a fraction of the time that indexing takes."""
    starts = matrix.indptr.take(rows).astype(np.int64)
    positions, lengths = _positions(starts, matrix.indptr.take(rows + 1) - starts)
    asked = distinct(columns)
    table = blank(matrix.shape[1], np.int32)
    table[asked] = np.arange(1, len(asked) + 1)
    place = table.take(matrix.indices.take(positions))
    table[asked] = 0
    found = place.nonzero()[0]
    out = np.zeros((len(rows), len(asked)), np.float32)
    row = np.arange(len(rows)).repeat(lengths)
    out[row.take(found), place.take(found) - 1] = matrix.data.take(positions.take(found))
    return out.take(asked.searchsorted(columns), axis=1)


def _positions(starts: Longs, lengths: Longs) -> tuple[Longs, Longs]:
    """Positions of the entries of rows that start and are as long as this, and the lengths."""
    positions = (starts - lengths.cumsum() + lengths).repeat(lengths)
    positions += np.arange(len(positions))
    return positions, lengths
