"""Offers that run at one moment, with their items, read straight from the log's database."""

import sqlite3
from dataclasses import dataclass

from shopkeeper.core import columns as c
from shopkeeper.data.schema import CAMPAIGN_ITEMS, CAMPAIGNS


@dataclass(frozen=True, slots=True)
class Offer:
    """One campaign that runs.

    Attributes
    ----------
    campaign_id, title, kind
        As imported; title and kind are empty where unknown.
    ends_at
        Epoch milliseconds, None where it has no end.
    item_ids
        What it is for, the first of them.
    items
        How many items it is for.
    """

    campaign_id: str
    title: str
    kind: str
    ends_at: int | None
    item_ids: tuple[str, ...]
    items: int


def running_offers(
    connection: sqlite3.Connection, now: int, *, most: int = 12, most_items: int = 60
) -> tuple[Offer, ...]:
    """Campaigns with items that run now, those that end first before the others; at most ``most`` of them."""
    campaigns = connection.execute(
        f"SELECT {c.CAMPAIGN_ID}, coalesce({c.TITLE}, ''), coalesce({c.KIND}, ''), {c.ENDS_AT} "
        f"FROM {CAMPAIGNS} offer WHERE coalesce({c.STARTS_AT}, 0) <= ?1 AND coalesce({c.ENDS_AT}, ?1) >= ?1 "
        f"AND EXISTS (SELECT 1 FROM {CAMPAIGN_ITEMS} own WHERE own.{c.CAMPAIGN_ID} = offer.{c.CAMPAIGN_ID}) "
        f"ORDER BY {c.ENDS_AT} IS NULL, {c.ENDS_AT}, {c.CAMPAIGN_ID} LIMIT ?2",
        (now, most),
    ).fetchall()
    return tuple(
        Offer(name, title, kind, ends_at, *_items(connection, name, most_items))
        for name, title, kind, ends_at in campaigns
    )


def _items(connection: sqlite3.Connection, campaign: str, most: int) -> tuple[tuple[str, ...], int]:
    where = f"FROM {CAMPAIGN_ITEMS} WHERE {c.CAMPAIGN_ID} = ?"
    count = connection.execute(f"SELECT count(DISTINCT {c.ITEM_ID}) {where}", (campaign,)).fetchone()[0]
    rows = connection.execute(f"SELECT DISTINCT {c.ITEM_ID} {where} LIMIT ?", (campaign, most))
    return tuple(item for (item,) in rows), int(count)
