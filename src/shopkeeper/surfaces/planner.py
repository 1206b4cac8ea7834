"""How many to invite to a campaign: the likeliest first, as long as one more is worth its message."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest

Doubles = NDArray[np.float64]

CHANCE, ITEMS = "probability", "items"


@dataclass(frozen=True, slots=True)
class Worth:
    """What one response brings and one message costs, in the shop's currency.

    Attributes
    ----------
    sale
        Of one response.
    margin, discount
        Shares of the sale: what is left before any discount, and what the campaign gives away.
    message
        Cost of one.
    """

    sale: float
    margin: float
    discount: float
    message: float

    @property
    def response(self) -> float:
        """Margin of one response."""
        return self.sale * (self.margin - self.discount)


@dataclass(frozen=True)
class Invitation:
    """Whom to invite.

    Attributes
    ----------
    people
        ``customer_id``, `CHANCE` and `ITEMS` of those chosen, the likeliest first; some are held out.
    held
        Shape ``(len(people),)``: who gets nothing, by chance, so that the effect on the others can be told.
    audience, resting
        How many it is for, and how many of them must not be written to now.
    cost, profit
        Shape ``(n + 1,)``: expected when the likeliest 0, 1, ... n are invited, and nobody is held out.
    best
        How many bring the most profit, whatever the budget.
    """

    people: pl.DataFrame
    held: NDArray[np.bool_]
    audience: int
    resting: int
    cost: Doubles
    profit: Doubles
    best: int

    @property
    def invited(self) -> pl.DataFrame:
        """Those who are written to."""
        return self.people.filter(~self.held)


def invitation(
    audience: pl.DataFrame,
    silent: Collection[str],
    worth: Worth,
    campaign: str,
    *,
    budget: float | None = None,
    holdout: float = 0.0,
) -> Invitation:
    """Whom to invite within a budget.

    Parameters
    ----------
    audience
        ``customer_id``, `CHANCE` and `ITEMS`.
    silent
        Pseudonyms of those who must not be written to now.
    worth
        What a response brings and a message costs.
    campaign
        Which, so that every campaign holds out others.
    budget
        Most that messages may cost; None sets no limit.
    holdout
        Share of those chosen who get nothing, 0 to 1.

    Raises
    ------
    InvalidRequest
        The budget is no number from 0, or the share is not from 0 to 1.
    """
    if budget is not None and not budget >= 0:
        raise InvalidRequest(f"budget = {budget}: must be a number, 0 or more.")
    if not 0 <= holdout <= 1:
        raise InvalidRequest(f"holdout = {holdout}: must be between 0 and 1.")
    free = audience.filter(~pl.col(c.CUSTOMER_ID).is_in(list(silent)))
    free = free.sort(CHANCE, c.CUSTOMER_ID, descending=[True, False])
    responses: Doubles = np.append(0.0, np.cumsum(free[CHANCE].to_numpy()))
    cost = np.arange(len(responses), dtype=np.float64) * worth.message
    profit = responses * worth.response - cost
    best = int(np.argmax(profit))
    affordable = best if budget is None or not worth.message else int(budget / worth.message + 1e-9)
    people = free.head(min(best, affordable))
    names = people[c.CUSTOMER_ID].to_list()
    held = np.array([_lot(campaign, name) < holdout for name in names], bool)
    return Invitation(people, held, len(audience), len(audience) - len(free), cost, profit, best)


def _lot(campaign: str, person: str) -> float:
    """A number from 0 to 1 that is the person's for this campaign, and says nothing else of them."""
    digest = hashlib.blake2b(f"{campaign}\x1f{person}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
