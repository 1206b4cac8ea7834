"""Campaigns as what is recommended: goods bought and campaigns taken up in one table, for any recommender.

Goods stand by their narrowest category. Before anybody took up a campaign, its coupons speak for it: each is
a person who bought what the coupon is for, and took up the campaign. Prior knowledge as imagined
observations: Gelman et al. (2013), section 2.4.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType, Longs, Requests
from shopkeeper.data.attributes import UNKNOWN
from shopkeeper.data.campaign_log import CampaignLog
from shopkeeper.data.customer_log import ITEM, KIND
from shopkeeper.data.dataset import PERSON, Dataset, build_dataset
from shopkeeper.data.histories import build_histories

_GOODS, _CAMPAIGN, _COUPON = "goods ", "campaign ", "coupon "
"""What ids of items and people begin with, so that none is taken for another."""
_GROUP: Final = pl.coalesce(c.CATEGORY2, c.CATEGORY, c.ITEM_ID)
_ROW: Final = (PERSON, c.ITEM_ID, c.TIMESTAMP)


def campaign_dataset(log: CampaignLog, as_of: int) -> Dataset:
    """What people bought and which campaigns they took up before a moment.

    Parameters
    ----------
    log
        What happened; nothing from ``as_of`` on is looked at. All its campaigns are among the items, with
        what they offer, whenever they start.
    as_of
        The moment, epoch milliseconds.

    Returns
    -------
    Titles name the goods; ``category`` of a campaign is its kind. A category is bought once a day.
    """
    offers = log.items.select(c.CAMPAIGN_ID, c.COUPON, _group(), c.CATEGORY).unique(maintain_order=True)
    events = pl.concat([_bought(log, as_of), _taken(log, as_of), _told(offers, as_of)])
    known = log.customers
    dataset = build_dataset(events.sort(_ROW), _catalogue(log, offers))
    codes = pl.Series(dataset.people).replace_strict(
        known.people, np.arange(len(known.people)), default=None, return_dtype=pl.Int64
    )
    own = codes.fill_null(0).to_numpy()
    attributes = np.where(codes.is_null().to_numpy()[:, None], UNKNOWN, known.person_attributes[own])
    return replace(dataset, attributes=known.attributes, person_attributes=attributes.astype(np.int32))


def campaign_codes(dataset: Dataset, campaign_ids: list[str]) -> Longs:
    """Which items of a `campaign_dataset` these campaigns are; -1 for one it does not know."""
    return dataset.items.encode([_CAMPAIGN + one for one in campaign_ids]).astype(np.int64)


def campaign_requests(dataset: Dataset, people: pl.Series, as_of: int) -> Requests:
    """What each of some people did before a moment; nothing of whom a `campaign_dataset` does not know."""
    codes = pl.DataFrame({PERSON: dataset.people}).with_row_index("code")
    asked = pl.DataFrame({PERSON: people.cast(pl.String)}).join(
        codes, on=PERSON, how="left", maintain_order="left"
    )
    # Nobody bought anything before the beginning of time.
    before = np.where(asked["code"].is_null().to_numpy(), 0, as_of)
    own = asked["code"].fill_null(0).to_numpy().astype(np.int64)
    attributes = dataset.attributes_of(own)
    attributes[before == 0] = UNKNOWN
    now = np.full(len(people), as_of, np.int64)
    return Requests(build_histories(dataset, own, before), now, attributes=attributes)


def _group() -> pl.Expr:
    return (pl.lit(_GOODS) + _GROUP).alias(c.ITEM_ID)


def _bought(log: CampaignLog, as_of: int) -> pl.DataFrame:
    """Purchases of customers, by category and day."""
    known = log.customers
    goods = known.items.select(_group()).with_row_index(ITEM)
    return (
        known.events.lazy()
        .filter((pl.col(KIND) == int(EventType.purchase)) & (pl.col(c.TIMESTAMP) < as_of))
        .join(goods.lazy(), on=ITEM)
        .group_by(PERSON, c.ITEM_ID, pl.col(c.TIMESTAMP) // DAY_MS * DAY_MS)
        .agg()
        .select(pl.col(PERSON).replace_strict(range(len(known.people)), known.people), c.ITEM_ID, c.TIMESTAMP)
        .collect()
    )


def _taken(log: CampaignLog, as_of: int) -> pl.DataFrame:
    """Campaigns that customers took up, at the first moment."""
    return (
        log.responses.filter(pl.col(c.TIMESTAMP) < as_of)
        .group_by(c.CUSTOMER_ID, c.CAMPAIGN_ID)
        .agg(pl.col(c.TIMESTAMP).min())
        .select(
            pl.col(c.CUSTOMER_ID).alias(PERSON),
            (pl.lit(_CAMPAIGN) + pl.col(c.CAMPAIGN_ID)).alias(c.ITEM_ID),
            c.TIMESTAMP,
        )
    )


def _told(offers: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """What coupons say, as people who took up their campaign after they had bought its goods."""
    who = (pl.lit(_COUPON) + pl.col(c.CAMPAIGN_ID) + " " + pl.col(c.COUPON)).alias(PERSON)
    goods = offers.select(who, c.ITEM_ID, pl.lit(as_of - 2, pl.Int64).alias(c.TIMESTAMP))
    campaign = (pl.lit(_CAMPAIGN) + pl.col(c.CAMPAIGN_ID)).alias(c.ITEM_ID)
    taken = offers.select(who, campaign, pl.lit(as_of - 1, pl.Int64).alias(c.TIMESTAMP))
    return pl.concat([goods, taken]).unique(maintain_order=True)


def _catalogue(log: CampaignLog, offers: pl.DataFrame) -> pl.DataFrame:
    """Goods and campaigns as items; the title of a campaign tells its goods too."""
    sold = log.customers.items.select(_group(), c.CATEGORY)
    goods = pl.concat([sold, offers.select(c.ITEM_ID, c.CATEGORY)]).unique(c.ITEM_ID, keep="any")
    words = pl.col(c.ITEM_ID).str.strip_prefix(_GOODS).alias(c.TITLE)
    listed = offers.group_by(c.CAMPAIGN_ID).agg(words.unique().sort().str.join(" "))
    told = pl.DataFrame(
        [(one.campaign_id, one.title, one.kind or None) for one in log.campaigns],
        {c.CAMPAIGN_ID: pl.String, "name": pl.String, c.CATEGORY: pl.String},
        orient="row",
    ).join(listed, on=c.CAMPAIGN_ID, how="left")
    campaigns = told.select(
        (pl.lit(_CAMPAIGN) + pl.col(c.CAMPAIGN_ID)).alias(c.ITEM_ID),
        c.CATEGORY,
        pl.concat_str("name", c.TITLE, separator=" ", ignore_nulls=True).alias(c.TITLE),
    )
    return pl.concat([goods.with_columns(words), campaigns])
