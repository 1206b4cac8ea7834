"""Circles of people, read from the shop on every request: consent that is taken back is gone at once."""

from typing import Any, Protocol

import numpy as np

from shopkeeper.core.types import Circle, Floats, Ragged, Tie
from shopkeeper.data.circles import likes_of
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.tied import Ties
from shopkeeper.serving.live import LiveHistories
from shopkeeper.serving.person import Person


class TieLog(Protocol):
    """What is needed of the shop: whom somebody hears."""

    def circle_of(self, customer: str) -> list[tuple[Any, ...]]:
        """Pseudonym, kind, start and end of each tie of a customer to somebody who may be heard."""


class LiveCircles:
    """Brings together ties and live histories.

    Parameters
    ----------
    ties, live
        The two of them.
    """

    def __init__(self, ties: TieLog, live: LiveHistories) -> None:
        self._ties = ties
        self._live = live

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
        trails = [self._live.trail(Person(names[member])) for member in members.tolist()]
        likes = Ragged.joined([likes_of(trail.histories(items, weights)) for trail in trails])
        return Circle(np.array([0, len(members)], np.int64), kinds, likes)


def _ties(names: list[str], rows: list[tuple[Any, ...]]) -> Ties:
    """Ties of one person; codes are places in the sorted names, as in a dataset."""
    codes = {name: code for code, name in enumerate(names)}
    return Ties.of_one(
        [codes[name] for name, *_ in rows],
        [Tie[kind] for _, kind, *_ in rows],
        [start for *_, start, _ in rows],
        [end for *_, end in rows],
    )
