"""From a ranked list to what is put on a shelf: eligible, not yet on the page, and told apart."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from shopkeeper.core.types import Bools
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.rules import Cap, capped


class Taken:
    """What a page shows already, so that nothing stands on it twice: neither an item nor a title."""

    def __init__(self, stock: Assortment, closed: Bools | None = None) -> None:
        """``closed`` items, shape ``(n,)``, must not be shown; others that read alike may be."""
        self._stock = stock
        self._closed = closed
        self._items: set[int] = set()
        self._looks: set[int] = set()

    def __contains__(self, code: int) -> bool:
        if self._closed is not None and self._closed[code]:
            return True
        return code in self._items or int(self._stock.look[code]) in self._looks

    def add(self, codes: Iterable[int]) -> None:
        """Mark items as shown."""
        for code in codes:
            self._items.add(code)
            look = int(self._stock.look[code])
            if look >= 0:
                self._looks.add(look)


def alike(stock: Assortment, one: int, other: int) -> bool:
    """Whether two cards side by side read alike: same title, or same finest category and brand."""
    same_look = stock.look[one] == stock.look[other] and stock.look[one] >= 0
    return bool(same_look or (stock.kin[one] == stock.kin[other] and stock.kin[one] >= 0))


def arrange(stock: Assortment, ranked: Iterable[int], k: int) -> list[int]:
    """The first ``k`` of a ranking such that no two neighbours read alike and no title occurs twice.

    A card that reads like the one before it waits until another has stood between. Where only such cards
    are left, the list ends. No more of the ranking is looked at than it takes.
    """
    coming, waiting = _distinct(stock, ranked), list[int]()
    chosen: list[int] = []
    while len(chosen) < k:
        code = _next(stock, chosen[-1], waiting, coming) if chosen else next(coming, None)
        if code is None:
            break
        chosen.append(code)
    return chosen


def _next(stock: Assortment, last: int, waiting: list[int], coming: Iterator[int]) -> int | None:
    """The first card that does not read like the last, of those that wait and then of those to come."""
    for place, code in enumerate(waiting):
        if not alike(stock, last, code):
            return waiting.pop(place)
    for code in coming:
        if not alike(stock, last, code):
            return code
        waiting.append(code)
    return None


def pick(
    stock: Assortment,
    ranked: Iterable[int],
    taken: Taken,
    k: int,
    caps: Sequence[Cap] = (),
    held: Sequence[int] = (),
) -> list[int]:
    """Fill one shelf of a page with at most ``k`` of a ranking: showable, not on the page yet, arranged.

    Items ``held`` stand on the shelf already, and count where ``caps`` bound it.
    """
    free = (code for code in ranked if stock.showable[code] and code not in taken)
    return arrange(stock, capped(free, caps, held) if caps else free, k)


def at_most_per_category(stock: Assortment, ranked: Sequence[int], most: int) -> list[int]:
    """The ranking with at most ``most`` items of any one category; items without category all stay."""
    seen = np.zeros(len(stock.categories), np.int64)
    kept = []
    for code in ranked:
        category = stock.category[code]
        if category >= 0:
            if seen[category] >= most:
                continue
            seen[category] += 1
        kept.append(code)
    return kept


def eligible(stock: Assortment, *, category: int | None = None) -> Bools:
    """Items that may be answered, shape ``(stock.known,)``: the mask pushed down into retrieval."""
    mask = stock.in_stock if category is None else stock.in_stock & (stock.category == category)
    return mask[: stock.known]


def showable(stock: Assortment, *, categories: Bools | None = None) -> Bools:
    """Items that may stand on a page, shape ``(stock.known,)``, only in some categories if given."""
    return _inside(stock, stock.showable, categories)


def offered(stock: Assortment, *, categories: Bools | None = None) -> Bools:
    """Items that may be shown unasked, shape ``(stock.known,)``: `showable` less what is reserved."""
    return _inside(stock, stock.offered, categories)


def _inside(stock: Assortment, items: Bools, categories: Bools | None) -> Bools:
    if categories is None:
        return items[: stock.known]
    # The last entry is that of items without a category, whose number is -1.
    inside: Bools = np.append(categories, False)[stock.category[: stock.known]]
    return items[: stock.known] & inside


def _distinct(stock: Assortment, ranked: Iterable[int]) -> Iterator[int]:
    taken = Taken(stock)
    for code in ranked:
        if code not in taken:
            taken.add([code])
            yield code
