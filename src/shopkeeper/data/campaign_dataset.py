"""Campaigns as what is recommended: goods bought and campaigns taken up in one table, for any recommender.

Goods stand by their narrowest category, and campaigns name theirs.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType, Ints, Longs, Requests
from shopkeeper.data.attributes import UNKNOWN
from shopkeeper.data.campaign_log import CampaignLog
from shopkeeper.data.customer_log import ITEM, KIND, CustomerLog
from shopkeeper.data.dataset import PERSON, Dataset, build_dataset
from shopkeeper.data.histories import build_histories

OFFERED: Final = "offered"
"""Column of items: ids of the goods a campaign is for; null for goods themselves."""
_GOODS, _CAMPAIGN = "goods ", "campaign "
"""What ids begin with, so that none is taken for another."""
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
    events = pl.concat([_bought(log, as_of), _taken(log, as_of)]).sort(_ROW)
    dataset = build_dataset(events, _catalogue(log))
    people = pl.Series(dataset.people, dtype=pl.String)
    return replace(
        dataset, attributes=log.customers.attributes, person_attributes=_attributes(log.customers, people)
    )


def campaign_codes(dataset: Dataset, campaign_ids: list[str]) -> Ints:
    """Which items of a `campaign_dataset` these campaigns are; -1 for one it does not know."""
    return dataset.items.encode([_CAMPAIGN + one for one in campaign_ids])


def campaign_requests(log: CampaignLog, dataset: Dataset, people: pl.Series, as_of: int) -> Requests:
    """What some people did before a moment, over the items of a `campaign_dataset`; people are distinct."""
    events = pl.concat([_bought(log, as_of, people), _taken(log, as_of, people)]).sort(_ROW)
    # A row of nobody's at the end is whoever did nothing.
    own = build_dataset(events).over(dataset.items)
    own = replace(own, people=(*own.people, ""))
    codes = _places(people, pl.Series(own.people[:-1], dtype=pl.String))
    codes[codes < 0] = len(own.people) - 1
    now = np.full(len(people), as_of, np.int64)
    return Requests(build_histories(own, codes, now), now, attributes=_attributes(log.customers, people))


def _places(values: pl.Series, domain: pl.Series) -> Longs:
    """Position of each value among distinct ones; -1 for one that is not there."""
    places = pl.DataFrame({"value": domain}).with_row_index("place")
    asked = pl.DataFrame({"value": values.cast(pl.String)})
    found = asked.join(places, on="value", how="left", maintain_order="left")["place"]
    return found.cast(pl.Int64).fill_null(-1).to_numpy().copy()


def _attributes(known: CustomerLog, people: pl.Series) -> Ints:
    """Codes of what is known of people; of strangers nothing."""
    unknown = np.full((1, len(known.attributes.fields)), UNKNOWN, np.int32)
    return np.vstack([known.person_attributes, unknown])[_places(people, known.people)]


def _group() -> pl.Expr:
    return (pl.lit(_GOODS) + _GROUP).alias(c.ITEM_ID)


def _bought(log: CampaignLog, as_of: int, people: pl.Series | None = None) -> pl.DataFrame:
    """Purchases of these customers, or of all, by category and day."""
    known = log.customers
    asked = range(len(known.people)) if people is None else _places(people, known.people)
    goods = known.items.select(_group()).with_row_index(ITEM)
    return (
        known.events.lazy()
        .filter((pl.col(KIND) == int(EventType.purchase)) & (pl.col(c.TIMESTAMP) < as_of))
        .filter(pl.col(PERSON).is_in(asked))
        .join(goods.lazy(), on=ITEM)
        .group_by(PERSON, c.ITEM_ID, pl.col(c.TIMESTAMP) // DAY_MS * DAY_MS)
        .agg()
        .select(pl.col(PERSON).replace_strict(range(len(known.people)), known.people), c.ITEM_ID, c.TIMESTAMP)
        .collect()
    )


def _taken(log: CampaignLog, as_of: int, people: pl.Series | None = None) -> pl.DataFrame:
    """Campaigns that these customers, or all, took up, at the first moment."""
    responses = log.responses.filter(pl.col(c.TIMESTAMP) < as_of)
    if people is not None:
        responses = responses.filter(pl.col(c.CUSTOMER_ID).is_in(people.implode()))
    return (
        responses.group_by(c.CUSTOMER_ID, c.CAMPAIGN_ID)
        .agg(pl.col(c.TIMESTAMP).min())
        .select(
            pl.col(c.CUSTOMER_ID).alias(PERSON),
            (pl.lit(_CAMPAIGN) + pl.col(c.CAMPAIGN_ID)).alias(c.ITEM_ID),
            c.TIMESTAMP,
        )
    )


def _catalogue(log: CampaignLog) -> pl.DataFrame:
    """Goods and campaigns as items; the title of a campaign tells its goods too."""
    words = pl.col(c.ITEM_ID).str.strip_prefix(_GOODS)
    offers = log.items.select(c.CAMPAIGN_ID, _group(), c.CATEGORY)
    sold = log.customers.items.select(_group(), c.CATEGORY)
    goods = pl.concat([sold, offers.drop(c.CAMPAIGN_ID)]).unique(c.ITEM_ID, keep="any")
    listed = offers.group_by(c.CAMPAIGN_ID).agg(
        pl.col(c.ITEM_ID).unique().sort().alias(OFFERED), words.unique().sort().str.join(" ").alias("words")
    )
    told = pl.DataFrame(
        [(one.campaign_id, one.title, one.kind or None) for one in log.campaigns],
        {c.CAMPAIGN_ID: pl.String, c.TITLE: pl.String, c.CATEGORY: pl.String},
        orient="row",
    ).join(listed, on=c.CAMPAIGN_ID, how="left")
    campaigns = told.select(
        (pl.lit(_CAMPAIGN) + pl.col(c.CAMPAIGN_ID)).alias(c.ITEM_ID),
        c.CATEGORY,
        pl.concat_str(c.TITLE, "words", separator=" ", ignore_nulls=True),
        OFFERED,
    )
    return pl.concat([goods.with_columns(words.alias(c.TITLE)), campaigns], how="diagonal")
