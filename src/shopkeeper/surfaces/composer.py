"""The shelves of one page, filled in order so that nothing stands on it twice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shopkeeper.core.types import Evidence
from shopkeeper.recommenders.base import Explains
from shopkeeper.surfaces.fresh import Drawn
from shopkeeper.surfaces.page import Card, Reason, Row
from shopkeeper.surfaces.rules import PINNED, inserted
from shopkeeper.surfaces.slate import Taken, pick
from shopkeeper.surfaces.visit import Ranked, Visit, unranked
from shopkeeper.surfaces.wish import Granted

FEWEST: Final = 4
"""A shelf with fewer cards looks broken and is left out."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A shelf before its cards are made.

    Attributes
    ----------
    name, title
        As in `Row`.
    ranked
        What it was made of.
    chosen
        Codes of what stands on it, best first, beside what is pinned.
    evidence
        Items that all of it follows from.
    reasons
        Why each item stands there, where the shelf says so itself; None has whoever put them there asked.
    pinned
        Item by slot of what rules pin.
    """

    name: str
    title: Reason
    ranked: Ranked
    chosen: Sequence[int]
    evidence: Sequence[int] = ()
    reasons: Mapping[int, Reason] | None = None
    pinned: Mapping[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.chosen) + len(self.pinned)

    @property
    def items(self) -> list[int]:
        """Codes of all that stands on it."""
        return [*self.chosen, *self.pinned.values()]


class Composer:
    """Builds the shelves of one page in order; what stands on one is taken for the next."""

    def __init__(self, visit: Visit, k: int, drawn: Drawn | None = None) -> None:
        self.visit = visit
        self.k = k
        self.drawn = drawn
        self.placed: list[Shelf] = []
        self.wished = 0
        self.warnings: list[str] = []
        self.taken = Taken(visit.stock, visit.closed)

    @property
    def shelves(self) -> int:
        """How many shelves stand on the page beside those that were asked for."""
        return len(self.placed) - self.wished

    @property
    def depth(self) -> int:
        """How many items to ask for so that a shelf can be filled past what is taken and reads alike."""
        return 4 * self.k + sum(map(len, self.placed))

    @property
    def pins(self) -> dict[int, int]:
        """Item by slot of what rules pin to the next shelf: to the first but those that were asked for."""
        ruled = self.visit.ruled
        if self.shelves or not ruled.pins:
            return {}
        pinned = ruled.pinned(self.visit.open & self.visit.stock.offered, self.k)
        return {slot: item for slot, item in pinned.items() if item not in self.taken}

    def put(self, name: str, title: Reason, ranked: Ranked) -> None:
        """Put a shelf on the page if enough of the ranking can stand on it; whoever ranked it says why."""
        pins = self.pins
        chosen = self._choose(ranked, held=tuple(pins.values()))
        if chosen:
            self.placed.append(Shelf(name, title, ranked, chosen, pinned=pins))

    def put_because(self, name: str, title: Reason, ranked: Ranked, evidence: Sequence[int]) -> None:
        """Put a shelf whose title is the reason of all its cards; they follow from the items in evidence."""
        chosen = self._choose(ranked)
        if chosen:
            self.placed.append(Shelf(name, title, ranked, chosen, evidence, reasons={}))

    def put_told(self, name: str, title: Reason, items: Iterable[int], why: Callable[[int], Reason]) -> None:
        """Put a shelf of items that nobody ranks, the first first, each with a reason of its own."""
        chosen = pick(self.visit.stock, items, self.taken, self.k, self.visit.ruled.caps)
        if len(chosen) >= FEWEST:
            self.taken.add(chosen)
            reasons = {item: why(item) for item in chosen}
            self.placed.append(Shelf(name, title, unranked(chosen), chosen, reasons=reasons))

    def put_wished(self, part: Granted) -> None:
        """Put a shelf of what somebody asked for, however little there is."""
        chosen = self._choose(part.ranked, 1)
        if chosen:
            self.placed.append(Shelf(part.name, part.title, part.ranked, chosen, reasons={}))
            self.wished += 1

    def said(self) -> list[Row]:
        """The shelves, each card with its reason; a recommender is asked once for all it put there."""
        asked: dict[Explains | None, list[int]] = {}
        for shelf in self.placed:
            if shelf.reasons is None:
                for voice, items in self.visit.voices(shelf.ranked, shelf.chosen).items():
                    asked.setdefault(voice, []).extend(items)
        why: dict[int, Evidence] = {}
        for voice, items in asked.items():
            why |= self.visit.why(voice, items)
        return [Row(one.name, one.title.en, one.title.zh, self._cards(one, why)) for one in self.placed]

    def _cards(self, shelf: Shelf, why: Mapping[int, Evidence]) -> tuple[Card, ...]:
        visit = self.visit
        if shelf.reasons is None:
            cards = visit.reasoned(shelf.ranked, shelf.chosen, why)
        else:
            cards = visit.cards_because(shelf.ranked, shelf.chosen, shelf.reasons, shelf.evidence)
        pinned = {slot: visit.stock.card(item, source=PINNED) for slot, item in shelf.pinned.items()}
        return inserted(cards, pinned)

    def _choose(self, ranked: Ranked, fewest: int = FEWEST, held: tuple[int, ...] = ()) -> list[int]:
        """Enough cards to fill a shelf beside those held, which are taken from here on, or none."""
        free = (item for item in ranked.items if item not in held) if held else ranked.items
        most = self.k - len(held)
        chosen = pick(self.visit.stock, free, self.taken, most, self.visit.ruled.caps, held)
        if len(chosen) + len(held) < fewest:
            return []
        self.taken.add((*held, *chosen))
        return chosen
