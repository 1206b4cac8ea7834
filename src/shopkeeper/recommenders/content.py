"""What is like the items in the history, by what the catalogue says of them: also items nobody has touched.

W of `item_rows` holds the items most alike to each (`features.fields`), and some of those nobody has touched
beside them, however many better known ones are nearer: new goods are few, and have no other way in.
Content-based recommendation: Pazzani and Billsus (2007).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from shopkeeper.core.types import Ints
from shopkeeper.data.dataset import Dataset
from shopkeeper.features.fields import ATTRIBUTES, KINDS, MEANING, PICTURE, WORDS, Fields, joined
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.item_rows import ItemRows
from shopkeeper.recommenders.nearest import Wanted, nearest


@dataclass(frozen=True, slots=True)
class ContentConfig:
    """How alike items are, and how a history is read.

    Attributes
    ----------
    words, kinds, attributes, meaning, picture
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
    attributes: float = 0.25
    meaning: float = 1.0
    picture: float = 0.25
    sharpness: float = 3.0
    neighbours: int = 100
    untouched: int = 20
    recency: float = 0.8
    seen: float = 1.0

    @property
    def weights(self) -> Mapping[str, float]:
        """Weights of the fields by name."""
        return {
            WORDS: self.words,
            KINDS: self.kinds,
            ATTRIBUTES: self.attributes,
            MEANING: self.meaning,
            PICTURE: self.picture,
        }


class Content(ItemRows):
    """What is like the items in the history.

    Attributes
    ----------
    recall_
        Share of the ten nearest items that was found; 1 where all pairs were compared.
    """

    name: ClassVar[str] = "content"
    config: ContentConfig
    recall_: float

    def __init__(self, config: ContentConfig | None = None) -> None:
        self.config, self.recall_ = config or ContentConfig(), 1.0
        self._take_nothing()

    def fit(self, dataset: Dataset) -> Self:
        """Find the items most alike to each; see `nearest`."""
        return self.fit_fields(dataset, Fields.of(dataset.items))

    def fit_fields(self, dataset: Dataset, fields: Fields, rows: Ints | None = None) -> Self:
        """Fit from fields that were read before; only items in ``rows`` are known then, where it is given."""
        config = self.config
        wanted = Wanted(config.neighbours, dataset.popularity == 0, config.untouched)
        found, self.recall_ = nearest(joined(fields, config.weights), wanted, rows)
        found.data **= np.float32(config.sharpness)
        return self._take(found, dataset.weights)

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        recall = np.array(self.recall_)
        write_state(
            folder, asdict(self.config), weights=self.weights_, recall=recall, **matrix_arrays(self.matrix_)
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(ContentConfig(**settings))
        model.recall_ = float(arrays.get("recall", 1.0))
        return model._take(matrix_of(arrays), arrays["weights"])
