"""What happened in the shop, collected as columns while the simulation runs."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import EventType
from shopkeeper.data.synthetic.goods import Ints

_PER_ERRAND: Final = 20
_LEFT, _CHECKOUT, _PAID = 500, 600, 601
_SEARCHES, _LISTS, _WISHES = 0.3, 0.25, 0.06
CHINESE: Final = 1


class Journal:
    """Rows of seven whole numbers: session, order, type, item, quantity, campaign, detail.

    ``order`` is the place of the event within its session; ``detail`` is `CHINESE` where words are in
    Chinese. An item of a search or a list is the one that stands for its kind.
    """

    def __init__(self) -> None:
        self._rows: list[Ints] = []

    def rows(self) -> Ints:
        """All rows by session and order, shape ``(n, 7)``."""
        rows = np.concatenate(self._rows) if self._rows else np.empty((0, 7), np.int64)
        return rows[np.lexsort((rows[:, 1], rows[:, 0]))]

    def browsed(
        self, rng: np.random.Generator, session: Ints, viewed: Ints, chosen: Ints, chinese: NDArray[np.bool_]
    ) -> None:
        """Tell, for each errand, how it started, what was viewed, and what went into cart or wish list."""
        base = 10 + _PER_ERRAND * _rank(session)
        some = viewed[:, 0] >= 0
        way = rng.random(len(session))
        for taken, kind in (
            (way < _SEARCHES, EventType.search),
            ((way >= _SEARCHES) & (way < _SEARCHES + _LISTS), EventType.view_item_list),
        ):
            at = np.flatnonzero(taken & some)
            self._write(session[at], base[at], kind, viewed[at, 0], detail=chinese[at] * CHINESE)
        errand, place = np.nonzero(viewed >= 0)
        self._write(session[errand], base[errand] + 1 + place, EventType.view_item, viewed[errand, place])
        at = np.flatnonzero(chosen >= 0)
        self._write(session[at], base[at] + 9, EventType.add_to_cart, chosen[at])
        at = np.flatnonzero((chosen < 0) & some & (rng.random(len(session)) < _WISHES))
        self._write(session[at], base[at] + 9, EventType.add_to_wishlist, viewed[at, 0])

    def promoted(self, number: int, seen: Ints, caught: Ints) -> None:
        """Tell who saw a campaign, and who of them went for it."""
        self._write(seen, np.zeros_like(seen), EventType.view_promotion, campaign=number)
        took = np.intersect1d(seen, caught)
        self._write(took, np.ones_like(took), EventType.select_promotion, campaign=number)

    def left_out(self, session: Ints, item: Ints) -> None:
        """Tell what was taken out of the cart again."""
        self._write(session, np.full_like(session, _LEFT), EventType.remove_from_cart, item)

    def checked_out(self, session: Ints) -> None:
        """Tell which sessions went to the till."""
        self._write(session, np.full_like(session, _CHECKOUT), EventType.begin_checkout)

    def bought(self, session: Ints, item: Ints, quantity: Ints, campaign: Ints) -> None:
        """Tell what was paid for."""
        self._write(session, _PAID + _rank(session), EventType.purchase, item, quantity, campaign)

    def _write(
        self,
        session: Ints,
        order: Ints,
        kind: EventType,
        item: Ints | int = -1,
        quantity: Ints | int = 1,
        campaign: Ints | int = -1,
        detail: Ints | int = 0,
    ) -> None:
        rows = np.empty((len(session), 7), np.int64)
        for column, values in enumerate((session, order, int(kind), item, quantity, campaign, detail)):
            rows[:, column] = values
        self._rows.append(rows)


def _rank(session: Ints) -> Ints:
    """Position of each entry within its run of equal sessions."""
    starts = np.r_[True, session[1:] != session[:-1]][: len(session)]
    first = np.maximum.accumulate(np.where(starts, np.arange(len(session)), 0)) if len(session) else session
    return np.arange(len(session)) - first
