"""Customers facing a campaign: coupons, campaigns before, and how much of what they buy it is for.

Everything is as of a moment; the columns are logarithms, ready for a line.
"""

from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.campaign_log import Campaign, CampaignLog
from shopkeeper.data.customer_log import AMOUNT, COUPONED, DISCOUNTED, ITEM, KIND, CustomerLog
from shopkeeper.data.dataset import PERSON

_MONTH: Final = 28
_RECENT: Final = 56
_LEAST_SHARE: Final = 0.01
_DAY: Final = "day"
_PRIOR: Final = (0.3, 3.0)
"""Responses and campaigns that everybody is credited with beforehand: one of ten."""
_COUPON_PRIOR: Final = (1.0, 50.0)
"""The same of lines with a coupon, and of all lines."""


def facing(log: CampaignLog, campaign: Campaign, as_of: int, people: pl.Series) -> pl.DataFrame:
    """What is known of some customers, facing a campaign, before a moment.

    Parameters
    ----------
    log
        What happened; nothing from ``as_of`` on is looked at.
    campaign
        What they face.
    as_of
        The moment, epoch milliseconds.
    people
        Pseudonyms, distinct.

    Returns
    -------
    A row each, in their order; columns of numbers alone. Counts are by 28 days of the log, recency in days
    (of what never happened, the length of the log), both as ``log(1 + n)``; shares as logarithms where they
    say so. ``kind`` and what is the same for everybody are not among them; see `about`.
    """
    codes = pl.DataFrame({c.CUSTOMER_ID: log.customers.people, PERSON: _codes(log.customers)})
    codes = codes.with_columns(_told(log.customers))
    asked = pl.DataFrame({c.CUSTOMER_ID: people.cast(pl.String)})
    asked = asked.join(codes, on=c.CUSTOMER_ID, how="left", maintain_order="left")
    bought = _purchases(log.customers, as_of, asked[PERSON].drop_nulls())
    offered = log.offered(campaign.campaign_id)
    for table in (_habits(bought), _overlap(bought, offered)):
        asked = asked.join(table, on=PERSON, how="left", maintain_order="left")
    past = _responses(log, campaign, as_of)
    asked = asked.join(past, on=c.CUSTOMER_ID, how="left", maintain_order="left")
    observed = max((as_of - log.customers.start) / DAY_MS, _MONTH)
    return asked.select(_numbers(observed, max(offered[c.COUPON].n_unique(), 1)))


def about(log: CampaignLog, campaign: Campaign) -> dict[str, float]:
    """What is the same for everybody who faces a campaign: how many coupons and items, as logarithms."""
    offered = log.offered(campaign.campaign_id)
    return {
        "campaign_coupons": float(np.log1p(offered[c.COUPON].n_unique())),
        "campaign_items": float(np.log1p(offered[c.ITEM_ID].n_unique())),
    }


def _codes(log: CustomerLog) -> pl.Series:
    return pl.int_range(len(log.people), dtype=pl.UInt32, eager=True)


def _told(log: CustomerLog) -> pl.Series:
    """Share of the attributes that each customer told."""
    if not log.attributes.fields:
        return pl.Series("told", np.zeros(len(log.people)))
    return pl.Series("told", (log.person_attributes >= 0).mean(axis=1))


def _purchases(log: CustomerLog, as_of: int, people: pl.Series) -> pl.DataFrame:
    """Lines bought before a moment by some people: what, when, with what discount."""
    own = (
        (pl.col(KIND) == int(EventType.purchase))
        & (pl.col(c.TIMESTAMP) < as_of)
        & pl.col(PERSON).is_in(people.implode())
    )
    ago = (as_of - pl.col(c.TIMESTAMP)) / DAY_MS
    return (
        log.events.lazy()
        .filter(own)
        .select(PERSON, ITEM, AMOUNT, DISCOUNTED, COUPONED, ago.alias("ago"), ago.floor().alias(_DAY))
        .join(log.items.lazy().select(c.ITEM_ID, c.CATEGORY, c.CATEGORY2).with_row_index(ITEM), on=ITEM)
        .with_columns(_finest())
        .collect()
    )


def _finest() -> pl.Expr:
    """The narrower of the two categories that is known."""
    return pl.coalesce(c.CATEGORY2, c.CATEGORY).alias("group")


def _habits(bought: pl.DataFrame) -> pl.DataFrame:
    month, recent = pl.col("ago") <= _MONTH, pl.col("ago") <= _RECENT
    amount = pl.col(AMOUNT).fill_null(0.0)
    return bought.group_by(PERSON).agg(
        lines=pl.len(),
        visits=pl.col(_DAY).n_unique(),
        visits_28d=pl.col(_DAY).filter(month).n_unique(),
        spend=amount.sum(),
        spend_28d=amount.filter(month).sum(),
        recency=pl.col("ago").min(),
        discounted=(amount * pl.col(DISCOUNTED)).sum(),
        coupon_lines=pl.col(COUPONED).sum(),
        coupon_lines_56d=(pl.col(COUPONED) & recent).sum(),
        coupon_visits=pl.col(_DAY).filter(COUPONED).n_unique(),
        coupon_recency=pl.col("ago").filter(COUPONED).min(),
    )


