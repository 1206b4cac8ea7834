"""Whom to treat for the most expected incremental profit under a budget.

With t the effect on somebody, b the probability that they do it when treated, w what the outcome is worth, d
what each outcome of a treated person costs (the coupon is redeemed whether it was needed or not) and c what
treating costs:

    profit = w t - d b - c        spending = d b + c

People are taken by profit over spending (Dantzig 1957, Discrete-variable extremum problems) as far as the
budget reaches: at most the profit of one person short of the best plan there is.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Longs

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an outcome is worth and what it costs to bring about, in one currency.

    Attributes
    ----------
    worth
        Of one outcome.
    cost
        Of treating one person.
    discount
        Of each outcome of a treated person.
    budget
        Most that may be spent; None for no limit.

    Raises
    ------
    InvalidRequest
        A number is not finite, the worth or the budget not above zero, or a cost below zero.
    """

    worth: float = 1.0
    cost: float = 0.0
    discount: float = 0.0
    budget: float | None = None

    def __post_init__(self) -> None:
        above = {"worth": self.worth} | ({} if self.budget is None else {"budget": self.budget})
        for name, value in above.items():
            if not math.isfinite(value) or value <= 0:
                raise InvalidRequest(
                    f"{name} = {value}: must be a number above 0.", hint="Give it in the shop's currency."
                )
        for name, value in {"cost": self.cost, "discount": self.discount}.items():
            if not math.isfinite(value) or value < 0:
                raise InvalidRequest(
                    f"{name} = {value}: must be a number, and not below 0.",
                    hint="Leave it out where there is none.",
                )

    def profit(self, effect: Doubles, treated: Doubles) -> Doubles:
        """Expected profit of treating each, from the effect and the chance of the outcome when treated."""
        return self.worth * effect - self.spending(treated)

    def spending(self, treated: Doubles) -> Doubles:
        """Expected spending on each, from the probability of the outcome when treated."""
        return self.discount * treated + self.cost


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to treat.

    Attributes
    ----------
    rows
        Places of the chosen, the most profit for the money first.
    profit, spending
        Expected, of all of them.
    """

    rows: Longs
    profit: float
    spending: float


def plan(effect: Doubles, treated: Doubles, terms: Terms) -> Plan:
    """Choose among ``n`` people.

    Parameters
    ----------
    effect
        Shape ``(n,)``: expected outcome treated less untreated.
    treated
        Shape ``(n,)``: expected outcome treated.
    terms
        What it is worth and costs.
    """
    profit, spending = terms.profit(effect, treated), terms.spending(treated)
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.argsort(-np.where(spending > 0, profit / spending, np.inf), kind="stable")
    order = order[profit[order] > 0]
    left, chosen = math.inf if terms.budget is None else terms.budget, []
    for row, price in zip(order.tolist(), spending[order].tolist(), strict=True):
        if price <= left:
            left -= price
            chosen.append(row)
    rows = np.array(chosen, np.int64)
    return Plan(rows, float(profit[rows].sum()), float(spending[rows].sum()))
