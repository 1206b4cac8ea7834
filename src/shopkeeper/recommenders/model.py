"""A model: one catalogue and the recommenders fitted on it, which is trained, stored, promoted and served."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from shopkeeper.core.types import Bools, Ints, Recommendations
from shopkeeper.data.attributes import AttributeIndex
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.learners.queries import Adaptation
from shopkeeper.recommenders.base import KnowsRepeats, Recommender, Similar, hears_circles, reads_looks
from shopkeeper.recommenders.fresh import NOTHING_TRIED, Tried
from shopkeeper.recommenders.likeness import SOURCES, similar
from shopkeeper.recommenders.nearness import Nearness
from shopkeeper.recommenders.popular import Popular


@dataclass(frozen=True)
class Model:
    """Fitted recommenders over one catalogue.

    Attributes
    ----------
    version
        Name of the folder under ``models/``; empty before it is stored.
    items
        The catalogue at the time of training; item codes mean positions in it.
    default
        What answers unless a part is asked for by name: the blend. It also implements `Explains`.
    parts
        The single recommenders by name (``popular``, ``trending``, ``cooccurrence``, ``repeat`` ...).
    behind
        By how many milliseconds the log was behind the clock when the model was trained; 0 for a shop that
        is open. With it a log that ended years ago is served as of its end.
    attributes
        Codes of what is known of customers, as the recommenders learned them.
    tried
        What validation said of showing untouched items.
    adaptation
        How search reads queries and items, where clicks after searches taught it.
    near
        How alike items are, and how varied lists should be.
    """

    version: str
    items: ItemIndex
    default: Recommender
    parts: dict[str, Recommender]
    behind: int = 0
    attributes: AttributeIndex = field(default_factory=AttributeIndex)
    tried: Tried = NOTHING_TRIED
    adaptation: Adaptation | None = None
    near: Nearness = field(default_factory=Nearness)

    @cached_property
    def untouched(self) -> Bools:
        """Items nobody had touched when it was trained, shape ``(len(items),)``; none if it cannot say."""
        popular = self.parts.get(Popular.name)
        if not isinstance(popular, Popular):
            return np.zeros(len(self.items), bool)
        return np.asarray(popular.events(np.arange(len(self.items), dtype=np.int32)) == 0)

    @cached_property
    def repeatable(self) -> Bools:
        """Items people buy again, shape ``(len(items),)``; none where hardly anybody takes anything twice."""
        for part in self.parts.values():
            if isinstance(part, KnowsRepeats):
                return part.repeatable()
        return np.zeros(len(self.items), bool)

    @cached_property
    def hears_circles(self) -> bool:
        """Whether any part has a use for what the asker's circle likes."""
        return any(map(hears_circles, self.parts.values()))

    @cached_property
    def reads_looks(self) -> bool:
        """Whether the default has a use for what the asker was shown."""
        return reads_looks(self.default)

    def similar(self, items: Ints, k: int) -> Recommendations | None:
        """What goes with each item, see `likeness`; by one part alone, or None, where others are absent."""
        behaviour, content = (self.parts.get(name) for name in SOURCES)
        popular = self.parts.get(Popular.name)
        if isinstance(behaviour, Similar) and isinstance(content, Similar) and isinstance(popular, Popular):
            return similar(behaviour, content, popular.events(items), items, k)
        for part in (behaviour, *self.parts.values()):
            if isinstance(part, Similar):
                return part.similar(items, k)
        return None
