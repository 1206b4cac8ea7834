"""From a person, or a history that came with the request, to a visit the surfaces can answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.config import Lists
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.ports import Clock
from shopkeeper.core.types import Circle, EventType, Floats, Histories, Longs, Looks
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.looks import looks_of, moments
from shopkeeper.recommenders.model import Model
from shopkeeper.serving.circles import LiveCircles
from shopkeeper.serving.live import Deed, LiveHistories, Trail, cart_of, histories_of
from shopkeeper.serving.models import LiveModel
from shopkeeper.serving.person import Person
from shopkeeper.serving.seen import Seen
from shopkeeper.serving.showroom import Showroom
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.fatigue import Fatigue
from shopkeeper.surfaces.variety import Variety
from shopkeeper.surfaces.visit import Visit

NO_MEMORY: Final = Lists(bought_days=0, fatigue=0)
"""Lists that remember nothing."""
_NO_ITEMS = ItemIndex.of([])
_KINDS = {kind.name: kind for kind in EventType}


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a history that arrives within a request instead of through the log.

    Attributes
    ----------
    item_id
        The shop's own id; unknown ones are skipped.
    event_type
        Name of an `EventType`.
    timestamp
        Epoch milliseconds; None means just now, in the order given.
    """

    item_id: str
    event_type: str = "view_item"
    timestamp: int | None = None


class Visits:
    """Brings together the live model, the live catalogue and the live histories.

    Parameters
    ----------
    models, showroom, live
        The three of them.
    weights
        How strongly each kind of event speaks, indexed by `EventType`; 0 leaves it out.
    clock
        Where "now" comes from.
    lists
        What lists remember of people.
    seen
        What they were shown; None where that does not matter.
    circles
        What those like whom they hear; None where that does not matter.
    """

    def __init__(
        self,
        models: LiveModel,
        showroom: Showroom,
        live: LiveHistories,
        weights: Floats,
        clock: Clock,
        lists: Lists = NO_MEMORY,
        seen: Seen | None = None,
        circles: LiveCircles | None = None,
    ) -> None:
        self._models = models
        self._showroom = showroom
        self._live = live
        self._weights = weights
        self._clock = clock
        self._lists = lists
        self._seen = seen
        self._circles = circles

    def now(self) -> int:
        """The shop's own time, epoch milliseconds: the clock's, less what the log was behind it when learned.

        A log that ended years ago is looked at as of its end; a click happens just after it.
        """
        model = self._models.current()
        return self._clock() - (model.behind if model else 0)

    def of(self, person: Person, model: Model | None) -> Visit:
        """The visit of a person of the log, after everything they did up to this moment."""
        stock = self._showroom.assortment(model)
        trail = self._live.trail(person) if person.known else Trail()
        now = self.now()
        cart = [stock.codes[item] for item in trail.cart(now) if item in stock.codes]
        histories = trail.histories(model.items if model else _NO_ITEMS, self._weights)
        attributes = self._live.attributes(person, model.attributes) if model else None
        as_of = _after(trail.deeds, now)
        showings = self._showings(trail, model, stock, as_of)
        return Visit(
            model,
            stock,
            histories,
            as_of,
            tuple(reversed(cart)),
            attributes,
            weights=self._weights,
            bought_days=self._lists.bought_days,
            variety=self._variety(model),
            fatigue=self._fatigue(showings),
            looks=_looks(showings, model, histories, as_of),
            circle=self._circle(person, model, stock, as_of),
        )

    def given(self, history: Sequence[Happening], model: Model | None) -> Visit:
        """A visit with a history from the request itself.

        Raises
        ------
        InvalidRequest
            An event is of no known kind.
        """
        now = self.now()
        deeds = sorted(
            (_deed(place, event, now) for place, event in enumerate(history)), key=lambda deed: deed.time
        )
        histories = histories_of(deeds, model.items if model else _NO_ITEMS, self._weights)
        stock = self._showroom.assortment(model)
        cart = [stock.codes[item] for item in cart_of(deeds, now) if item in stock.codes]
        return Visit(
            model,
            stock,
            histories,
            as_of := _after(deeds, now),
            tuple(reversed(cart)),
            weights=self._weights,
            bought_days=self._lists.bought_days,
            variety=self._variety(model),
            looks=_looks(None, model, histories, as_of),
        )

    def _variety(self, model: Model | None) -> Variety:
        """As the shop says, or as training chose."""
        chosen = model.near.diversity if model else 0.0
        diversity = chosen if self._lists.diversity is None else self._lists.diversity
        return Variety(diversity, self._lists.calibration)

    def _circle(self, person: Person, model: Model | None, stock: Assortment, as_of: int) -> Circle | None:
        """What the person's circle likes; what is reserved is told to nobody else."""
        if self._circles is None or model is None or not model.hears_circles:
            return None
        found = self._circles.of(person, model.items, self._weights, as_of)
        return None if found is None else found.among(~stock.reserved)

    def _showings(self, trail: Trail, model: Model | None, stock: Assortment, as_of: int) -> Longs | None:
        """What the person was shown; None where nothing depends on it."""
        matters = self._lists.fatigue or (model is not None and model.reads_looks)
        return self._seen.showings(trail.people, stock, as_of) if self._seen and matters else None

    def _fatigue(self, showings: Longs | None) -> Fatigue | None:
        if showings is None or not self._lists.fatigue:
            return None
        return Fatigue(moments(showings), self._lists.fatigue, self._lists.fatigue_days)


def _looks(showings: Longs | None, model: Model | None, histories: Histories, as_of: int) -> Looks | None:
    """What the person was shown, if the model reads it."""
    if model is None or not model.reads_looks:
        return None
    told = np.empty(0, np.int64) if showings is None else showings
    return looks_of(told, len(model.items), histories, as_of)


def _deed(place: int, event: Happening, now: int) -> Deed:
    if event.event_type not in _KINDS:
        raise InvalidRequest(
            f"history[{place}].event_type = {event.event_type[:80]!r} is not a known kind of event.",
            hint=f"There are {', '.join(_KINDS)}.",
        )
    time = now if event.timestamp is None else event.timestamp
    return Deed(time, event.item_id, _KINDS[event.event_type])


def _after(deeds: Sequence[Deed], now: int) -> int:
    """Now, or just after the last event where its time lies ahead of the clock."""
    return max(now, deeds[-1].time + 1) if deeds else now
