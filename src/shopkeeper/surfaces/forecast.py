"""Lists of what is ahead of customers, each with reasons and with what to do about it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.data.customer_log import CustomerLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.customer import STAGE
from shopkeeper.features.visits import MONETARY
from shopkeeper.propensity.churn import churn
from shopkeeper.propensity.examples import COMING, Progress
from shopkeeper.propensity.lifetime import lifetime
from shopkeeper.propensity.outlook import Outlook
from shopkeeper.propensity.purchase import TOLD, NextCategory, purchase
from shopkeeper.surfaces.next_action import LEAVE_ALONE, NextAction, affordable, choose


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is ahead of one customer.

    Attributes
    ----------
    customer_id
        Pseudonym, or the shop's own id where the shop brought its ids along.
    probability
        That it comes true within the horizon.
    reasons
        Why, in words, the strongest first.
    action
        What to do next, see `next_action.ACTIONS`.
    """

    customer_id: str
    probability: float
    reasons: tuple[str, ...]
    action: str


@dataclass(frozen=True, slots=True)
class PurchaseForecast(Forecast):
    """Whether one customer buys, what of, and for how much.

    Attributes
    ----------
    next_categories
        The likeliest next, the first first.
    expected_value
        What they are expected to spend within the horizon, in the shop's currency.
    """

    next_categories: tuple[str, ...]
    expected_value: float


def churn_list(
    log: CustomerLog, as_of: int, days: int, config: ShopConfig, progress: Progress
) -> list[Forecast]:
    """Who buys nothing within ``days`` from a moment, the likeliest first; see `propensity.churn`."""
    ahead = churn(log, as_of, days, progress)
    choices = choose(ahead.profiles, 1 - ahead.probability, at_stake(ahead.profiles), config.actions)
    found = [
        Forecast(customer, probability, reasons, action)
        for customer, probability, reasons, action in zip(
            *_told(ahead), ahead.reasons(config.language), choices.actions, strict=True
        )
    ]
    return sorted(found, key=lambda one: -one.probability)


def purchase_list(
    log: CustomerLog, as_of: int, days: int, config: ShopConfig, progress: Progress
) -> list[PurchaseForecast]:
    """Who buys within ``days`` from a moment, the likeliest first; see `propensity.purchase`."""
    ahead = purchase(log, as_of, days, progress)
    _, amounts = lifetime(log, as_of, days, progress)
    categories = next_categories(log, as_of, days, ahead.profiles, progress)
    choices = choose(ahead.profiles, ahead.probability, at_stake(ahead.profiles), config.actions)
    found = [
        PurchaseForecast(customer, probability, reasons, action, told, round(amount, 2))
        for customer, probability, reasons, action, told, amount in zip(
            *_told(ahead),
            ahead.reasons(config.language),
            choices.actions,
            categories,
            amounts.tolist(),
            strict=True,
        )
    ]
    return sorted(found, key=lambda one: -one.probability)


def action_list(
    log: CustomerLog,
    as_of: int,
    days: int,
    config: ShopConfig,
    silent: Collection[str],
    budget: float | None,
    progress: Progress,
) -> list[NextAction]:
    """What to do about everybody who had bought before a moment, the most profitable first.

    Parameters
    ----------
    log, as_of, days, config, progress
        See `outlook.foresee`.
    silent
        Pseudonyms of those who must not be written to now: they rest, or did not consent.
    budget
        Most that all actions may cost; None sets no limit.
    """
    affordable((), budget)
    ahead = purchase(log, as_of, days, progress)
    choices = choose(ahead.profiles, ahead.probability, at_stake(ahead.profiles), config.actions)
    found = [
        NextAction(customer, action, round(profit, 4), round(cost, 4), probability, stage, reasons)
        for customer, probability, action, profit, cost, stage, reasons in zip(
            *_told(ahead),
            choices.actions,
            choices.profit.tolist(),
            choices.cost.tolist(),
            ahead.profiles[STAGE].to_list(),
            ahead.reasons(config.language),
            strict=True,
        )
    ]
    quiet = frozenset(silent)
    rested = [replace(one, **_NOTHING) if one.customer_id in quiet else one for one in found]
    return affordable(rested, budget)


_NOTHING: Final[dict[str, Any]] = {
    "action": LEAVE_ALONE,
    "expected_profit": 0.0,
    "expected_cost": 0.0,
}


def next_categories(
    log: CustomerLog, as_of: int, days: int, profiles: pl.DataFrame, progress: Progress
) -> list[tuple[str, ...]]:
    """The likeliest next categories of each customer; none where the catalogue tells no category."""
    model = NextCategory.fit(log, as_of, days, progress)
    if model is None:
        return [()] * len(profiles)
    ranked = model.rank(log.before(as_of), as_of).filter(pl.col("rank") <= TOLD)
    told = ranked.group_by(PERSON).agg(pl.col(c.CATEGORY))
    lists = profiles.select(PERSON).join(told, on=PERSON, how="left", maintain_order="left")[c.CATEGORY]
    return [tuple(one or ()) for one in lists.to_list()]


def at_stake(profiles: pl.DataFrame) -> NDArray[np.float64]:
    """What each customer spends within the horizon if they buy: visits ahead, one at least, at their mean."""
    visits = np.maximum(profiles[COMING].to_numpy(), 1.0)
    return np.asarray(visits * np.maximum(profiles[MONETARY].fill_null(0.0).to_numpy(), 0.0))


def _told(ahead: Outlook) -> tuple[list[str], list[float]]:
    return ahead.profiles[c.CUSTOMER_ID].to_list(), [round(value, 6) for value in ahead.probability.tolist()]
