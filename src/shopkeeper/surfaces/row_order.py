"""In which order the rows of a homepage stand: drawn from a few that may be best, so that chances are known.

Thompson sampling shows each order as often as it is believed to be the best. Its chances have no closed form;
so a fixed number of worlds is drawn beforehand, each says what rows are worth, and a page takes one of them,
all equally likely. The chance of an order is then the share of worlds that agree on it, exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import Doubles

ROWS: Final = (
    "for_you",
    "with_cart",
    "buy_again",
    "because",
    "popular",
    "trending",
    "popular_in",
    "new",
    "explore",
)
"""Rows whose order is learned, in the order that holds before anything is known."""


@dataclass(frozen=True, slots=True)
class RowOrder:
    """The order of the rows of one page.

    Attributes
    ----------
    worth
        What each of `ROWS` is worth in the world that was drawn; None keeps the order that is given.
    worlds
        Shape ``(n, len(ROWS))``: the worlds it was drawn from; None where ``worth`` is.
    """

    worth: Doubles | None = None
    worlds: Doubles | None = None

    def places(self, names: Sequence[str]) -> list[int]:
        """Positions of some rows, the best first; rows of one worth stay as they are given."""
        return list(range(len(names))) if self.worth is None else _order(self.worth, names)

    def chance(self, names: Sequence[str]) -> float:
        """With which chance these rows came to stand in the order they are given in."""
        if self.worlds is None:
            return 1.0
        kept = [ROWS.index(name) for name in dict.fromkeys(names) if name in ROWS]
        values = self.worlds[:, kept]
        return float((values[:, :-1] >= values[:, 1:]).all(1).mean())


AS_GIVEN: Final = RowOrder()
"""Before anything is known."""


def draw_order(worlds: Doubles, rng: np.random.Generator) -> RowOrder:
    """The order of one page; as given where there are no worlds.

    Parameters
    ----------
    worlds
        Shape ``(n, len(ROWS))``: what rows may be worth.
    rng
        Decides; the same for the same page.
    """
    return RowOrder(worlds[int(rng.integers(len(worlds)))], worlds) if len(worlds) else AS_GIVEN


def _order(worth: Doubles, names: Sequence[str]) -> list[int]:
    return sorted(range(len(names)), key=lambda i: -worth[ROWS.index(names[i])])
