"""The homepage: shelves from the most personal to the least, nothing twice, categories in personal order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, Bools, Floats, Ints
from shopkeeper.recommenders.fresh import PLACE
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.composer import FEWEST, Composer
from shopkeeper.surfaces.fresh import Drawn, tried_in
from shopkeeper.surfaces.page import CategoryLink, Reason, Row
from shopkeeper.surfaces.reasons import new_in
from shopkeeper.surfaces.row_order import AS_GIVEN, RowOrder
from shopkeeper.surfaces.rules import NO_RULES
from shopkeeper.surfaces.slate import at_most_per_category, offered, showable
from shopkeeper.surfaces.visit import Ranked, Visit, unranked
from shopkeeper.surfaces.wish import Granted

NEW_DAYS = 60
"""How long an item counts as new."""
_ANCHORS = 2
"""Shelves that follow from a single item of the history."""
_GUEST_CATEGORIES = 5
_TOP_CATEGORIES = 3
_FEW_SHELVES = 4


def compose(
    visit: Visit, k: int, granted: Sequence[Granted] = (), drawn: Drawn | None = None
) -> tuple[Row, ...]:
    """The shelves of a person's homepage, ``k`` cards each at most.

    Parameters
    ----------
    visit
        Whom for.
    k
        Cards of a shelf.
    granted
        What they asked for; it comes first.
    drawn
        The untouched item to try.
    """
    return composed(visit, k, granted, drawn).rows


@dataclass(frozen=True, slots=True)
class Composed:
    """The shelves of a page, and what rules could not do or left out."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...] = ()


def composed(
    visit: Visit,
    k: int,
    granted: Sequence[Granted] = (),
    drawn: Drawn | None = None,
    order: RowOrder = AS_GIVEN,
) -> Composed:
    """`compose` with the shelves in an order that was learned, and what is to be told of the page.

    Rules that pin mean the first shelf as it is given; under them the order is not touched.
    """
    page = Composer(visit, k, drawn)
    for part in granted:
        page.put_wished(part)
    ruled, placed = visit.ruled, []
    order = AS_GIVEN if ruled.pins else order
    for shelf in _ordered(_KNOWN if visit.is_known else _GUEST, order):
        before = len(page.placed)
        shelf(page)
        if len(page.placed) > before:
            placed += [_LEARNED[shelf]] if shelf in _LEARNED else []
        elif shelf in _OWN:
            page.warnings += _emptied(page, shelf)
    chance = order.chance(placed)
    rows = page.said()
    if chance != 1:
        rows = [replace(row, placed=chance) for row in rows]
    return Composed(tuple(rows), (*ruled.conflicts, *ruled.warnings, *page.warnings))


def _ordered(shelves: Sequence["_Shelf"], order: RowOrder) -> list["_Shelf"]:
    """Shelves in their order; those that fill what others leave open stay behind."""
    learned = [shelf for shelf in shelves if shelf in _LEARNED]
    places = order.places([_LEARNED[shelf] for shelf in learned])
    return [learned[i] for i in places] + [shelf for shelf in shelves if shelf not in _LEARNED]


def _emptied(page: Composer, shelf: "_Shelf") -> list[str]:
    """What rules took from a shelf that would stand on the page without them."""
    ruled = page.visit.ruled
    if not ruled.bars and not ruled.caps:
        return []
    free = Composer(replace(page.visit, ruled=NO_RULES), page.k)
    shelf(free)
    return [
        f"{one.name}: left out, as the rules {', '.join(map(repr, names))} leave less than {FEWEST} items"
        for one in free.placed
        if (names := ruled.emptying(one.items))
    ]


def categories(visit: Visit) -> tuple[CategoryLink, ...]:
    """All categories with something to show: the person's own first by share, then the largest."""
    stock, shares = visit.stock, visit.tastes
    sizes = stock.category_sizes
    order = sorted(range(len(sizes)), key=lambda i: (-shares[i], -sizes[i], stock.categories[i]))
    return tuple(
        CategoryLink(stock.categories[i], int(sizes[i]), round(float(shares[i]), 4))
        for i in order
        if sizes[i]
    )


def by_title(visit: Visit, codes: Sequence[int]) -> Ranked:
    """Items no recommender ranks, in the order of their titles."""
    return unranked(sorted(codes, key=lambda code: (visit.stock.title(code), code)))


