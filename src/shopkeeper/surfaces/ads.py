"""Which adverts stand in one answer: those that may, can pay, and are worth most, at second prices.

In order: open now, meant for a segment of the person, not seen too often today, relevant enough, above the
reserve, and paid for by what is in the worker's purse. What is left bids in `auction`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools
from shopkeeper.surfaces.adverts import MICROS, Inventory
from shopkeeper.surfaces.auction import Win, auction
from shopkeeper.surfaces.caps import Seen
from shopkeeper.surfaces.purses import Purses

Doubles = NDArray[np.float64]

MOST_PLACES: Final = 20
_KEPT: Final = 4_096
"""Combinations of segments whose audiences are kept."""


class Chances(Protocol):
    """Tells the probability of a click on each advert of an inventory."""

    def of(self, context: dict[str, float]) -> Doubles:
        """Shape ``(n_adverts,)``: probabilities for what is known of the moment and the person."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who is shown adverts, and where.

    Attributes
    ----------
    person
        Pseudonym, empty for somebody unknown: no cap can be held for them.
    segments
        Those the person is in.
    context
        What the click probability goes by, see `propensity.clicks`.
    places
        How many adverts at most.
    only
        Ids of the adverts that may be shown; all where None.
    """

    person: str = ""
    segments: frozenset[str] = frozenset()
    context: dict[str, float] | None = None
    places: int = 1
    only: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class ShownAdvert:
    """An advert that is shown.

    Attributes
    ----------
    ad_id, text
        Which, and what it says.
    micros
        What the showing costs, in millionths of the shop's currency.
    probability
        Of a click.
    """

    ad_id: str
    text: str
    micros: int
    probability: float

    @property
    def charge(self) -> float:
        """What the showing costs, in the shop's currency."""
        return self.micros / MICROS

    @property
    def click_price(self) -> float:
        """What a click costs: the charge over the probability."""
        return self.charge / self.probability


@dataclass(frozen=True, slots=True)
class Rules:
    """What the shop demands of adverts.

    Attributes
    ----------
    reserve
        Least a showing must be worth to be shown, in millionths.
    relevance
        Least probability x quality.
    """

    reserve: float = 0.0
    relevance: float = 0.0


class AdServer:
    """Decides for one worker. One decision at a time; the purses' lock is held meanwhile.

    Parameters
    ----------
    inventory
        The adverts.
    chances
        Probabilities of clicks on them.
    purses
        What may be spent on them.
    seen
        Who saw what today.
    rules
        What the shop demands.
    """

    def __init__(
        self, inventory: Inventory, chances: Chances, purses: Purses, seen: Seen, rules: Rules
    ) -> None:
        self.inventory = inventory
        self.purses = purses
        self.seen = seen
        self._chances = chances
        self._reserve = rules.reserve
        # Relevance as a rank: who is relevant enough has a rank of at least that much times the bid.
        self._floor = np.maximum(rules.reserve, rules.relevance * inventory.bid)
        self._places = {one.ad_id: place for place, one in enumerate(inventory.adverts)}
        self._capped = bool(inventory.cap.any())
        self._audiences: dict[frozenset[str], Bools] = {}
        self._since = self._until = 0

    def decide(self, asking: Asking, now: int) -> list[ShownAdvert]:
        """The adverts of one answer, the best place first, already paid for; none where none may or can."""
        stock = self.inventory
        if not len(stock):
            return []
        chance = self._chances.of(asking.context or {})
        worth = stock.bid * chance
        rank = worth * stock.quality
        may = rank >= self._floor
        with self.purses.lock:
            may &= self._audience(asking.segments, now)
            may &= self.purses.left[stock.account] >= worth
            if asking.only is not None:
                may &= self._among(asking.only)
            if self._capped and asking.person:
                self._hold_caps(may, asking.person, now)
            rank *= may
            wins = auction(rank, stock.quality, stock.advertiser, asking.places, self._reserve)
            for win in wins:
                self.purses.pay(int(stock.account[win.advert]), win.charge)
            if asking.person and wins:
                self.seen.add(asking.person, [stock.adverts[win.advert].ad_id for win in wins], now)
        return [self._shown(win, float(chance[win.advert])) for win in wins]

    def _audience(self, segments: frozenset[str], now: int) -> Bools:
        """What is open now and meant for these segments; kept until an advert begins or ends."""
        if not self._since <= now < self._until:
            self._since, self._until = self.inventory.unchanged(now)
            self._audiences.clear()
        found = self._audiences.get(segments)
        if found is None:
            if len(self._audiences) >= _KEPT:
                self._audiences.clear()
            found = self.inventory.meant_for(segments) & self.inventory.open(now)
            self._audiences[segments] = found
        return found

    def _among(self, only: Collection[str]) -> Bools:
        mask = np.zeros(len(self.inventory), bool)
        mask[[self._places[name] for name in only if name in self._places]] = True
        return mask

    def _hold_caps(self, may: Bools, person: str, now: int) -> None:
        for name, count in self.seen.counts(person, now).items():
            place = self._places.get(name)
            if place is not None and 0 < self.inventory.cap[place] <= count:
                may[place] = False

    def _shown(self, win: Win, chance: float) -> ShownAdvert:
        advert = self.inventory.adverts[win.advert]
        return ShownAdvert(advert.ad_id, advert.text, win.charge, chance)
