"""What follows what: counts of pairs with fame divided out, whole or row by row.

    D_ij = rowsum_i ^ alpha * colsum_j ^ beta,  E_ij = (rowsum_i / r) ^ 0.3 * (colsum_j / c) ^ 0.15
    W_ij = C_ij / D_ij * (1 + 1 / E_ij)

``r`` and ``c`` are the geometric means of ``rowsum`` and ``colsum`` over the items that have any. The second
term divides fame out more strongly than validation asks for: the best exponents of the past are a little too
mild for what comes next, and the mean of two is better than either (docs/decisions/022).

Every pair that is counted changes the sums, and with them the weight of every other. So after a change rows
are made as they are asked for and kept; the whole table, from which a live request is answered fastest, is
made when the model is saved.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Floats, Ints, Longs, Ragged, distinct
from shopkeeper.learners.counts import PairCounts, csr
from shopkeeper.learners.rows import WeightedRows, cells

_MORE_ALPHA, _MORE_BETA = 0.3, 0.15


class Fame:
    """What C is divided by.

    Parameters
    ----------
    row_sums, column_sums
        Of C, shape ``(n_items,)``, in units.
    pairs
        How many pairs were counted.
    unit
        What one unit is worth.
    alpha, beta
        How much the fame of the first and of the second item is divided out.
    """

    def __init__(
        self, row_sums: Longs, column_sums: Longs, pairs: int, unit: float, alpha: float, beta: float
    ) -> None:
        self.row_sums, self.column_sums, self.pairs = row_sums, column_sums, pairs
        row, column = row_sums * unit, column_sums * unit
        mean = np.float32(np.exp(_log_mean(row) * _MORE_ALPHA + _log_mean(column) * _MORE_BETA))
        self._row = _power(row, -alpha) * np.float32(unit), _power(row, -_MORE_ALPHA) * mean
        self._column = _power(column, -beta), _power(column, -_MORE_BETA)

    def factors(self, rows: Ints | Longs, columns: Ints) -> Floats:
        """W_ij / C_ij of these cells."""
        mild, more = (
            row[rows] * column[columns] for row, column in zip(self._row, self._column, strict=True)
        )
        return np.asarray(mild * (np.float32(1.0) + more), np.float32)

    def support(self, weights: sparse.csr_array, items: Ints) -> Floats:
        """How many average pairs stand behind each entry of rows of W."""
        units = weights.data / self.factors(np.repeat(items, np.diff(weights.indptr)), weights.indices)
        return np.asarray(units * (self.pairs / max(1, int(self.row_sums.sum()))), np.float32)

    def weigh(self, counts: sparse.csr_array, items: Longs, neighbours: int) -> sparse.csr_array:
        """W of the rows of these items, cut to the strongest followers of each."""
        weights = self.factors(np.repeat(items, np.diff(counts.indptr)), counts.indices)
        weights *= counts.data
        return _strongest(csr(weights, counts.indices, counts.indptr, counts.shape[1]), neighbours)


class Followers:
    """W of counts, made row by row as it is asked for, until it is asked for as a whole.

    Parameters
    ----------
    counts
        C.
    fame
        What it is divided by.
    neighbours
        Most followers of an item.
    """

    def __init__(self, counts: PairCounts, fame: Fame, neighbours: int) -> None:
        self._counts, self._fame, self._neighbours = counts, fame, neighbours
        self._rows: dict[int, sparse.csr_array] = {}

    def whole(self) -> sparse.csr_array:
        """W."""
        parts = [
            self._fame.weigh(part, np.arange(low, low + part.shape[0]), self._neighbours)
            for low, part in self._counts.parts()
        ]
        return joined(parts, self._counts.n_items)

    def rows(self, items: Ints) -> sparse.csr_array:
        """Rows of W of these items."""
        missing = np.array([item for item in items.tolist() if item not in self._rows], np.int64)
        if len(missing):
            found = self._fame.weigh(self._counts.rows(missing), missing, self._neighbours)
            self._rows.update((item, found[[row]]) for row, item in enumerate(missing.tolist()))
        return joined([self._rows[item] for item in items.tolist()], self._counts.n_items)

    def cells(self, items: Ints, columns: Ints) -> Floats:
        """See `learners.rows.cells`."""
        return cells(self.rows(items), np.arange(len(items), dtype=np.int32), columns)

    def sums(self, rows: Ragged, weights: Floats) -> tuple[Ragged, Floats]:
        """See `WeightedRows.sums`."""
        items = distinct(rows.items)
        asked = Ragged(rows.offsets, np.searchsorted(items, rows.items).astype(np.int32))
        return WeightedRows(self.rows(items)).sums(asked, weights)


def joined(parts: list[sparse.csr_array], n_items: int) -> sparse.csr_array:
    """Parts of W one below the other."""
    lengths = np.concatenate([np.diff(part.indptr) for part in parts] or [np.empty(0, np.int64)])
    data = np.concatenate([part.data for part in parts] or [np.empty(0)]).astype(np.float32)
    indices = np.concatenate([part.indices for part in parts] or [np.empty(0, np.int32)]).astype(np.int32)
    width = np.int32 if len(data) < 2**31 else np.int64
    return csr(data, indices, np.append(0, np.cumsum(lengths)).astype(width), n_items)


def _log_mean(sums: NDArray[np.floating[Any]]) -> float:
    """Mean logarithm of what is not 0."""
    some = sums[sums > 0]
    return float(np.log(some).mean()) if len(some) else 0.0


def _power(sums: NDArray[np.floating[Any]], exponent: float) -> Floats:
    return np.asarray(np.maximum(sums, 1e-12) ** exponent, np.float32)


def _strongest(matrix: sparse.csr_array, n: int) -> sparse.csr_array:
    """Keep the ``n`` largest entries of each row."""
    lengths = np.diff(matrix.indptr)
    if lengths.max(initial=0) <= n:
        return matrix
    keep = np.ones(len(matrix.data), bool)
    for row in np.flatnonzero(lengths > n).tolist():
        start, end = matrix.indptr[row], matrix.indptr[row + 1]
        cut = np.argpartition(matrix.data[start:end], end - start - n)[: end - start - n]
        keep[start + cut] = False
    indptr = np.append(0, np.cumsum(np.minimum(lengths, n))).astype(matrix.indptr.dtype)
    return csr(matrix.data[keep], matrix.indices[keep], indptr, matrix.shape[1])
