"""Campaigns as a marketer sees them: who is likely to take one up."""

from dataclasses import dataclass

from shopkeeper.data.campaign_log import CampaignLog
from shopkeeper.propensity.examples import Progress
from shopkeeper.propensity.response import respond


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
