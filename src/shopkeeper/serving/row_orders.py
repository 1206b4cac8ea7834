"""What is known of the rows of the homepage: learned beside the service, and kept in one file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final, Self

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Doubles
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.lately import Lately
from shopkeeper.evaluation.rows import own_counts, row_counts
from shopkeeper.learners.examination import likeness, own_worlds, row_worth
from shopkeeper.surfaces.row_order import AS_GIVEN, ROWS, RowOrder, draw_order

FILE: Final = "rows.npz"
SURFACE: Final = "homepage"
PLACES: Final = 8
"""Places on the page that are told apart."""
WORLDS: Final = 64
"""Drawn beforehand; a chance is known to a 64th."""
FEWEST_CLICKS: Final = 100
"""On rows of homepages; before, rows stand in the order that is believed in."""


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

    def without(self, people: Sequence[str]) -> Self:
        """The same of everybody but some pseudonyms."""
        left = [person for person in self.people if person not in people]
        places = [self.people[person] for person in left]
        named = {person: place for place, person in enumerate(left)}
        return type(self)(named, self.looks[places], self.clicked[places], self.strength)


@dataclass(frozen=True, slots=True)
class Orders:
    """What was learned of rows.

    Attributes
    ----------
    worlds
        Shape ``(n, len(ROWS))``: what rows may be worth; none before anything is known.
    own
        What single people did.
    """

    worlds: Doubles = field(default_factory=lambda: np.zeros((0, len(ROWS))))
    own: Own = field(default_factory=Own)


def learn(decisions: Decisions, lately: Lately) -> Orders | None:
    """Learn from the newest answers and what came of them; None where too few were clicked.

    The same log gives the same orders.
    """
    # A click echoes the answer it follows from: where few events do, no answer need be read.
    events = lately.events().filter(pl.col(c.REQUEST_ID).is_not_null())
    if len(events) < FEWEST_CLICKS:
        return None
    answers = decisions.shown()
    shown, clicked = row_counts(answers, events, SURFACE, ROWS, PLACES)
    if clicked.sum() < FEWEST_CLICKS:
        return None
    worth = row_worth(shown, clicked)
    people, looks, clicks = own_counts(answers, events, SURFACE, ROWS, worth.looked)
    own = Own.of(people, looks, clicks, worth.mean)
    return Orders(worth.samples(WORLDS, seed=int(shown.sum())), own)


def write(folder: Path, orders: Orders) -> None:
    """Keep what was learned in a folder, replaced whole."""
    folder.mkdir(exist_ok=True)
    own, draft = orders.own, folder / f".{FILE}"
    with draft.open("wb") as file:
        np.savez(
            file,
            worlds=orders.worlds,
            people=np.array(list(own.people), np.str_),
            looks=own.looks,
            clicked=own.clicked,
            strength=np.float64(own.strength),
        )
    draft.replace(folder / FILE)


def read(folder: Path) -> Orders:
    """What `write` kept; nothing is known where it kept nothing."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as kept:
            people = {person: place for place, person in enumerate(kept["people"].tolist())}
            own = Own(people, kept["looks"], kept["clicked"], float(kept["strength"]))
            return Orders(kept["worlds"], own)
    except (OSError, ValueError, KeyError):
        return Orders()


class RowOrders:
    """Orders of the rows of homepages, as they were learned last. Safe with several threads and processes.

    Parameters
    ----------
    folder
        Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._mark: tuple[int, int] | None = None
        self._orders = Orders()

    def draw(self, chance: Callable[[], np.random.Generator], person: str | None = None) -> RowOrder:
        """The order of one page for a pseudonym; chance is asked where anything is known."""
        orders = self._orders
        if not len(orders.worlds):
            return AS_GIVEN
        return draw_order(orders.own.worlds(orders.worlds, person), chance())

    def look(self) -> None:
        """Take in what was learned since; no page waits for it."""
        with self._lock:
            mark = _mark(self._folder / FILE)
            if mark != self._mark:
                self._orders, self._mark = read(self._folder), mark

    def forget(self, people: Sequence[str]) -> None:
        """Take some pseudonyms out of what is kept."""
        kept = read(self._folder)
        if any(person in kept.own.people for person in people):
            write(self._folder, Orders(kept.worlds, kept.own.without(people)))
        self.look()


def _mark(path: Path) -> tuple[int, int] | None:
    """What changes when a file is replaced; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns
