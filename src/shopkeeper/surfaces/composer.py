"""The shelves of one page, filled in order so that nothing stands on it twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from shopkeeper.recommenders.base import Explains
from shopkeeper.surfaces.fresh import Drawn
from shopkeeper.surfaces.page import Card, Reason, Row
from shopkeeper.surfaces.rules import PINNED, inserted
from shopkeeper.surfaces.slate import Taken, pick
from shopkeeper.surfaces.visit import Ranked, Visit
from shopkeeper.surfaces.wish import Granted

FEWEST: Final = 4
"""A shelf with fewer cards looks broken and is left out."""


@dataclass(frozen=True, slots=True)
class _Unsaid:
    """A shelf whose cards do not say yet why they stand there: its place, and what it was made of."""

    place: int
    ranked: Ranked
    chosen: list[int]
    cards: tuple[Card, ...]
    pinned: Mapping[int, Card]


class Composer:
    """Builds the shelves of one page in order; what stands on one is taken for the next."""

    def __init__(self, visit: Visit, k: int, drawn: Drawn | None = None) -> None:
        self.visit = visit
        self.k = k
        self.drawn = drawn
        self.rows: list[Row] = []
        self.wished = 0
        self.warnings: list[str] = []
        self.taken = Taken(visit.stock, visit.closed)
        self._unsaid: list[_Unsaid] = []

    @property
    def shelves(self) -> int:
        """How many shelves stand on the page beside those that were asked for."""
        return len(self.rows) - self.wished

    @property
    def depth(self) -> int:
        """How many items to ask for so that a shelf can be filled past what is taken and reads alike."""
        return 4 * self.k + sum(len(row.cards) for row in self.rows)

    @property
    def pins(self) -> dict[int, int]:
        """Item by slot of what rules pin to the next shelf: to the first but those that were asked for."""
        ruled = self.visit.ruled
        if self.shelves or not ruled.pins:
            return {}
        pinned = ruled.pinned(self.visit.open & self.visit.stock.offered, self.k)
        return {slot: item for slot, item in pinned.items() if item not in self.taken}

    def put(self, name: str, title: Reason, ranked: Ranked) -> None:
        """Put a shelf on the page if enough of the ranking can stand on it; `said` tells each card's why."""
        pins = self.pins
        chosen = self._choose(ranked, held=tuple(pins.values()))
        if chosen:
            pinned = {slot: self.visit.stock.card(item, source=PINNED) for slot, item in pins.items()}
            cards = self.visit.cards_because(ranked, chosen)
            self._unsaid.append(_Unsaid(len(self.rows), ranked, chosen, cards, pinned))
            self._shelve(name, title, inserted(cards, pinned))

    def said(self) -> list[Row]:
        """The shelves, each card with its reason; a recommender is asked once for all it put there."""
        chosen: dict[Explains | None, list[int]] = {}
        for one in self._unsaid:
            chosen.setdefault(one.ranked.by, []).extend(one.chosen)
        why = {by: self.visit.why(by, items) for by, items in chosen.items()}
        rows = list(self.rows)
        for one in self._unsaid:
            cards = self.visit.reasoned(one.cards, one.ranked, one.chosen, why[one.ranked.by])
            rows[one.place] = replace(rows[one.place], cards=inserted(cards, one.pinned))
        return rows

    def put_because(self, name: str, title: Reason, ranked: Ranked, evidence: Sequence[int]) -> None:
        """Put a shelf whose title is the reason of all its cards; they follow from the items in evidence."""
        chosen = self._choose(ranked)
        if chosen:
            self._shelve(name, title, self.visit.cards_because(ranked, chosen, evidence=evidence))

    def put_wished(self, part: Granted) -> None:
        """Put a shelf of what somebody asked for, however little there is."""
        chosen = self._choose(part.ranked, 1)
        if chosen:
            self._shelve(part.name, part.title, self.visit.cards_because(part.ranked, chosen))
            self.wished += 1

    def _choose(self, ranked: Ranked, fewest: int = FEWEST, held: tuple[int, ...] = ()) -> list[int]:
        """Enough cards to fill a shelf beside those held, which are taken from here on, or none."""
        free = [item for item in ranked.items if item not in held]
        most = self.k - len(held)
        chosen = pick(self.visit.stock, free, self.taken, most, self.visit.ruled.caps, held)
        if len(chosen) + len(held) < fewest:
            return []
        self.taken.add((*held, *chosen))
        return chosen

    def _shelve(self, name: str, title: Reason, cards: tuple[Card, ...]) -> None:
        self.rows.append(Row(name, title.en, title.zh, cards))
