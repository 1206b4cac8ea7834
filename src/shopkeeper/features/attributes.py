"""What a shop tells of its items under names of its own, as numbers: colour, size, material, tags."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from scipy import sparse

from shopkeeper.core import columns as c
from shopkeeper.data.derived import DERIVED, VALUE, attributes_of


def attribute_rows(table: pl.DataFrame) -> sparse.csr_array:
    """Which values each item has, by how rare they are (Sparck Jones 1972): rows of length 1, or of zeros.

    A value that one item alone has, or all have, tells nothing of another. A derived value stands in for one
    that was not given.

    Parameters
    ----------
    table
        The catalogue; attributes are JSON objects.
    """
    texts = table[c.ATTRIBUTES].to_list() if c.ATTRIBUTES in table.columns else [None] * len(table)
    codes: dict[tuple[str, str], int] = {}
    indices, lengths = [], []
    for text in texts:
        row = {codes.setdefault(pair, len(codes)) for pair in _pairs(text)}
        indices += sorted(row)
        lengths.append(len(row))
    shape = len(table), len(codes)
    indptr = np.append(0, np.cumsum(lengths)).astype(np.int32)
    rows = sparse.csr_array(
        (np.ones(len(indices), np.float32), np.array(indices, np.int32), indptr), shape=shape
    )
    found_in = np.bincount(rows.indices, minlength=len(codes))
    rare = np.where(found_in > 1, np.log(max(1, len(table)) / np.maximum(found_in, 1)), 0.0)
    rows.data = rare.astype(np.float32)[rows.indices]
    rows.eliminate_zeros()
    size = np.sqrt(rows.multiply(rows).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1.0 / np.where(size > 0, size, 1.0)) @ rows)


def _pairs(text: str | None) -> Iterator[tuple[str, str]]:
    """Name and value of everything that is told; several of a list."""
    found = attributes_of(text)
    derived = found.get(DERIVED, {})
    told = {name: one.get(VALUE) for name, one in derived.items()} if isinstance(derived, dict) else {}
    told |= {name: value for name, value in found.items() if name != DERIVED and name not in c.RESERVED}
    for name, value in told.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str | int | float) and str(one).strip():
                yield name, str(one).strip().lower()
