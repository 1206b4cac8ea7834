"""The watch list: who is likely to stay away, what that would cost, and what to do within a budget."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import Actions
from shopkeeper.features.customer import STAGE
from shopkeeper.surfaces.next_action import LEAVE_ALONE, NextAction, affordable, choose, of_kinds

SILENT, STAKE, REASONS = "silent", "stake", "reasons"
"""Probability to buy nothing within the horizon; what a buyer spends in it; why, ``_en`` or ``_zh``."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One person who is likely to stay away.

    Attributes
    ----------
    told
        What to do about them.
    silent
        Probability to buy nothing within the horizon.
    loss
        Sales that are expected to be lost to it, in the shop's currency.
    rests
        Whether they must not be written to now.
    """

    told: NextAction
    silent: float
    loss: float
    rests: bool


@dataclass(frozen=True, slots=True)
class WatchList:
    """Who is likely to stay away.

    Attributes
    ----------
    people
        The greatest loss first.
    loss
        Sales that are expected to be lost, of all of them.
    acted
        How many of them something is done about.
    cost, profit
        Expected, of what is done; profit is what is left of the margin of sales won, after the cost.
    """

    people: tuple[Watched, ...]
    loss: float
    acted: int
    cost: float
    profit: float

    @property
    def saved(self) -> float:
        """Margin of the sales that are expected to be won, before the cost."""
        return self.profit + self.cost

    @property
    def actions(self) -> list[NextAction]:
        """What is done, the greatest loss first."""
        return [one.told for one in self.people if one.told.action != LEAVE_ALONE]


def watch(
    people: pl.DataFrame,
    silent: Collection[str],
    terms: Actions,
    *,
    threshold: float,
    budget: float | None = None,
    only: str | None = None,
    language: str = "en",
) -> WatchList:
    """The watch list within a budget.

    Parameters
    ----------
    people
        Columns of `next_action.choose`, ``customer_id``, `SILENT`, `STAKE` and `REASONS`.
    silent
        Pseudonyms of those who must not be written to now.
    terms
        Costs and effects.
    threshold
        Least probability to buy nothing.
    budget
        Most that all actions may cost; None sets no limit.
    only
        Kinds of actions, with commas between; all where None. Others are left alone.
    language
        Of reasons, ``en`` or ``zh``.

    Raises
    ------
    InvalidRequest
        The budget is negative or no number, or there is no such kind.
    """
    risky = people.filter(pl.col(SILENT) >= threshold)
    chance, stake = risky[SILENT].to_numpy(), risky[STAKE].to_numpy()
    choices = choose(risky, 1 - chance, stake, terms)
    rows = zip(
        risky[c.CUSTOMER_ID].to_list(),
        choices.actions,
        choices.profit.tolist(),
        choices.cost.tolist(),
        (1 - chance).tolist(),
        risky[STAGE].to_list(),
        map(tuple, risky[f"{REASONS}_{language}"].to_list()),
        strict=True,
    )
    found = [NextAction(*row) for row in rows]
    kept = {one.customer_id for one in of_kinds(found, only)} - set(silent)
    alone = [one if one.customer_id in kept else _left(one) for one in found]
    told = {one.customer_id: one for one in affordable(alone, budget)}
    loss = dict(zip(risky[c.CUSTOMER_ID].to_list(), (chance * stake).tolist(), strict=True))
    watched = [Watched(one, 1 - one.probability, loss[name], name in silent) for name, one in told.items()]
    watched.sort(key=lambda one: (-one.loss, one.told.customer_id))
    return WatchList(
        tuple(watched),
        float(sum(loss.values())),
        sum(one.action != LEAVE_ALONE for one in told.values()),
        sum(one.expected_cost for one in told.values()),
        sum(one.expected_profit for one in told.values()),
    )


def _left(one: NextAction) -> NextAction:
    return NextAction(one.customer_id, LEAVE_ALONE, 0.0, 0.0, one.probability, one.stage, one.reasons)
