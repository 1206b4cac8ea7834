"""What people were shown and what they took of it, by the codes of a dataset."""

from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np

from shopkeeper.core.types import Bools, Ints, Longs, Ragged, ragged_positions

ROWS, SLOTS = 8, 12
"""Rows of a page, and slots of a row, that are told apart; what stands further on counts as the last."""
PLACES: Final = ROWS * SLOTS
"""A place is ``row * SLOTS + slot``."""


@dataclass(frozen=True, slots=True)
class Showings:
    """Answers of the decision log, by rising time.

    Attributes
    ----------
    person
        Shape ``(n,)``: code of who it was shown to, -1 for nobody known.
    time
        Shape ``(n,)``: epoch milliseconds.
    items
        Distinct items of each answer, by rising code.
    place
        Beside ``items.items``: number of the place on the page, 0 for the first; see `PLACES`.
    taken
        Beside ``items.items``: whether the item was clicked, put into the cart or bought from there.
    own
        Shape ``(n,)``: whether the order was that of the person's own list; beside a product it is not.
    """

    person: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    time: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    items: Ragged = field(default_factory=lambda: Ragged.empty(0))
    place: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    taken: Bools = field(default_factory=lambda: np.empty(0, bool))
    own: Bools = field(default_factory=lambda: np.empty(0, bool))

    def __len__(self) -> int:
        return len(self.person)

    def between(self, start: int, end: int) -> Self:
        """Those of ``start <= time < end``."""
        first, last = np.searchsorted(self.time, [start, end]).tolist()
        return self.part(first, last)

    def part(self, first: int, last: int) -> Self:
        """Answers ``first`` to ``last``, the latter not included."""
        low, high = self.items.offsets[[first, last]].tolist()
        items = Ragged(self.items.offsets[first : last + 1] - low, self.items.items[low:high])
        return type(self)(
            self.person[first:last],
            self.time[first:last],
            items,
            self.place[low:high],
            self.taken[low:high],
            self.own[first:last],
        )

    def where(self, answers: Bools) -> Self:
        """Some of the answers."""
        entries, offsets = ragged_positions(self.items.offsets, np.flatnonzero(answers))
        items = Ragged(offsets, self.items.items[entries])
        place, taken = self.place[entries], self.taken[entries]
        return type(self)(self.person[answers], self.time[answers], items, place, taken, self.own[answers])
