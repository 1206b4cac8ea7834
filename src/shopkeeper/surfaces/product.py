"""Product and category pages, and the list of what goes with an item."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from shopkeeper.core import columns as c
from shopkeeper.core.types import Bools
from shopkeeper.recommenders.base import Explains
from shopkeeper.surfaces.composer import FEWEST
from shopkeeper.surfaces.homepage import by_title
from shopkeeper.surfaces.page import UNSAID, Card, Reason, Row
from shopkeeper.surfaces.reasons import goes_with, like
from shopkeeper.surfaces.rules import capped
from shopkeeper.surfaces.slate import Taken, arrange, offered, pick, showable
from shopkeeper.surfaces.visit import NOTHING, Ranked, Visit

_CONTENT: Final = "content"
"""Source of what is alike by the catalogue alone."""


def similar_cards(visit: Visit, item: int, k: int) -> tuple[Card, ...]:
    """At most ``k`` items that go with one item, best first; of the same category where too few are known."""
    allowed = visit.stock.in_stock[: visit.stock.known]
    together = visit.going_with([item], k, allowed=allowed)
    why = {True: like(visit.stock, item), False: goes_with(visit.stock, item)}
    sources = zip(together.items, together.sources, strict=True)
    reasons = {one: why[source == _CONTENT] for one, source in sources}
    along = capped(together.items, visit.ruled.caps)
    cards = visit.cards_because(together, along, reasons)
    more = _same_category(visit, item, max(k, FEWEST))
    free = [code for code in more.items if code not in along]
    return cards + visit.cards_because(more, capped(free, visit.ruled.caps, along)[: k - len(cards)])


def explained_card(visit: Visit, item: int) -> Card:
    """One item with the reason, source and evidence that speak for it before this very person."""
    best = visit.default()
    if item >= visit.stock.known or not isinstance(best, Explains):
        return visit.stock.card(item)
    why = best.explain(visit.request, np.array([item], np.int32))[0]
    return visit.stock.card(item, reason=visit.words.reason(item, why), source=why.source, evidence=why.items)


def product_rows(visit: Visit, item: int, k: int) -> tuple[Row | None, Row | None]:
    """Shelves of a product's page: of its own kind, and what people take along; nothing stands in both."""
    stock, taken = visit.stock, Taken(visit.stock, visit.ruled.barred)
    taken.add([item])
    alike = _same_category(visit, item, 4 * k)
    similar = _row("similar", "Similar products", "相似商品", visit, alike, taken, k, UNSAID)
    others = _others(visit, item)
    along = _behaved(visit.going_with([item], 8 * k, allowed=others))
    reason = goes_with(stock, item)
    bought = _row("bought_together", "Often bought together", "经常一起购买", visit, along, taken, k, reason)
    return similar, bought


def category_cards(visit: Visit, category: int, k: int) -> tuple[Card, ...]:
    """The first ``k`` products of one category: ranked for the person, then the rest by title."""
    stock = visit.stock
    only = np.arange(len(stock.categories)) == category
    ranked = visit.ask(visit.default(), 2 * k, allowed=showable(stock, categories=only))
    inside = np.flatnonzero(stock.showable & (stock.category == category))
    rest = by_title(visit, np.setdiff1d(inside, ranked.items).tolist())
    both = Ranked(ranked.items + rest.items, ranked.scores + rest.scores, ranked.sources + rest.sources, None)
    chosen = _loosely(visit, both.items, k)
    answered = set(ranked.items)
    known = [code for code in chosen if code in answered]
    other = [code for code in chosen if code not in answered]
    cards = dict(zip(known, visit.cards(ranked, known), strict=True))
    cards |= dict(zip(other, visit.cards_because(both, other), strict=True))
    return tuple(cards[code] for code in chosen)


def _loosely(visit: Visit, items: Sequence[int], k: int) -> list[int]:
    """Arranged as far as that goes; within one kind the rest may read alike and follows in order."""
    chosen = arrange(visit.stock, items, k)
    taken = Taken(visit.stock)
    taken.add(chosen)
    for code in items:
        if len(chosen) >= k:
            break
        if code not in taken:
            taken.add([code])
            chosen.append(code)
    return chosen


def _row(
    name: str, en: str, zh: str, visit: Visit, ranked: Ranked, taken: Taken, k: int, reason: Reason
) -> Row | None:
    chosen = pick(visit.stock, ranked.items, taken, k, visit.ruled.caps)
    if len(chosen) < FEWEST:
        return None
    taken.add(chosen)
    return Row(name, en, zh, visit.cards_because(ranked, chosen, dict.fromkeys(chosen, reason)))


def _same_category(visit: Visit, item: int, k: int) -> Ranked:
    """Items of the same finer category, or of the wider one where the finer has few."""
    for column in (c.CATEGORY2, c.CATEGORY3, c.CATEGORY):
        ranked = _sharing(visit, item, column, k)
        if len(ranked.items) >= FEWEST:
            return ranked
    return NOTHING


def _sharing(visit: Visit, item: int, column: str, k: int) -> Ranked:
    """Items with the same word in a column: those that go with the item first, then the popular ones."""
    stock = visit.stock
    word = stock.texts[column][item]
    if not word:
        return NOTHING
    inside = np.fromiter((text == word for text in stock.texts[column]), bool, len(stock))
    allowed = (inside & stock.showable)[: stock.known]
    close = visit.going_with([item], k, allowed=allowed)
    popular = visit.part("popular") or visit.default()
    known = visit.ask(popular, k, allowed=allowed, exclude=[item, *close.items])
    return Ranked(close.items + known.items, close.scores + known.scores, close.sources + known.sources)


def _behaved(ranked: Ranked) -> Ranked:
    """Those that people took along, not merely alike."""
    pairs = zip(ranked.items, ranked.sources, strict=True)
    return ranked.only([item for item, source in pairs if source != _CONTENT])


def _others(visit: Visit, item: int) -> Bools:
    """Everything that may stand beside an item, but itself."""
    allowed = offered(visit.stock).copy()
    if item < visit.stock.known:
        allowed[item] = False
    return allowed
