"""What the simulation carries from day to day, and what it knows of one day."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.data.synthetic.goods import Ints, Reals
from shopkeeper.data.synthetic.offers import Offer

REMEMBERED: Final = 8
"""Last purchases of a customer that friends see."""


@dataclass
class Memory:
    """What changes as people shop: the state of the simulation.

    Attributes
    ----------
    runs_out
        Day on which each need comes up again, ``(n_customers, NEEDS)``.
    last
        Item bought last for each need, -1 for none.
    recent
        Last items each customer bought, a ring, ``(n_customers, 8)``; friends see it.
    turn
        Next place in the ring.
    fame
        Decayed number of sales of each item.
    """

    runs_out: Reals
    last: Ints
    recent: Ints
    turn: Ints
    fame: Reals


@dataclass(frozen=True)
class Errands:
    """Needs looked after in the visits of one day: row of the visit, column of the need, and its urgency."""

    visit: Ints
    need: Ints
    urgency: Reals


@dataclass(frozen=True)
class Today:
    """One day: its visits, and the campaign that runs.

    Attributes
    ----------
    day, start
        The day, and the number of its first visit.
    customer
        Who comes, one entry a visit.
    offer, number
        The campaign and its number, or None and -1.
    shown
        Visits in which the campaign is seen; only they get its discount.
    on_offer
        Items of the campaign, shape ``(n_items,)``.
    """

    day: int
    start: int
    customer: Ints
    offer: Offer | None
    number: int
    shown: NDArray[np.bool_]
    on_offer: NDArray[np.bool_]
