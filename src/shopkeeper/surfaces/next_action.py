"""What to do about each customer next: the action with the highest expected profit, doing nothing included.

With p the probability that a customer buys within the horizon anyway, s what they spend if they do, m the
margin, e the effect of an action (the share of the others whom it brings), d its discount and k its cost:

    profit = (1 - p) e s (m - d) - p s d - k

An offer to somebody who buys anyway is given away; so few offers go to regulars, and none where p is high.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core.config import Actions
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.features.customer import STAGE
from shopkeeper.features.visits import FREQUENCY, OVERDUE

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NextAction:
    """What to do about one customer.

    Attributes
    ----------
    customer_id
        Pseudonym, or the shop's own id where the shop brought its ids along.
    action
        One of `ACTIONS`.
    expected_profit, expected_cost
        Over doing nothing, in the shop's currency.
    probability
        To buy within the horizon without any action.
    stage
        Place in the life of a customer.
    reasons
        For the probability, in words.
    """

    customer_id: str
    action: str
    expected_profit: float
    expected_cost: float
    probability: float
    stage: str
    reasons: tuple[str, ...]


LEAVE_ALONE: Final = "leave alone"
ACTIONS: Final = (LEAVE_ALONE, "recommend", "remind", "offer", "win back")
"""Where two bring the same, the first one is chosen."""
_RHYTHM: Final = 3
"""Visits from which on there is a rhythm to remind of."""
_DUE: Final = 0.5
"""Share of the longest usual gap after which a reminder is no nuisance."""


@dataclass(frozen=True)
class Choices:
    """An action for each of ``n`` customers.

    Attributes
    ----------
    actions
        One of `ACTIONS` each.
    profit
        Shape ``(n,)``: expected profit of the action over doing nothing, in the shop's currency.
    cost
        Shape ``(n,)``: what it is expected to cost, discounts included.
    """

    actions: tuple[str, ...]
    profit: Doubles
    cost: Doubles


def choose(profiles: pl.DataFrame, buys: Doubles, spend: Doubles, terms: Actions) -> Choices:
    """The best action for each customer.

    Parameters
    ----------
    profiles
        A row a customer, see `features.customer.profiles`.
    buys
        Shape ``(n,)``: probability to buy within the horizon without any action.
    spend
        Shape ``(n,)``: what each spends within it, if they buy.
    terms
        Costs and effects.
    """
    stage = profiles[STAGE].to_numpy()
    away = np.isin(stage, ("at risk", "lapsed"))
    due = (profiles[FREQUENCY].to_numpy() >= _RHYTHM) & (profiles[OVERDUE].fill_null(0).to_numpy() >= _DUE)
    everybody = np.ones(len(profiles), bool)
    asked = (
        (everybody, terms.recommend_effect, 0.0),
        (due & (stage != "lapsed"), terms.remind_effect, 0.0),
        (everybody, terms.offer_effect, terms.offer_discount),
        (away, terms.win_back_effect, terms.win_back_discount),
    )
    profits, costs = [np.zeros(len(profiles))], [np.zeros(len(profiles))]
    for may, effect, discount in asked:
        brought = (1 - buys) * effect * spend
        given = (brought + buys * spend) * discount
        cost = given + terms.message_cost
        profits.append(np.where(may, brought * terms.margin - cost, -np.inf))
        costs.append(cost)
    best = np.argmax(profits, axis=0)
    rows = np.arange(len(profiles))
    return Choices(
        tuple(ACTIONS[at] for at in best), np.array(profits)[best, rows], np.array(costs)[best, rows]
    )


def affordable(actions: Sequence[NextAction], budget: float | None) -> list[NextAction]:
    """The actions worth most for their cost, as many as a budget allows; the others are left alone.

    Raises
    ------
    InvalidRequest
        The budget is negative or no number.
    """
    if budget is not None and not budget >= 0:
        raise InvalidRequest(f"budget = {budget}: must be a number, 0 or more.")
    left = np.inf if budget is None else budget
    kept: list[NextAction] = []
    for one in sorted(actions, key=lambda one: -one.expected_profit / max(one.expected_cost, 1e-9)):
        if one.action != LEAVE_ALONE and one.expected_cost <= left:
            left -= one.expected_cost
            kept.append(one)
        else:
            kept.append(replace(one, action=LEAVE_ALONE, expected_profit=0.0, expected_cost=0.0))
    return sorted(kept, key=lambda one: (-one.expected_profit, one.customer_id))


def of_kinds(actions: Sequence[NextAction], kinds: str | None) -> list[NextAction]:
    """Those of the kinds named with commas between; all where none is named.

    Raises
    ------
    InvalidRequest
        There is no such kind.
    """
    asked = ACTIONS if kinds is None else tuple(kind.strip() for kind in kinds.split(","))
    unknown = [kind for kind in asked if kind not in ACTIONS]
    if unknown:
        raise InvalidRequest(
            f"only = {kinds!r}: there is no action {unknown[0]!r}.", hint=f"There are {', '.join(ACTIONS)}."
        )
    return [one for one in actions if one.action in asked]