def _for_you(page: Composer) -> None:
    """The best of all; where that is mostly what the person always takes, in turn with the unmet."""
    visit = page.visit
    ranked = visit.ask(visit.default(), page.depth, allowed=offered(visit.stock), exclude=visit.cart)
    own = [item for item in ranked.items if item in visit.met]
    if len(set(own) & set(ranked.items[: page.k])) > page.k // 2:
        ranked = _in_turn(ranked.only(own), visit.unmet)
    ranked = visit.varied(ranked, 2 * page.k)
    place = PLACE - sum(slot <= PLACE for slot in page.pins)
    page.put("for_you", Reason("For you", "为您推荐"), tried_in(ranked, page.drawn, place))


def _in_turn(one: Ranked, other: Ranked) -> Ranked:
    """Two rankings of different items, an item of each at a time."""
    both = Ranked(one.items + other.items, one.scores + other.scores, one.sources + other.sources, one.by)
    pairs = zip_longest(one.items, other.items)
    return both.only([item for pair in pairs for item in pair if item is not None])


def _with_cart(page: Composer) -> None:
    visit = page.visit
    ranked = visit.going_with(visit.cart, page.depth, allowed=offered(visit.stock))
    page.put_because("with_cart", Reason("Goes with your cart", "与购物车搭配"), ranked, visit.cart)


def _buy_again(page: Composer) -> None:
    visit = page.visit
    ranked = visit.ask(visit.part("repeat"), page.depth, allowed=showable(visit.stock), exclude=visit.cart)
    bought = [item for item in ranked.items if item not in visit.only_looked_at]
    page.put("buy_again", Reason("Buy again", "再次购买"), ranked.only(bought))


def _because(page: Composer) -> None:
    """What goes with the last items, each of another category."""
    visit, before = page.visit, len(page.placed)
    for anchor in _anchors(visit):
        if len(page.placed) == before + _ANCHORS:
            return
        ranked = visit.going_with([anchor], page.depth, allowed=offered(visit.stock))
        page.put_because("because", visit.words.because(anchor), ranked, [anchor])


def _anchors(visit: Visit) -> list[int]:
    """Candidates for "because": the last items, one a finer category, a few more than there are shelves."""
    stock = visit.stock
    finer: dict[str, int] = {}
    for item in visit.last_items[:40]:
        if not stock.offered[item]:
            continue
        finer.setdefault(stock.texts[c.CATEGORY2][item] or stock.texts[c.CATEGORY][item] or str(item), item)
    return list(finer.values())[: 2 * _ANCHORS]


def _trending(page: Composer) -> None:
    visit = page.visit
    ranked = visit.ask(visit.part("trending"), page.depth, allowed=offered(visit.stock), exclude=visit.cart)
    page.put("trending", Reason("Trending now", "正在流行"), ranked)


def _new(page: Composer) -> None:
    """Recently created items in the favourite categories, or else items the person has not met yet."""
    favourites = _favourites(page.visit)
    if not favourites.any():
        return
    before = len(page.placed)
    _newly_created(page, favourites)
    if len(page.placed) == before:
        _not_met_yet(page, favourites)


def _newly_created(page: Composer, favourites: Bools) -> None:
    visit, stock = page.visit, page.visit.stock
    newest = _newest(stock, visit.tastes, favourites, visit.as_of - NEW_DAYS * DAY_MS)
    title = Reason("New in what you like", "您喜欢的品类上新")
    page.put_told("new", title, newest, lambda item: new_in(stock.texts[c.CATEGORY][item]))


def _newest(stock: Assortment, tastes: Floats, among: Bools, since: int) -> Iterator[int]:
    """What is younger than a moment in some categories, by taste for these, then the last created first."""
    for taste in np.unique(tastes[among])[::-1]:
        equal = np.flatnonzero(among & (tastes == taste)).tolist()
        codes = np.concatenate([_created_after(stock, category, since) for category in equal])
        if len(equal) > 1:
            codes = codes[np.lexsort((codes, -stock.created_at[codes]))]
        yield from map(int, codes)


def _created_after(stock: Assortment, category: int, since: int) -> Ints:
    """What is offered of a category and younger than a moment, the last created first."""
    codes, created = stock.newest[category]
    return codes[: np.searchsorted(created, -since)]


def _not_met_yet(page: Composer, favourites: Bools) -> None:
    title = Reason("New to you, in what you like", "您喜欢的品类里没试过的")
    page.put("new", title, _unmet_in(page, favourites, FEWEST))


def _explore(page: Composer) -> None:
    """Items not met yet in the categories the person spends least in, few of each."""
    ranked = _unmet_in(page, _strange(page.visit), 2 * page.k)
    some = ranked.only(at_most_per_category(page.visit.stock, ranked.items, 2))
    page.put("explore", Reason("Explore something different", "换换口味"), some)


