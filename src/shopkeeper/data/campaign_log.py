"""Campaigns with what they offer, whom they addressed, and who took them up."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import UnknownCampaign
from shopkeeper.core.ports import Catalogue, EventLog
from shopkeeper.core.types import EventType
from shopkeeper.data.customer_log import READ, CustomerLog, build_customer_log
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.derived import completed
from shopkeeper.privacy.identity import SESSION_PREFIX

CAMPAIGN_READ: Final = (*READ, c.PROMOTION_ID)
"""What is read of the log."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign.

    Attributes
    ----------
    campaign_id, title, kind
        As imported; title and kind are empty where unknown.
    starts_at, ends_at
        Epoch milliseconds; the first moment and the last, None where they are not told.
    """

    campaign_id: str
    title: str
    kind: str
    starts_at: int | None
    ends_at: int | None


@dataclass(frozen=True)
class CampaignLog:
    """What a shop knows of its campaigns.

    Attributes
    ----------
    customers
        What customers did.
    campaigns
        By rising start, those without one last.
    items
        ``campaign_id``, ``item_id``, ``coupon`` (empty where there is none), ``category`` and ``category2``.
    audience
        ``campaign_id`` and ``customer_id`` of those addressed; none for a campaign that is for everybody.
    responses
        ``campaign_id``, ``customer_id``, ``timestamp``, ``coupon`` and ``item_id``: a selected promotion, or
        a purchase with the campaign's coupon or in its name, while it ran.
    """

    customers: CustomerLog
    campaigns: tuple[Campaign, ...]
    items: pl.DataFrame
    audience: pl.DataFrame
    responses: pl.DataFrame

    def campaign(self, campaign_id: str) -> Campaign:
        """One campaign.

        Raises
        ------
        UnknownCampaign
            There is none of this id.
        """
        for one in self.campaigns:
            if one.campaign_id == campaign_id:
                return one
        raise UnknownCampaign(
            f"campaign_id = {campaign_id!r} is none of the {len(self.campaigns)} campaigns of the shop.",
            hint="Import it with: shopkeeper import FILE --shop DIR --kind campaigns",
        )

    def offered(self, campaign_id: str) -> pl.DataFrame:
        """What one campaign is for, rows of `items`."""
        return self.items.filter(pl.col(c.CAMPAIGN_ID) == campaign_id)

    def addressed(self, campaign_id: str) -> pl.Series:
        """Pseudonyms of those whom one campaign is for, rising; empty where it is for everybody."""
        return self.audience.filter(pl.col(c.CAMPAIGN_ID) == campaign_id)[c.CUSTOMER_ID].unique().sort()


def read_campaign_log(log: EventLog, catalogue: Catalogue) -> CampaignLog:
    """Everything the shop knows of its campaigns, and what its customers did."""
    events = log.scan(CAMPAIGN_READ).filter(~pl.col(PERSON).str.starts_with(SESSION_PREFIX))
    items = completed(catalogue.items())
    return build_campaign_log(
        events,
        build_customer_log(events, items, catalogue.customers()),
        catalogue.campaigns(),
        catalogue.campaign_items().join(
            items.select(c.ITEM_ID, c.CATEGORY, c.CATEGORY2), on=c.ITEM_ID, how="left", maintain_order="left"
        ),
        catalogue.campaign_customers(),
    )


def build_campaign_log(
    events: pl.DataFrame,
    customers: CustomerLog,
    campaigns: pl.DataFrame,
    items: pl.DataFrame,
    audience: pl.DataFrame,
) -> CampaignLog:
    """Build from frames.

    Parameters
    ----------
    events
        Columns `CAMPAIGN_READ`.
    customers
        The same, as a log of customers.
    campaigns
        A row a campaign, in `columns.CAMPAIGN_COLUMNS`.
    items, audience
        See `CampaignLog`.
    """
    told = campaigns.sort(c.STARTS_AT, c.CAMPAIGN_ID, nulls_last=True)
    found = tuple(
        Campaign(row[c.CAMPAIGN_ID], row[c.TITLE] or "", row[c.KIND] or "", row[c.STARTS_AT], row[c.ENDS_AT])
        for row in told.iter_rows(named=True)
    )
    return CampaignLog(customers, found, items, audience, _responses(events, campaigns, items))


def _responses(events: pl.DataFrame, campaigns: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    bought = pl.col(c.EVENT_TYPE) == EventType.purchase.name
    taken = events.filter(bought | (pl.col(c.EVENT_TYPE) == EventType.select_promotion.name)).select(
        pl.col(PERSON).alias(c.CUSTOMER_ID), c.TIMESTAMP, c.COUPON, c.ITEM_ID, c.PROMOTION_ID, c.EVENT_TYPE
    )
    named = taken.filter(pl.col(c.PROMOTION_ID).is_not_null()).rename({c.PROMOTION_ID: c.CAMPAIGN_ID})
    coupons = items.filter(pl.col(c.COUPON) != "").select(c.CAMPAIGN_ID, c.COUPON).unique()
    by_coupon = taken.filter(bought & pl.col(c.PROMOTION_ID).is_null()).join(coupons, on=c.COUPON)
    columns = (c.CAMPAIGN_ID, c.CUSTOMER_ID, c.TIMESTAMP, c.COUPON, c.ITEM_ID)
    dates = campaigns.select(c.CAMPAIGN_ID, c.STARTS_AT, c.ENDS_AT)
    when = pl.col(c.TIMESTAMP)
    ran = (when >= pl.col(c.STARTS_AT)).fill_null(value=True) & (when <= pl.col(c.ENDS_AT)).fill_null(
        value=True
    )
    return (
        pl.concat([named.select(columns), by_coupon.select(columns)])
        .filter(pl.col(c.CUSTOMER_ID).is_not_null())
        .join(dates, on=c.CAMPAIGN_ID)
        .filter(ran)
        .select(columns)
        .sort(columns)
    )
