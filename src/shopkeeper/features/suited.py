"""Which items of a campaign suit a person: what they bought, what is like it, and what everybody buys."""

from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType
from shopkeeper.data.campaign_log import Campaign, CampaignLog
from shopkeeper.data.customer_log import ITEM, KIND
from shopkeeper.data.dataset import PERSON

_GROUP: Final = "group"
_ROW: Final = "row"
_PAIRS: Final = 1_000_000
"""People times items looked at at once."""


def suited(
    log: CampaignLog, campaign: Campaign, as_of: int, people: pl.Series, k: int
) -> list[tuple[str, ...]]:
    """At most ``k`` items of a campaign for each of some people, the best first.

    Items a person bought come first, by how often; then those of categories they buy, by how often that is;
    among equals what everybody buys most, then by id.

    Parameters
    ----------
    log
        What happened; nothing from ``as_of`` on is looked at.
    campaign
        Whose items.
    as_of
        The moment, epoch milliseconds.
    people
        Pseudonyms, distinct.
    k
        Length of a list.
    """
    group = pl.coalesce(c.CATEGORY2, c.CATEGORY).alias(_GROUP)
    offered = log.offered(campaign.campaign_id).select(c.ITEM_ID, group).unique(c.ITEM_ID, keep="any")
    items = log.customers.items.lazy().select(c.ITEM_ID, group).with_row_index(ITEM)
    lines = (
        log.customers.events.lazy()
        .filter((pl.col(KIND) == int(EventType.purchase)) & (pl.col(c.TIMESTAMP) < as_of))
        .select(PERSON, ITEM)
        .join(items, on=ITEM)
    )
    popular = lines.group_by(c.ITEM_ID).agg(everybody=pl.len()).collect()
    codes = pl.DataFrame({c.CUSTOMER_ID: log.customers.people}).with_row_index(PERSON)
    asked = pl.DataFrame({c.CUSTOMER_ID: people}, {c.CUSTOMER_ID: pl.String}).join(
        codes, on=c.CUSTOMER_ID, how="left", maintain_order="left"
    )
    mine = lines.filter(pl.col(PERSON).is_in(asked[PERSON].drop_nulls().implode())).collect()
    own = mine.group_by(PERSON, c.ITEM_ID).agg(own=pl.len())
    near = mine.group_by(PERSON, _GROUP).agg(near=pl.len())
    shared = offered.join(popular, on=c.ITEM_ID, how="left")
    pairs = _PAIRS // max(len(shared), 1)
    return [row for part in asked.iter_slices(max(pairs, 1)) for row in _ranked(part, shared, own, near, k)]


def _ranked(
    asked: pl.DataFrame, shared: pl.DataFrame, own: pl.DataFrame, near: pl.DataFrame, k: int
) -> list[tuple[str, ...]]:
    """The best items of some people, in their order."""
    best = (
        asked.with_row_index(_ROW)
        .join(shared, how="cross")
        .join(own, on=[PERSON, c.ITEM_ID], how="left")
        .join(near, on=[PERSON, _GROUP], how="left")
        .sort(
            pl.col(_ROW),
            pl.col("own").fill_null(0),
            pl.col("near").fill_null(0),
            pl.col("everybody").fill_null(0),
            c.ITEM_ID,
            descending=[False, True, True, True, False],
        )
        .group_by(_ROW, maintain_order=True)
        .agg(pl.col(c.ITEM_ID).head(k))
    )
    lists = dict(best.iter_rows())
    return [tuple(lists.get(row, ())) for row in range(len(asked))]