def _unmet_in(page: Composer, categories: Bools, enough: int) -> Ranked:
    """Unmet items of some categories; asked for anew only if too few stand in the ranking of all."""
    visit, ranked = page.visit, page.visit.unmet
    inside = [
        item for item, here in zip(ranked.items, _within(visit, ranked, categories), strict=True) if here
    ]
    if sum(item not in page.taken for item in inside) >= enough:
        return ranked.only(inside)
    allowed = offered(visit.stock, categories=categories)
    return visit.ask(visit.default(), 4 * page.depth, allowed=allowed, exclude=sorted(visit.met))


def _within(visit: Visit, ranked: Ranked, categories: Bools) -> list[bool]:
    """Which items of a ranking are of some categories."""
    # The last entry is that of items without a category, whose number is -1.
    inside: list[bool] = np.append(categories, False)[visit.stock.category[ranked.items]].tolist()
    return inside


def _popular(page: Composer) -> None:
    visit = page.visit
    best = visit.part("popular") or visit.default()
    ranked = visit.ask(best, page.depth, allowed=offered(visit.stock), exclude=visit.cart)
    page.put("popular", Reason("Popular", "热销"), ranked)


def _popular_in(page: Composer) -> None:
    """The best of the largest categories, or their items by title before the first training."""
    visit, stock = page.visit, page.visit.stock
    largest = np.argsort(-stock.category_sizes, kind="stable")[:_GUEST_CATEGORIES]
    for category in largest.tolist():
        name = stock.categories[category]
        ranked = _best_of(visit, category, page.depth)
        page.put("popular_in", Reason(f"Popular in {name}", f"{name}热销"), ranked)


def _fill(page: Composer) -> None:
    """What everybody likes, where little is known of the person yet."""
    if page.shelves < _FEW_SHELVES:
        _popular(page)
        _popular_in(page)


def _shelf_by_shelf(page: Composer) -> None:
    """What can be shown without any model: the largest categories, by title."""
    if page.shelves:
        return
    stock = page.visit.stock
    for category in np.argsort(-stock.category_sizes, kind="stable")[:_GUEST_CATEGORIES].tolist():
        name = stock.categories[category]
        inside = np.flatnonzero(stock.offered & (stock.category == category))
        page.put("category", Reason(name, name), by_title(page.visit, inside.tolist()))
    if not page.shelves:
        page.put(
            "category",
            Reason("All products", "全部商品"),
            by_title(page.visit, np.flatnonzero(stock.offered).tolist()),
        )


def _best_of(visit: Visit, category: int, k: int) -> Ranked:
    only = np.arange(len(visit.stock.categories)) == category
    best = visit.part("popular") or visit.default()
    return visit.ask(best, k, allowed=offered(visit.stock, categories=only))


def _favourites(visit: Visit) -> Bools:
    """The categories the person spends most in."""
    top = np.argsort(-visit.tastes, kind="stable")[:_TOP_CATEGORIES]
    mask = np.zeros(len(visit.stock.categories), bool)
    mask[top[visit.tastes[top] > 0]] = True
    return mask


def _strange(visit: Visit) -> Bools:
    """The half of the categories the person spends least in, those never tried first of all."""
    order = np.argsort(visit.tastes, kind="stable")
    mask = np.zeros(len(order), bool)
    mask[order[: max(1, len(order) // 2)]] = True
    return mask


_Shelf = Callable[[Composer], None]
_KNOWN: tuple[_Shelf, ...] = (
    _for_you,
    _with_cart,
    _buy_again,
    _because,
    _trending,
    _new,
    _explore,
    _fill,
    _shelf_by_shelf,
)
_GUEST: tuple[_Shelf, ...] = (_with_cart, _popular, _trending, _popular_in, _shelf_by_shelf)
_LEARNED: dict[_Shelf, str] = {
    _for_you: "for_you",
    _with_cart: "with_cart",
    _buy_again: "buy_again",
    _because: "because",
    _popular: "popular",
    _trending: "trending",
    _popular_in: "popular_in",
    _new: "new",
    _explore: "explore",
}
"""Shelves whose order is learned, by their names in `row_order.ROWS`."""
_OWN: tuple[_Shelf, ...] = (_for_you, _with_cart, _buy_again, _because, _new, _explore, _trending)
"""Shelves whose absence is told where rules are the cause; the others fill what they leave open."""
