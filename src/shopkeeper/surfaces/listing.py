"""The list a call asks for: what is wished first, then the best, shaped by rules.

Where rules leave too little of it, what else they allow fills it: the best of all, then what everybody likes,
then the catalogue by title. They hold for that too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from shopkeeper.core.types import Bools
from shopkeeper.recommenders.base import Ranks
from shopkeeper.recommenders.fresh import PLACE
from shopkeeper.surfaces.favour import DEEP
from shopkeeper.surfaces.fresh import Drawn, draw, tried_in
from shopkeeper.surfaces.homepage import by_title
from shopkeeper.surfaces.page import Card
from shopkeeper.surfaces.rules import NO_RULES, PINNED, capped, full_groups, inserted
from shopkeeper.surfaces.visit import Ranked, Visit
from shopkeeper.surfaces.wish import Granted, together

FOR_YOU: Final = "for_you"
"""The list that is the person's own: wishes, pins and tried items have their place in it."""
_BY_TITLE: Final = 1_000
"""Items looked at where nothing but the catalogue is left to fill a list."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for.

    Attributes
    ----------
    surface
        Name of the list.
    part
        What ranks it; None where the model has no such part.
    k
        Its length.
    allowed
        Shape ``(stock.known,)``: what may be answered, rules aside.
    exclude
        Codes of items that must not be answered.
    """

    surface: str
    part: Ranks | None
    k: int
    allowed: Bools
    exclude: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A list, and what its rules could not do."""

    cards: tuple[Card, ...]
    warnings: tuple[str, ...] = ()


def listed(
    visit: Visit,
    asked: Asked,
    among: Bools,
    granted: Sequence[Granted],
    chance: Callable[[], np.random.Generator],
) -> Listed:
    """The list for a person.

    Parameters
    ----------
    visit
        Whom for, and under which rules.
    asked
        What for.
    among
        Shape ``(len(stock),)``: what may be answered, rules included.
    granted
        What they wish for; heard in the list that is their own.
    chance
        Decides whether an untouched item is tried.
    """
    own = asked.surface == FOR_YOU
    pins = visit.ruled.pinned(among & visit.stock.offered, asked.k) if own else {}
    first = _wished(visit, granted, among, pins, asked.k) if own else {}
    held = [*pins.values(), *first]
    rest = asked.k - len(held)
    drawn = draw(visit, lambda: _beside(visit, among, held), chance()) if own and not first else None
    ranked = _with_tried(visit, asked, rest, held, drawn, PLACE - sum(slot <= PLACE for slot in pins))
    cards = visit.cards(ranked, ranked.items[:rest])
    more, warnings = _filled(visit, asked, among, [*held, *ranked.items[:rest]], asked.k)
    pinned = {slot: visit.stock.card(item, source=PINNED) for slot, item in pins.items()}
    told = (*visit.ruled.conflicts, *visit.ruled.warnings, *warnings)
    return Listed(inserted((*first.values(), *cards, *more), pinned), told)


def _wished(
    visit: Visit, granted: Sequence[Granted], among: Bools, pins: Mapping[int, int], k: int
) -> dict[int, Card]:
    """Cards of what a wish asks for, by code."""
    held = list(pins.values())
    found = dict(together(granted, _beside(visit, among, held), len(among))) if granted else {}
    kept = capped(list(found), visit.ruled.caps, held)[: k - len(held)]
    reasons = {item: found[item] for item in kept}
    return {
        item: visit.cards_because(part.ranked, [item], {item: part.title})[0]
        for item, part in reasons.items()
    }


def _beside(visit: Visit, among: Bools, held: Sequence[int]) -> Bools:
    """What may stand in a list beside items it holds."""
    if not len(held):
        return among
    mask = among & ~full_groups(held, visit.ruled.caps, len(among))
    mask[list(held)] = False
    return mask


def _with_tried(
    visit: Visit, asked: Asked, n: int, held: Sequence[int], drawn: Drawn | None, place: int
) -> Ranked:
    """The best ``n`` with the drawn item in its place, which counts where a cap bounds the list."""
    if drawn is None or not visit.ruled.caps:
        return tried_in(_best(visit, asked.part, asked, n, held), drawn, place)
    beside = _best(visit, asked.part, asked, n, [*held, drawn.item])
    if len(beside.items) <= place:
        return _best(visit, asked.part, asked, n, held)
    return tried_in(beside, drawn, place)


def _best(visit: Visit, part: Ranks | None, asked: Asked, n: int, held: Sequence[int]) -> Ranked:
    """The best ``n`` beside those held; asked for again without the groups that are full, while some are."""
    caps = visit.ruled.caps
    out = Ranked([], [], [])
    while len(out.items) < n:
        beside = [*held, *out.items]
        allowed = asked.allowed & ~full_groups(beside, caps, len(visit.stock))[: visit.stock.known]
        own = asked.surface == FOR_YOU and bool(visit.variety)
        ranked = visit.ask(
            part, max(n, DEEP) if caps or own else n, allowed=allowed, exclude=[*asked.exclude, *beside]
        )
        if own:
            ranked = visit.varied(ranked, len(ranked.items) if caps else n)
        out = _followed(out, ranked.only(capped(ranked.items, caps, beside)[: n - len(out.items)]))
        if not caps or not ranked.items:
            break
    return out


def _followed(one: Ranked, other: Ranked) -> Ranked:
    return Ranked(
        [*one.items, *other.items],
        [*one.scores, *other.scores],
        [*one.sources, *other.sources],
        other.by or one.by,
    )


def _filled(
    visit: Visit, asked: Asked, among: Bools, held: Sequence[int], k: int
) -> tuple[tuple[Card, ...], tuple[str, ...]]:
    """What fills a list that rules leave short, and what is to be told of it."""
    blamed = _blamed(visit, asked, held) if len(held) < k else ()
    if not blamed:
        return (), ()
    cards: list[Card] = []
    beside = list(held)
    for part in (visit.default(), visit.part("popular")):
        ranked = _best(visit, part, asked, k - len(beside), beside)
        cards += visit.cards(ranked, ranked.items)
        beside += ranked.items
    last = np.flatnonzero(_beside(visit, among & visit.stock.offered, beside))[:_BY_TITLE].tolist()
    ranked = by_title(visit, last)
    chosen = capped(ranked.items, visit.ruled.caps, beside)[: k - len(beside)]
    cards += visit.cards_because(ranked, chosen)
    names = ", ".join(repr(name) for name in blamed)
    end = f"{len(cards)} more that they allow fill it" if cards else "they allow no other"
    told = f"{asked.surface}: {len(held)} of {k} items are left by the rules {names}; {end}"
    return tuple(cards), (told,)


def _blamed(visit: Visit, asked: Asked, held: Sequence[int]) -> tuple[str, ...]:
    """Rules without which the list would be longer."""
    if not visit.ruled.bars and not visit.ruled.caps:
        return ()
    free = replace(visit, ruled=NO_RULES)
    ranked = free.ask(asked.part, asked.k, allowed=asked.allowed, exclude=[*asked.exclude, *held])
    return visit.ruled.emptying(ranked.items)
