"""Keeps what is known of the rows of the homepage, and learns it anew now and then, beside the requests."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Final, Self

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.types import Doubles
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.lately import Lately
from shopkeeper.evaluation.rows import own_counts, row_counts
from shopkeeper.learners.examination import likeness, own_worlds, row_worth
from shopkeeper.surfaces.row_order import ROWS, RowOrder, draw_order

SURFACE: Final = "homepage"
PLACES: Final = 8
"""Places on the page that are told apart."""
WORLDS: Final = 64
"""Drawn beforehand; a chance is known to a 64th."""
FEWEST_CLICKS: Final = 100
"""On rows of homepages; before, rows stand in the order that is believed in."""
EVERY_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Own:
    """What single people did with rows, where people differ in what rows are worth to them.

    Attributes
    ----------
    people
        Place of each pseudonym in the arrays.
    looks, clicked
        People x rows, see `learners.examination.likeness`.
    strength
        What that found.
    """

    people: Mapping[str, int] = field(default_factory=dict)
    looks: Doubles = field(default_factory=lambda: np.zeros((0, len(ROWS))))
    clicked: Doubles = field(default_factory=lambda: np.zeros((0, len(ROWS))))
    strength: float = np.inf

    @classmethod
    def of(cls, people: Sequence[str], looks: Doubles, clicked: Doubles, mean: Doubles) -> Self:
        """Nobody's own where people do not differ for certain."""
        strength = likeness(looks, clicked, mean)
        if not np.isfinite(strength):
            return cls()
        return cls({person: place for place, person in enumerate(people)}, looks, clicked, strength)

    def worlds(self, worlds: Doubles, person: str | None) -> Doubles:
        """The worlds of a page: those of all, moved by what this person did."""
        place = None if person is None else self.people.get(person)
        if place is None or not len(worlds):
            return worlds
        return own_worlds(worlds, self.looks[place], self.clicked[place], self.strength)


class RowOrders:
    """Orders of the rows of homepages.

    Parameters
    ----------
    decisions
        What was shown.
    lately
        What came of it.
    """

    def __init__(self, decisions: Decisions, lately: Lately) -> None:
        self._decisions = decisions
        self._lately = lately
        self._worlds: Doubles = np.zeros((0, len(ROWS)))
        self._own = Own()
        self._lock = Lock()
        self._closed = Event()
        self._learner: Thread | None = None

    def draw(self, rng: np.random.Generator, person: str | None = None) -> RowOrder:
        """The order of one page for a pseudonym; never waits for what is being learned."""
        if self._learner is None:
            self._begin()
        return draw_order(self._own.worlds(self._worlds, person), rng)

    def learn(self) -> None:
        """Learn from the newest answers and what came of them; the same log gives the same orders."""
        # A click echoes the answer it follows from: where few events do, no answer need be read.
        events = self._lately.events().filter(pl.col(c.REQUEST_ID).is_not_null())
        if len(events) < FEWEST_CLICKS:
            return
        answers = self._decisions.shown()
        shown, clicked = row_counts(answers, events, SURFACE, ROWS, PLACES)
        if clicked.sum() >= FEWEST_CLICKS:
            worth = row_worth(shown, clicked)
            people, looks, clicks = own_counts(answers, events, SURFACE, ROWS, worth.looked)
            self._own = Own.of(people, looks, clicks, worth.mean)
            self._worlds = worth.samples(WORLDS, seed=int(shown.sum()))

    def close(self) -> None:
        """Learn no more."""
        self._closed.set()
        if self._learner is not None:
            self._learner.join()

    def _begin(self) -> None:
        with self._lock:
            if self._learner is None:
                self._learner = Thread(target=self._run, name="shopkeeper-rows", daemon=True)
                self._learner.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            with suppress(ShopkeeperError):  # The order before holds; the next time may do better.
                self.learn()
            self._closed.wait(EVERY_SECONDS)
