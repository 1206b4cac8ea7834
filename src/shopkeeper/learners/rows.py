"""Sums of weighted rows of a sparse matrix: what every recommender of neighbours answers with."""

import threading

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Floats, Ints, Ragged, distinct, ragged_positions

_FEW = 8
"""Requests up to which adding by hand is quicker than a product of sparse matrices."""
_SPARSE = 4


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
        self._scratch = threading.local()

    def rows(self, items: Ints) -> sparse.csr_array:
        """These rows of the matrix."""
        return self.matrix[items]

    def sums(self, rows: Ragged, weights: Floats) -> tuple[Ragged, Floats]:
        """Sum over a request's rows of weight * row: columns whose sum is not zero, rising, and their sums.

        Parameters
        ----------
        rows
            Rows to add, a list a request.
        weights
            Shape ``(len(rows.items),)``, float32.
        """
        return self._few(rows, weights) if len(rows) <= _FEW else self._many(rows, weights)

    def _few(self, rows: Ragged, weights: Floats) -> tuple[Ragged, Floats]:
        positions, starts = ragged_positions(self._starts, rows.items.astype(np.int64))
        columns = self.matrix.indices[positions]
        values = self.matrix.data[positions] * np.repeat(weights, np.diff(starts))
        bounds = starts[rows.offsets]
        found = [
            self._added(columns[low:high], values[low:high])
            for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        ]
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(part) for part, _ in found], out=offsets[1:])
        items = np.concatenate([part for part, _ in found]) if found else columns
        return Ragged(offsets, items), np.concatenate([sums for _, sums in found]) if found else values

    def _added(self, columns: Ints, values: Floats) -> tuple[Ints, Floats]:
        """Columns and the sum of each, added in the order in which a product of matrices adds."""
        total = getattr(self._scratch, "total", None)
        if total is None:
            total = self._scratch.total = np.zeros(self.matrix.shape[1], np.float32)
        np.add.at(total, columns, values)
        # Looking everywhere is quicker than sorting what was added, unless that is little beside everything.
        few = len(columns) * _SPARSE < len(total)
        found = distinct(columns) if few else np.flatnonzero(total != 0).astype(np.int32)
        sums = total[found]
        total[found] = 0.0
        kept = sums != 0
        return found[kept], sums[kept]

    def _many(self, rows: Ragged, weights: Floats) -> tuple[Ragged, Floats]:
        # Indices of another width than the matrix's would have the product copy all of it.
        width = self.matrix.indptr.dtype
        asked = sparse.csr_array(
            (weights, rows.items.astype(width), rows.offsets.astype(width)),
            shape=(len(rows), self.matrix.shape[0]),
        )
        product = sparse.csr_array(asked @ self.matrix)
        product.eliminate_zeros()
        product.sort_indices()
        return Ragged(product.indptr.astype(np.int64), product.indices.astype(np.int32)), product.data
