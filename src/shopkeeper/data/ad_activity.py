"""What was shown of each advert on a day, hour by hour, what that cost, and how often it was clicked."""

import sqlite3
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.schema import DECISIONS, EVENTS

MOST: Final = 200_000
"""Answers that are looked at: the newest of the day."""
HOUR, SHOWINGS, CLICKS, CHARGES = "hour", "showings", "clicks", "charges"
_KINDS: Final = {
    "ad_id": pl.String,
    HOUR: pl.Int64,
    SHOWINGS: pl.Int64,
    CHARGES: pl.Int64,
    CLICKS: pl.Int64,
}


def ad_activity(connection: sqlite3.Connection, day: int, surface: str, most: int = MOST) -> pl.DataFrame:
    """Showings of adverts on a day.

    Parameters
    ----------
    day
        Days since the epoch, UTC.
    surface
        Under which answers with adverts are logged.
    most
        Answers that are looked at, the newest.

    Returns
    -------
    ``ad_id``, `HOUR` (0 to 23, UTC), `SHOWINGS`, `CHARGES` (millionths of the currency) and `CLICKS`:
    showings that a ``select_promotion`` with their request id followed.
    """
    clicked = (
        f"EXISTS (SELECT 1 FROM {EVENTS} e WHERE e.{c.REQUEST_ID} = d.{c.REQUEST_ID} "
        f"AND e.{c.EVENT_TYPE} = '{EventType.select_promotion.name}' "
        f"AND coalesce(e.{c.PROMOTION_ID}, e.{c.ITEM_ID}) = item.value)"
    )
    rows = connection.execute(
        f"SELECT item.value, d.{c.TIMESTAMP} / 3600000 % 24, count(*), sum(charge.value), sum({clicked}) "
        f"FROM (SELECT * FROM {DECISIONS} WHERE {c.SURFACE} = ? AND {c.TIMESTAMP} >= ? AND {c.TIMESTAMP} < ? "
        f"ORDER BY {c.SEQ} DESC LIMIT ?) d, json_each(d.{c.SHOWN}) shelf, "
        f"json_each(shelf.value, '$.{c.ITEM_ID}') item "
        f"JOIN json_each(shelf.value, '$.{c.CHARGE}') charge ON charge.key = item.key "
        "GROUP BY 1, 2 ORDER BY 1, 2",
        (surface, day * DAY_MS, (day + 1) * DAY_MS, most),
    )
    return pl.DataFrame(rows.fetchall(), _KINDS, orient="row")