def _overlap(bought: pl.DataFrame, offered: pl.DataFrame) -> pl.DataFrame:
    """What people bought of a campaign's items, of their categories, and of how many of its coupons."""
    recent = pl.col("ago") <= _RECENT
    items = offered.select(c.ITEM_ID).unique()
    groups = offered.select(_finest()).drop_nulls().unique()
    own = bought.join(items, on=c.ITEM_ID, how="semi")
    table = own.group_by(PERSON).agg(
        item_lines=pl.len(),
        item_days=pl.col(_DAY).n_unique(),
        item_lines_56d=recent.sum(),
        item_recency=pl.col("ago").min(),
        item_coupons=pl.col(COUPONED).sum(),
        item_coupon_recency=pl.col("ago").filter(COUPONED).min(),
    )
    near = bought.join(groups, on="group", how="semi")
    likely = near.group_by(PERSON).agg(
        group_lines=pl.len(), group_recency=pl.col("ago").min(), group_coupons=pl.col(COUPONED).sum()
    )
    fitting = own.join(offered.select(c.ITEM_ID, c.COUPON).unique(), on=c.ITEM_ID)
    fitting = fitting.group_by(PERSON, c.COUPON).agg(days=pl.col(_DAY).n_unique(), lately=recent.any())
    coupons = fitting.group_by(PERSON).agg(
        fits=pl.len(), fits_often=(pl.col("days") >= 4).sum(), fits_lately=pl.col("lately").sum()
    )
    return likely.join(table, on=PERSON, how="left").join(coupons, on=PERSON, how="left")


def _responses(log: CampaignLog, campaign: Campaign, as_of: int) -> pl.DataFrame:
    """How people took campaigns that started before this one, and before a moment."""
    until = as_of if campaign.starts_at is None else min(as_of, campaign.starts_at)
    earlier = [
        one.campaign_id for one in log.campaigns if one.starts_at is not None and one.starts_at < until
    ]
    known = pl.col(c.CAMPAIGN_ID).is_in(earlier)
    got = log.audience.filter(known).group_by(c.CUSTOMER_ID).agg(received=pl.len())
    taken = log.responses.filter(known & (pl.col(c.TIMESTAMP) < as_of)).with_columns(
        ago=(as_of - pl.col(c.TIMESTAMP)) / DAY_MS
    )
    took = taken.group_by(c.CUSTOMER_ID).agg(
        responses=pl.len(),
        responded=pl.col(c.CAMPAIGN_ID).n_unique(),
        responses_56d=(pl.col("ago") <= _RECENT).sum(),
        response_recency=pl.col("ago").min(),
    )
    return got.join(took, on=c.CUSTOMER_ID, how="full", coalesce=True)


_BY_MONTH: Final = (
    "visits",
    "spend",
    "coupon_lines",
    "coupon_visits",
    "item_lines",
    "item_days",
    "group_lines",
    "item_coupons",
    "group_coupons",
)
_COUNTS: Final = (
    "visits_28d",
    "spend_28d",
    "coupon_lines_56d",
    "item_lines_56d",
    "fits",
    "fits_often",
    "fits_lately",
    "received",
    "responses",
    "responded",
    "responses_56d",
)
_RECENCIES: Final = (
    "recency",
    "coupon_recency",
    "item_recency",
    "group_recency",
    "item_coupon_recency",
    "response_recency",
)


def _numbers(observed: float, coupons: int) -> list[pl.Expr]:
    """The columns a model reads, from counts of a log of ``observed`` days."""

    def count(name: str) -> pl.Expr:
        return pl.col(name).fill_null(0).cast(pl.Float64)

    def rate(part: str, whole: str, prior: tuple[float, float]) -> pl.Expr:
        return ((count(part) + prior[0]) / (count(whole) + prior[1])).log()

    lines = count("lines").clip(1)
    columns = {name: (count(name).clip(0) * (_MONTH / observed)).log1p() for name in _BY_MONTH}
    columns |= {name: count(name).clip(0).log1p() for name in _COUNTS}
    columns |= {name: pl.col(name).fill_null(observed).log1p() for name in _RECENCIES}
    columns |= {
        "discount_share": (count("discounted") / count("spend").clip(_LEAST_SHARE)).clip(0, 1),
        "coupon_share": rate("coupon_lines", "lines", _COUPON_PRIOR),
        "coupon_visit_share": rate("coupon_visits", "visits", _PRIOR),
        "item_share": count("item_lines") / lines,
        "group_share": count("group_lines") / lines,
        "item_share_log": (count("item_lines") / lines + _LEAST_SHARE).log(),
        "fits_share": count("fits") / coupons,
        "response_rate": rate("responded", "received", _PRIOR),
        "told": pl.col("told").fill_null(0.0),
    }
    return [column.alias(name) for name, column in columns.items()]
