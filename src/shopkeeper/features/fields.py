"""What an item is, field by field: rows of length 1 whose products are cosines.

Fields are the words of its texts, its category on each level, its brand, its price band, the values of its
attributes, what an encoder makes of its title, and what encoders of pictures make of its picture. Two items
are as alike as

    s_ij = sum over fields f of w_f cos_f(i, j) / sqrt(W_i W_j),  W_i = sum of w_f over what is known of i

so that an item with a field missing is compared by the others. It is one cosine: of all fields side by side,
each times sqrt(w_f), at length 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Floats, Ints
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.encoders.base import unit
from shopkeeper.features.attributes import attribute_rows
from shopkeeper.features.content import BUCKETS, Content

Rows = NDArray[np.integer[Any]]
"""Codes of items, in whole numbers of any width."""
WORDS: Final = "words"
KINDS: Final = "kinds"
ATTRIBUTES: Final = "attributes"
MEANING: Final = "meaning"
ADAPTED: Final = "adapted"
PICTURE: Final = "picture"
_COMMON: Final = 0.1
"""Share of items above which a piece of a word tells nothing apart, in a catalogue of any size."""
_FEW: Final = 50


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields of all items.

    Attributes
    ----------
    sparse
        By name, items x width.
    dense
        The same for what has a number in every place.
    """

    sparse: Mapping[str, sparse.csr_array]
    dense: Mapping[str, Floats]

    @classmethod
    def of(cls, items: ItemIndex) -> "Fields":
        """Read the catalogue."""
        content = Content.of(items)
        kinds = {
            f"{KINDS}.{place}": _one_hot(column, content.n_kinds)
            for place, column in enumerate(content.kinds.T)
        }
        told = attribute_rows(items.table)
        attributes = {ATTRIBUTES: told} if told.nnz else {}
        dense = {} if items.vectors is None else {MEANING: items.vectors}
        pictures = {f"{PICTURE}.{place}": _centred(seen) for place, seen in enumerate(items.pictures)}
        return cls({WORDS: _words(content), **kinds, **attributes}, {**dense, **pictures})

    def beside(self, name: str, vectors: Floats) -> "Fields":
        """The same and one more field: unit rows, zeros where nothing is known."""
        return replace(self, dense={**self.dense, name: vectors})

    @property
    def names(self) -> frozenset[str]:
        """What is known of any item, by the names that have a weight."""
        return frozenset(name.partition(".")[0] for name in (*self.sparse, *self.dense))


@dataclass(frozen=True, slots=True)
class Joined:
    """All fields of items side by side: the product of two rows is how alike two items are.

    Attributes
    ----------
    sparse, dense
        Items x width.
    """

    sparse: sparse.csr_array
    dense: Floats

    def __len__(self) -> int:
        return len(self.dense)

    def block(self, rows: Rows) -> Floats:
        """How alike these items are to all, ``(len(rows), n_items)``."""
        alike = sparse.csr_array(self.sparse[rows] @ self.sparse.T).toarray()
        return np.asarray(alike + self.dense[rows] @ self.dense.T, np.float32)

    def alike(self, item: int, others: Rows) -> Floats:
        """How alike one item is to others, ``(len(others),)``."""
        own = self.sparse[[item]].toarray()[0]
        return np.asarray(self.sparse[others] @ own + self.dense[others] @ self.dense[item], np.float32)


def joined(fields: Fields, weights: Mapping[str, float]) -> Joined:
    """Fields under their weights; see the module.

    Parameters
    ----------
    fields
        Of all items.
    weights
        By name; that of `KINDS` counts for each of its columns, that of `PICTURE` for each of its encoders; 0
        where absent.
    """
    weight = {name: weights.get(name.partition(".")[0], 0.0) for name in (*fields.sparse, *fields.dense)}
    n = len(next(iter(fields.sparse.values())).indptr) - 1
    known = np.zeros(n, np.float32)
    for name, rows in fields.sparse.items():
        known += weight[name] * (np.diff(rows.indptr) > 0)
    for name, dense in fields.dense.items():
        known += weight[name] * np.abs(dense).any(axis=1)
    scale = (1.0 / np.sqrt(np.where(known > 0, known, 1.0))).astype(np.float32)
    wide = sparse.hstack([rows * np.float32(np.sqrt(weight[name])) for name, rows in fields.sparse.items()])
    parts = [
        np.float32(np.sqrt(weight[name])) * dense for name, dense in fields.dense.items() if weight[name]
    ]
    flat = np.hstack([np.zeros((n, 0), np.float32), *parts])
    return Joined(sparse.csr_array(sparse.diags_array(scale) @ wide), flat * scale[:, None])


def _centred(vectors: Floats) -> Floats:
    """Rows around their mean at length 1: what all pictures have in common tells none apart."""
    seen = np.asarray(vectors.any(axis=1))
    if not seen.any():
        return vectors
    moved = np.where(seen[:, None], vectors - vectors[seen].mean(axis=0), np.float32(0.0))
    return unit(np.asarray(moved, np.float32))


def _one_hot(codes: Ints, width: int) -> sparse.csr_array:
    known = codes > 0
    indptr = np.append(0, np.cumsum(known)).astype(np.int32)
    return sparse.csr_array(
        (np.ones(int(known.sum()), np.float32), codes[known], indptr), shape=(len(codes), width)
    )


def _words(content: Content) -> sparse.csr_array:
    """Pieces of words by how rare they are (Sparck Jones 1972), rows of length 1."""
    grams = content.grams
    rows = sparse.csr_array(
        (np.ones(len(grams.items), np.float32), grams.items, grams.offsets.astype(np.int32)),
        shape=(len(grams), BUCKETS),
    )
    rows.sum_duplicates()
    found_in = np.bincount(rows.indices, minlength=BUCKETS)
    rare = np.log(max(1, len(grams)) / np.maximum(found_in, 1)).astype(np.float32)
    rare[found_in > max(_FEW, _COMMON * len(grams))] = 0.0
    rows.data = np.asarray((1.0 + np.log(rows.data)) * rare[rows.indices], np.float32)
    rows.eliminate_zeros()
    lengths = np.sqrt(rows.multiply(rows).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1.0 / np.where(lengths > 0, lengths, 1.0)) @ rows)
