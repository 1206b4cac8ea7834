"""What the same people touched: item-item neighbours, read from the latest event of the history backwards.

W of `item_rows` holds the nearest items of each by one of three measures of who touched what
(`learners.similarity`), over weights that fall by half in each half-life before the end of the log.
Item-to-item collaborative filtering (Linden, Smith and York 2003; Deshpande and Karypis 2004); order is heard
in the history alone, not learned.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Self

from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.past import past_of
from shopkeeper.learners.similarity import Similarity, nearest_items
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.item_rows import ItemRows


@dataclass(frozen=True, slots=True)
class ItemNeighboursConfig:
    """How alike items are, and how a history is read.

    Attributes
    ----------
    similarity
        One of `learners.similarity`.
    half_life
        Days in which an event loses half its weight for what is learned; 0 where none ever does.
    shrinkage
        Meetings that two items need before half of what they say counts.
    neighbours
        Most items kept for each item.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    """

    similarity: Similarity = "log_likelihood"
    half_life: float = 0.0
    shrinkage: float = 1.0
    neighbours: int = 200
    recency: float = 0.8
    seen: float = 1.0


class ItemNeighbours(ItemRows):
    """What goes with the items in the history, by who touched both."""

    name: ClassVar[str] = "item_neighbours"
    config: ItemNeighboursConfig

    def __init__(self, config: ItemNeighboursConfig | None = None) -> None:
        self.config = config or ItemNeighboursConfig()
        self._take_nothing()

    def fit(self, dataset: Dataset) -> Self:
        """Find the nearest items of each, exactly."""
        config = self.config
        past = past_of(dataset, config.half_life)
        nearest = nearest_items(past, config.similarity, config.shrinkage, config.neighbours)
        return self._take(nearest, dataset.weights)

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), weights=self.weights_, **matrix_arrays(self.matrix_))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        return cls(ItemNeighboursConfig(**settings))._take(matrix_of(arrays), arrays["weights"])
