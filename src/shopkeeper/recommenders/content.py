"""What is like the items in the history, by what the catalogue says of them: also items nobody has touched.

    score_j = a_j / best a  +  v * l_j / best l

``a`` is the sum of `item_rows`, whose W holds the items most alike to each (`features.fields`), and some of
those nobody has touched beside them, however many better known ones are nearer: new goods are few, and have
no other way in. ``l`` is how near an item that has an ``a`` lies to one of the interests of the person
(`features.interests`), to the same power as likeness. Content-based recommendation: Pazzani and Billsus
(2007).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Bools, Floats, Ragged, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.features.fields import KINDS, MEANING, WORDS, Fields, Joined, joined
from shopkeeper.features.interests import InterestsConfig, interests, usual_likeness
from shopkeeper.learners.linear import stacked
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.item_rows import ItemRows

NO_VECTORS: Final = np.zeros((0, 0), np.float32)
"""Nothing reads the catalogue."""
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
    interests
        Weight of interests, ``v`` of the formula; without effect where nothing reads the catalogue.
    half_life_days
        Age at which a deed counts half for an interest.
    """

    words: float = 1.0
    kinds: float = 0.25
    meaning: float = 1.0
    sharpness: float = 3.0
    neighbours: int = 100
    untouched: int = 20
    recency: float = 0.8
    seen: float = 1.0
    interests: float = 0.0
    half_life_days: float = InterestsConfig().half_life_days

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
        self.vectors_, self.alike_ = NO_VECTORS, 1.0
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
        self.vectors_ = fields.dense.get(MEANING, NO_VECTORS).astype(np.float16).astype(np.float32)
        self.alike_ = usual_likeness(self.vectors_)
        return self._take(found, dataset.weights)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Everything that is like something in the history; see `Scores`."""
        found, scores = super().scored(requests)
        if not self.config.interests or not len(self.vectors_):
            return found, scores
        config = InterestsConfig(self.config.half_life_days, alike=self.alike_)
        liked = interests(requests.histories, requests.as_of, self.vectors_, self.weights_, config)
        near = liked.likeness(self.vectors_, found) ** np.float32(self.config.sharpness)
        near[scores <= 0] = 0.0
        both = shares(scores, found) + np.float32(self.config.interests) * shares(near, found)
        return found, both

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        # What is not asked is not kept; 16 bits are enough for a cosine.
        vectors = (self.vectors_ if self.config.interests else NO_VECTORS).astype(np.float16)
        settings = asdict(self.config) | {"alike": self.alike_}
        write_state(folder, settings, weights=self.weights_, vectors=vectors, **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        alike = float(settings.pop("alike", 1.0))
        model = cls(ContentConfig(**settings))._take(matrix_of(arrays), arrays["weights"])
        model.vectors_, model.alike_ = arrays.get("vectors", NO_VECTORS).astype(np.float32), alike
        return model


def shares(scores: Floats, lists: Ragged) -> Floats:
    """Scores as shares of the best of their row; aligned with ``lists.items``."""
    out = scores.copy()
    filled = np.flatnonzero(lists.lengths > 0)
    if len(filled):
        best = np.maximum.reduceat(scores, lists.offsets[filled])
        out /= np.repeat(np.where(best > 0, best, np.float32(1.0)), lists.lengths[filled])
    return out


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
