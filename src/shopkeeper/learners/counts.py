"""A large table of whole numbers, items x items, that takes small changes quickly."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Ints, Longs


@dataclass(frozen=True)
class PairCounts:
    """Counts of pairs of items; never written into: a change makes a new one that shares what stayed.

    Attributes
    ----------
    blocks
        Rows in order, some in each block; values of the narrowest type that holds a block, columns rising.
    changes
        What came and went since the blocks were made, as numbers to add; None where nothing did.
    row_sums, column_sums
        Shape ``(n_items,)``, of blocks and changes together.
    pairs
        How many pairs were counted.
    """

    blocks: tuple[sparse.csr_array, ...]
    changes: sparse.csr_array | None
    row_sums: Longs
    column_sums: Longs
    pairs: int

    @classmethod
    def of(cls, blocks: Iterable[sparse.csr_array], n_items: int, pairs: int) -> Self:
        """Blocks that are the whole table."""
        kept, row_sums, column_sums = [], [np.empty(0, np.int64)], np.zeros(n_items, np.int64)
        for block in blocks:
            kept.append(block)
            row_sums.append(np.asarray(block.sum(axis=1, dtype=np.int64)).ravel())
            # Whole numbers below 2 ^ 53 are exact in float64.
            column_sums += np.bincount(block.indices, block.data, minlength=n_items).astype(np.int64)
        return cls(tuple(kept), None, np.concatenate(row_sums), column_sums, pairs)

    @property
    def n_items(self) -> int:
        """Rows, and columns."""
        return len(self.column_sums)

    def changed(self, by: "PairCounts", sign: int) -> Self:
        """Add ``sign`` times another table, in time linear in the other one and in the items."""
        step = _joined([part for _, part in by.parts()], self.n_items) * sign
        changes = step if self.changes is None else sparse.csr_array(self.changes + step)
        changes.eliminate_zeros()
        return replace(
            self,
            changes=changes if changes.nnz else None,
            row_sums=self.row_sums + sign * by.row_sums,
            column_sums=self.column_sums + sign * by.column_sums,
            pairs=self.pairs + sign * by.pairs,
        )

    def parts(self) -> Iterator[tuple[int, sparse.csr_array]]:
        """The whole table, some rows at a time: the first row of each part, and the part."""
        low = 0
        for block in self.blocks:
            high = low + block.shape[0]
            changes = None if self.changes is None else self.changes[low:high]
            yield low, block if changes is None or not changes.nnz else _plus(block, changes)
            low = high

    def rows(self, items: Ints | Longs) -> sparse.csr_array:
        """Rows of these items."""
        ends = np.cumsum([block.shape[0] for block in self.blocks], dtype=np.int64)
        which = np.searchsorted(ends, items, "right").tolist()
        found = [
            self.blocks[block][[item - ends[block - 1] if block else item]]
            for block, item in zip(which, items.tolist(), strict=True)
        ]
        rows = _joined(found, self.n_items)
        return rows if self.changes is None else _plus(rows, self.changes[items])

    def settled(self) -> Self:
        """The same with the changes worked into the blocks."""
        return replace(self, blocks=tuple(part for _, part in self.parts()), changes=None)

    def mirrored(self, symmetry: float) -> Self:
        """The table and ``symmetry`` times its mirror image, rounded to whole numbers."""
        forward = _joined([part for _, part in self.parts()], self.n_items)
        back = sparse.csr_array(forward.T)
        back.data = np.rint(back.data * symmetry).astype(np.int64)
        return self.of([_plus(forward, back)], self.n_items, self.pairs * (2 if symmetry else 1))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as named arrays, for a file."""
        settled = self.settled()
        found: dict[str, NDArray[Any]] = {"shape": np.array([len(settled.blocks), self.n_items, self.pairs])}
        for place, block in enumerate(settled.blocks):
            found |= {f"{name}{place}": getattr(block, name) for name in ("data", "indices", "indptr")}
        return found

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Self:
        """Put together what `arrays` took apart."""
        n_blocks, n_items, pairs = arrays["shape"].tolist()
        blocks = (
            csr(arrays[f"data{place}"], arrays[f"indices{place}"], arrays[f"indptr{place}"], n_items)
            for place in range(n_blocks)
        )
        return cls.of(blocks, n_items, pairs)


def csr(data: NDArray[Any], indices: Ints, indptr: NDArray[Any], n_items: int) -> sparse.csr_array:
    """Rows over the catalogue, one entry a column, columns rising."""
    matrix = sparse.csr_array((data, indices, indptr), shape=(len(indptr) - 1, n_items))
    matrix.has_canonical_format = True
    return matrix


def narrow(values: NDArray[Any]) -> NDArray[Any]:
    """The same whole numbers, none below 0, in the narrowest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def _plus(one: sparse.csr_array, other: sparse.csr_array) -> sparse.csr_array:
    """Sum of two tables, without what became 0."""
    both = sparse.csr_array(one.astype(np.int64) + other)
    both.eliminate_zeros()
    return csr(narrow(both.data), both.indices, both.indptr, both.shape[1])


def _joined(parts: list[sparse.csr_array], n_items: int) -> sparse.csr_array:
    """Parts one below the other, int64."""
    lengths = [np.diff(part.indptr) for part in parts] or [np.zeros(0, np.int64)]
    indptr = np.append(0, np.cumsum(np.concatenate(lengths), dtype=np.int64))
    data = np.concatenate([part.data for part in parts] or [np.empty(0)]).astype(np.int64)
    indices = np.concatenate([part.indices for part in parts] or [np.empty(0, np.int32)])
    return csr(data, indices, indptr, n_items)
