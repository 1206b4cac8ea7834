"""An item that nobody has touched yet, tried in a list now and then, with a probability that is told.

Which ones suit a person says the catalogue: by content those that the model knows, by their kind those that
came after it. One is drawn evenly from those. It ends for an item with the first event on it that a model
learns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import Bools
from shopkeeper.recommenders.fresh import CHOICES, PLACE, rate
from shopkeeper.surfaces.visit import Ranked, Visit

EXPLORE: Final = "explore"
"""Source of an item that stands in a list by chance."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """An untouched item that is tried.

    Attributes
    ----------
    item
        Its code.
    probability
        With which it, and no other, was drawn.
    """

    item: int
    probability: float


def draw(visit: Visit, among: Callable[[], Bools], chance: np.random.Generator) -> Drawn | None:
    """The untouched item to try in this person's list; mostly none.

    Parameters
    ----------
    visit
        Whom for.
    among
        Tells what may be answered, shape ``(len(visit.stock),)``.
    chance
        Decides; the same state decides alike.
    """
    if visit.model is None:
        return None
    share = rate(visit.model.tried)
    if chance.random() >= share:
        return None
    choices = untouched(visit, among())
    return Drawn(int(chance.choice(choices)), share / len(choices)) if choices else None


def untouched(visit: Visit, among: Bools) -> list[int]:
    """Untouched items that suit a person: at most `CHOICES` that the model knows, and as many newer ones.

    Somebody of whom nothing is known has no taste to suit: there are none for them.
    """
    if visit.model is None or not visit.is_known:
        return []
    among = among & visit.stock.offered & visit.open
    allowed = among[: visit.stock.known] & visit.model.untouched
    known = visit.ask(visit.part("content"), CHOICES, allowed=allowed, exclude=sorted(visit.met)).items
    return [*known, *_newer(visit, among)]


def tried_in(ranked: Ranked, drawn: Drawn | None, place: int = PLACE) -> Ranked:
    """A ranking with the drawn item in its place; the same where none was drawn, or it ends before."""
    if drawn is None or len(ranked.items) <= place or drawn.item in ranked.items[:place]:
        return ranked
    at = ranked.items.index(drawn.item) if drawn.item in ranked.items else len(ranked.items)
    before = ranked.only([item for n, item in enumerate(ranked.items) if n != at])
    return Ranked(
        [*before.items[:place], drawn.item, *before.items[place:]],
        [*before.scores[:place], before.scores[max(place - 1, 0)], *before.scores[place:]],
        [*before.sources[:place], EXPLORE, *before.sources[place:]],
        ranked.by,
        {drawn.item: drawn.probability},
    )


def _newer(visit: Visit, among: Bools) -> list[int]:
    """Items that came after the model, of kinds the person knows, the latest first."""
    stock, kinds = visit.stock, visit.stock.kind[visit.histories.summary_items]
    codes = np.arange(stock.known, len(stock))
    mine = np.isin(stock.kind[codes], kinds[kinds >= 0]) & among[codes]
    latest = np.lexsort((codes[mine], -stock.created_at[codes[mine]]))
    newest: list[int] = codes[mine][latest][:CHOICES].tolist()
    return newest
