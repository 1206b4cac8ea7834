"""What is like the items in the history, by what the catalogue says of them: also items nobody has touched.

W of `item_rows` holds the items most alike to each (`features.fields`), and some of those nobody has touched
beside them, however many better known ones are nearer: new goods are few, and have no other way in.
Content-based recommendation: Pazzani and Billsus (2007).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Bools, Floats
from shopkeeper.data.dataset import Dataset
from shopkeeper.features.fields import KINDS, MEANING, WORDS, Fields, Joined, joined
from shopkeeper.learners.linear import stacked
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.item_rows import ItemRows

_CELLS: Final = 1 << 22
"""Pairs of items looked at at once."""


@dataclass(frozen=True, slots=True)
class ContentConfig:
    """How alike items are, and how a history is read.

    Attributes
    ----------
    words, kinds, meaning
        Weights of the fields.
    sharpness
        Power to which likeness is raised: what is hardly alike should not add up to much.
    neighbours
        Most items kept for each.
    untouched
        Items nobody has touched that are kept beside them.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    """

    words: float = 1.0
    kinds: float = 0.25
    meaning: float = 1.0
    sharpness: float = 3.0
    neighbours: int = 100
    untouched: int = 20
    recency: float = 0.8
    seen: float = 1.0

    @property
    def weights(self) -> Mapping[str, float]:
        """Weights of the fields by name."""
        return {WORDS: self.words, KINDS: self.kinds, MEANING: self.meaning}


class Content(ItemRows):
    """What is like the items in the history."""

    name: ClassVar[str] = "content"
    config: ContentConfig

    def __init__(self, config: ContentConfig | None = None) -> None:
        self.config = config or ContentConfig()
        self._take_nothing()

    def fit(self, dataset: Dataset) -> Self:
        """Find the items most alike to each, exactly."""
        return self.fit_fields(dataset, Fields.of(dataset.items))

    def fit_fields(self, dataset: Dataset, fields: Fields) -> Self:
        """Fit from fields that were read before."""
        config = self.config
        found = nearest(
            joined(fields, config.weights), config.neighbours, dataset.popularity == 0, config.untouched
        )
        found.data **= np.float32(config.sharpness)
        return self._take(found, dataset.weights)

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), weights=self.weights_, **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        return cls(ContentConfig(**settings))._take(matrix_of(arrays), arrays["weights"])


def nearest(items: Joined, keep: int, apart: Bools, keep_apart: int) -> sparse.csr_array:
    """The items most alike to each, items x items, without itself and without what is not alike at all.

    Parameters
    ----------
    items
        What is compared.
    keep
        Most neighbours of an item.
    apart
        Shape ``(n_items,)``: items of which ``keep_apart`` are kept beside those.
    keep_apart
        How many of them.
    """
    n, step = len(apart), max(1, _CELLS // max(1, len(apart)))
    among, parts = np.flatnonzero(apart), []
    for low in range(0, n, step):
        alike = items.block(low, min(low + step, n))
        np.fill_diagonal(alike[:, low:], 0.0)
        kept = _largest(alike, keep)
        if len(among):
            rows, places = np.nonzero(_largest(alike[:, among], keep_apart))
            kept[rows, among[places]] = True
        kept &= alike > 0
        rows, columns = np.nonzero(kept)
        indptr = np.searchsorted(rows, np.arange(len(alike) + 1)).astype(np.int32)
        shape = (len(alike), n)
        parts.append(sparse.csr_array((alike[rows, columns], columns.astype(np.int32), indptr), shape=shape))
    found = stacked(parts, n)
    narrow = found.indices.astype(np.int32), found.indptr.astype(np.int32)
    return sparse.csr_array((found.data.astype(np.float32), *narrow), shape=found.shape)


def _largest(values: Floats, n: int) -> Bools:
    """The ``n`` largest of each row; some more where they are equal."""
    if n >= values.shape[1]:
        return np.ones(values.shape, bool)
    return np.asarray(values >= np.partition(values, -n, axis=1)[:, -n][:, None])
