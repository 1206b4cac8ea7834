"""Circles of people: who may be heard is read on every request, what they like every half minute."""

from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Protocol

import numpy as np

from shopkeeper.core.types import Circle, Floats, Ragged, Tie
from shopkeeper.data.circles import likes_of
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.tied import Ties
from shopkeeper.serving.live import LiveHistories
from shopkeeper.serving.person import Person

_REMEMBERED: Final = 20_000
"""Most members whose likes are remembered."""


class TieLog(Protocol):
    """What is needed of the shop: whom somebody hears."""

    def circle_of(self, customer: str) -> list[tuple[Any, ...]]:
        """Pseudonym, kind, start and end of each tie of a customer to somebody who may be heard."""

    def erasures(self) -> int:
        """Changes when events are deleted."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    """Likes of a member, in the codes of some items, as they were read at a moment and before any erasure."""

    likes: Ragged
    items: ItemIndex
    read_at: float
    erasures: int


class LiveCircles:
    """Brings together ties and live histories.

    Parameters
    ----------
    ties, live
        The two of them.
    every
        Seconds after which the likes of a member are read again; an erasure has all read again at once.
    """

    def __init__(self, ties: TieLog, live: LiveHistories, *, every: float = 30.0) -> None:
        self._ties = ties
        self._live = live
        self._every = every
        self._remembered: dict[str, _Remembered] = {}

    def of(self, person: Person, items: ItemIndex, weights: Floats, moment: int) -> Circle | None:
        """What those like whom a person hears at a moment; None where they hear nobody.

        Parameters
        ----------
        person
            Who hears; a guest hears nobody.
        items, weights
            Of the model, and of the shop: see `live.Trail.histories`.
        moment
            Epoch milliseconds.
        """
        rows = [] if person.customer is None else self._ties.circle_of(person.customer)
        if not rows:
            return None
        names = sorted({name for name, *_ in rows})
        members, kinds = _ties(names, rows).of(0, moment)
        erasures = self._ties.erasures()
        likes = [self._likes(names[member], items, weights, erasures) for member in members.tolist()]
        return Circle(np.array([0, len(members)], np.int64), kinds, Ragged.joined(likes))

    def _likes(self, name: str, items: ItemIndex, weights: Floats, erasures: int) -> Ragged:
        kept, now = self._remembered.get(name), monotonic()
        if kept and kept.items is items and kept.erasures == erasures and now - kept.read_at < self._every:
            return kept.likes
        likes = likes_of(self._live.trail(Person(name)).histories(items, weights))
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[name] = _Remembered(likes, items, now, erasures)
        return likes


def _ties(names: list[str], rows: list[tuple[Any, ...]]) -> Ties:
    """Ties of one person; codes are places in the sorted names, as in a dataset."""
    codes = {name: code for code, name in enumerate(names)}
    return Ties.of_one(
        [codes[name] for name, *_ in rows],
        [Tie[kind] for _, kind, *_ in rows],
        [start for *_, start, _ in rows],
        [end for *_, end in rows],
    )
