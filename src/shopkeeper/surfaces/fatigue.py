"""What was shown to somebody again and again, and never taken up, sinks.

    factor_j = 1 / (1 + s * sum over showings i of 2 ** (-age_i / h))

Counted are showings of item j to this person since they last did anything with it, at most one in each half
hour, that of the present half hour not yet: a page does not change while it is looked at. ``age_i`` is the
time since that half hour, ``h`` the half-life, ``s`` the strength. The ranking is multiplied by it as far as
it is looked at, so that an item sinks to the end of the first hundred at most. A discount by the number of
impressions and the time since the last one: Lee, Lakshmanan, Tiwari and Shah (2014), "Modeling impression
discounting in large-scale recommender systems".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import DAY_MS, Floats, Histories, Ints, Longs, Recommendations
from shopkeeper.data.looks import HALF_HOUR
from shopkeeper.surfaces.favour import reordered

_HALF_HOURS: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Tired:
    """Items that sink: codes in rising order, and what their scores are multiplied by."""

    items: Ints
    factors: Floats

    def of(self, items: Ints) -> Floats:
        """Factor of each of some items."""
        out = np.ones(len(items), np.float32)
        if len(self.items):
            place = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
            found = self.items[place] == items
            out[found] = self.factors[place[found]]
        return out

    def sink(self, found: Recommendations, k: int) -> Recommendations:
        """The best ``k`` of an answer to one request by score times factor."""
        return reordered(found, found.scores * self.of(found.items), k)


@dataclass(frozen=True, slots=True)
class Fatigue:
    """What one person was shown.

    Attributes
    ----------
    showings
        Item code and half hour since 1970 in one number, ``code << 32 | half hour``, rising.
    strength, days
        Strength and half-life of the module's formula.
    """

    showings: Longs
    strength: float
    days: float

    def tired(self, histories: Histories, as_of: int) -> Tired | None:
        """What sinks for the person with this history, a batch of one; None for nothing."""
        items, half_hours = self.showings >> 32, self.showings & _HALF_HOURS
        counted = half_hours < as_of // HALF_HOUR
        if len(histories.summary_items) and counted.any():
            place = np.searchsorted(histories.summary_items, items)
            place = np.minimum(place, len(histories.summary_items) - 1)
            touched = histories.summary_items[place] == items
            counted &= ~touched | (half_hours > histories.summary_last[place] // HALF_HOUR)
        if not self.strength or not counted.any():
            return None
        age = as_of - (half_hours[counted] + 1) * HALF_HOUR
        weights = np.exp2(-np.maximum(age, 0) / (self.days * DAY_MS))
        shown = items[counted]
        starts = np.flatnonzero(np.append(True, shown[1:] != shown[:-1]))
        total = np.add.reduceat(weights, starts)
        factors = (1.0 / (1.0 + self.strength * total)).astype(np.float32)
        return Tired(shown[starts].astype(np.int32), factors)
