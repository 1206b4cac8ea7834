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

from shopkeeper.data.dataset import Dataset
from shopkeeper.features.fields import (
    ADAPTED,
    ATTRIBUTES,
    KINDS,
    MEANING,
    PICTURE,
    WORDS,
    Fields,
    Rows,
    joined,
)
from shopkeeper.learners.contrastive import Projection, learn_projection, taken_together
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.item_rows import ItemRows
from shopkeeper.recommenders.nearest import Wanted, nearest


@dataclass(frozen=True, slots=True)
class ContentConfig:
    """How alike items are, and how a history is read.

    Attributes
    ----------
    words, kinds, attributes, meaning, adapted, picture
        Weights of the fields; ``adapted`` is the meaning as this shop's customers see it, see `adaptation`.
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
    adapted: float = 0.0
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
            ADAPTED: self.adapted,
            PICTURE: self.picture,
        }


class Content(ItemRows):
    """What is like the items in the history.

    Attributes
    ----------
    recall_
        Share of the ten nearest items that was found; 1 where all pairs were compared.
    projection_
        What adapts vectors of the encoder to the shop; None where that has no weight.
    """

    name: ClassVar[str] = "content"
    config: ContentConfig
    recall_: float
    projection_: Projection | None

    def __init__(self, config: ContentConfig | None = None) -> None:
        self.config, self.recall_, self.projection_ = config or ContentConfig(), 1.0, None
        self._take_nothing()

    def fit(self, dataset: Dataset) -> Self:
        """Find the items most alike to each; see `nearest`."""
        fields = Fields.of(dataset.items)
        return self.fit_fields(dataset, fields, adaptation(dataset, fields) if self.config.adapted else None)

    def fit_fields(
        self, dataset: Dataset, fields: Fields, projection: Projection | None, rows: Rows | None = None
    ) -> Self:
        """Fit from what was read and learned before.

        Parameters
        ----------
        dataset, fields
            What people did, and what the catalogue says.
        projection
            What `adaptation` learned of both; needed where ``adapted`` has a weight.
        rows
            Items whose neighbours are looked for, in rising order; None for all.
        """
        config = self.config
        self.projection_ = projection if config.adapted else None
        if self.projection_ is not None:
            fields = fields.beside(ADAPTED, self.projection_.of(fields.dense[MEANING]))
        wanted = Wanted(config.neighbours, dataset.popularity == 0, config.untouched)
        found, self.recall_ = nearest(joined(fields, config.weights), wanted, rows)
        found.data **= np.float32(config.sharpness)
        return self._take(found, dataset.weights)

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        arrays = {"weights": self.weights_, "recall": np.array(self.recall_)}
        if self.projection_ is not None:
            arrays["projection"] = self.projection_.matrix
        write_state(folder, asdict(self.config), **arrays, **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(ContentConfig(**settings))
        model.recall_ = float(arrays.get("recall", 1.0))
        model.projection_ = Projection(arrays["projection"]) if "projection" in arrays else None
        return model._take(matrix_of(arrays), arrays["weights"])


def adaptation(dataset: Dataset, fields: Fields) -> Projection | None:
    """What people took together teaches how near meanings are in this shop; None where nothing is read."""
    if MEANING not in fields.dense:
        return None
    vectors = fields.dense[MEANING]
    return learn_projection(vectors, vectors, taken_together(dataset))
