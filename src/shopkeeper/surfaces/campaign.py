"""Campaigns as a marketer sees them: who is likely to take one up, whom to invite, and with which items."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core.config import Actions
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.data.campaign_log import Campaign, CampaignLog
from shopkeeper.features.suited import suited
from shopkeeper.propensity.examples import Progress
from shopkeeper.propensity.response import ResponseModel, audience_of, respond
from shopkeeper.surfaces.quiet import send_at

MOST_INVITED: Final = 1_000
ITEMS_TOLD: Final = 10
"""Items of a campaign that are named to one person."""


@dataclass(frozen=True, slots=True)
class CampaignResponse:
    """What one customer is expected to do with a campaign.

    Attributes
    ----------
    customer_id
        Pseudonym, or the shop's own id where the shop brought its ids along.
    probability
        To take it up.
    """

    customer_id: str
    probability: float


@dataclass(frozen=True, slots=True)
class Invited(CampaignResponse):
    """Somebody whom a campaign should be sent to.

    Attributes
    ----------
    items
        Which of its items suit them, the best first.
    """

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suited:
    """A campaign for one person.

    Attributes
    ----------
    campaign_id, title, kind
        As imported.
    probability
        To take it up.
    items
        Which of its items suit the person, the best first.
    """

    campaign_id: str
    title: str
    kind: str
    probability: float
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to send a campaign to.

    Attributes
    ----------
    campaign_id
        Which.
    as_of
        The moment, epoch milliseconds.
    audience, resting
        How many it is for, and how many of them must not be written to now.
    send_at
        When the quiet hours of the shop are over, epoch milliseconds; ``as_of`` where they are not on.
    expected_responses, expected_cost
        Of those invited; the cost in the shop's currency.
    people
        The likeliest first.
    """

    campaign_id: str
    as_of: int
    send_at: int
    audience: int
    resting: int
    expected_responses: float
    expected_cost: float
    people: tuple[Invited, ...]


def response_list(
    log: CampaignLog, campaign_id: str, as_of: int, learn_until: int | None, progress: Progress
) -> list[CampaignResponse]:
    """Who takes up a campaign, the likeliest first; see `propensity.response.respond`."""
    people, chances = respond(log, campaign_id, as_of, learn_until=learn_until, progress=progress)
    found = [
        CampaignResponse(customer, round(chance, 6))
        for customer, chance in zip(people.to_list(), chances.tolist(), strict=True)
    ]
    return sorted(found, key=lambda one: (-one.probability, one.customer_id))


def plan(
    log: CampaignLog,
    model: ResponseModel,
    campaign: Campaign,
    as_of: int,
    silent: Collection[str],
    terms: Actions,
    *,
    most: int,
    budget: float | None = None,
) -> Plan:
    """Whom to send a campaign to: the likeliest of its audience who may be written to, as money allows.

    Parameters
    ----------
    log, model, campaign, as_of
        See `propensity.response`.
    silent
        Pseudonyms of those who must not be written to now: they rest, or did not consent.
    terms
        What a message costs, and when it is quiet.
    most
        At most so many people.
    budget
        Most that all messages may cost; None sets no limit.

    Raises
    ------
    InvalidRequest
        ``most`` or ``budget`` breaks its rule.
    """
    affordable = _affordable(most, budget, terms.message_cost)
    audience = audience_of(log, campaign, as_of)
    free = audience.filter(~audience.is_in(list(silent)))
    chances = model.probability(log, campaign, as_of, free) if len(free) else np.empty(0)
    order = np.argsort(-chances, kind="stable")[:affordable]
    people, chances = free.gather(order), chances[order]
    items = suited(log, campaign, as_of, people, ITEMS_TOLD)
    invited = tuple(
        Invited(name, round(chance, 6), own)
        for name, chance, own in zip(people.to_list(), chances.tolist(), items, strict=True)
    )
    return Plan(
        campaign.campaign_id,
        as_of,
        send_at(as_of, terms),
        len(audience),
        len(audience) - len(free),
        round(float(chances.sum()), 4),
        round(len(invited) * terms.message_cost, 4),
        invited,
    )


def campaigns_for(log: CampaignLog, model: ResponseModel, person: str, as_of: int, most: int) -> list[Suited]:
    """Campaigns that run now and are for a person, what they rather take up first.

    Parameters
    ----------
    log, model, as_of
        See `propensity.response`.
    person
        Pseudonym.
    most
        At most so many.
    """
    _check_most(most)
    asked = pl.Series([person])
    found = []
    for one in log.campaigns:
        addressed = log.addressed(one.campaign_id)
        if not running(one, as_of) or (len(addressed) and person not in addressed):
            continue
        if len(log.offered(one.campaign_id)):
            chances, rather = model.weighed(log, one, as_of, asked)
            items = suited(log, one, as_of, asked, ITEMS_TOLD)[0]
            suits = Suited(one.campaign_id, one.title, one.kind, round(float(chances[0]), 6), items)
            found.append((-float(rather[0]), one.campaign_id, suits))
    return [suits for _, _, suits in sorted(found, key=lambda one: one[:2])][:most]


def running(campaign: Campaign, as_of: int) -> bool:
    """Whether a campaign runs at a moment; without a date it has no end on that side."""
    began = campaign.starts_at is None or campaign.starts_at <= as_of
    return began and (campaign.ends_at is None or as_of <= campaign.ends_at)


def _affordable(most: int, budget: float | None, cost: float) -> int:
    _check_most(most)
    if budget is None:
        return most
    if not 0 <= budget < float("inf"):
        raise InvalidRequest(f"budget = {budget}: must be a number, 0 or more.")
    return most if cost == 0 else min(most, int(budget / cost + 1e-9))


def _check_most(most: int) -> None:
    if not 1 <= most <= MOST_INVITED:
        raise InvalidRequest(f"k = {most}: must be between 1 and {MOST_INVITED:,}.")
