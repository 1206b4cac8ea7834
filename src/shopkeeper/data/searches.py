"""What people went on to after they searched: the words they typed, and the items they then looked at."""

from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType
from shopkeeper.data.dataset import PERSON

COLUMNS: Final = (PERSON, c.EVENT_TYPE, c.ITEM_ID, c.TIMESTAMP, c.SEARCH_TERM)
"""What is read of the log."""
SEARCH: Final = "search"
"""Number of a search."""
_ANSWERS: Final = [
    EventType.select_item.name,
    EventType.view_item.name,
    EventType.add_to_cart.name,
    EventType.purchase.name,
]
_VISIT_MS: Final = 30 * 60_000
"""How long after a search what is looked at may be owed to it."""


def clicked(events: pl.DataFrame) -> pl.DataFrame:
    """Items looked at after a search, within half an hour and before the same person searched again.

    Parameters
    ----------
    events
        `COLUMNS` of the log.

    Returns
    -------
    pl.DataFrame
        `SEARCH`, ``search_term``, ``item_id``, and ``timestamp`` of the search, by which rows rise; an item
        stands once for each search.
    """
    is_search = pl.col(c.EVENT_TYPE) == EventType.search.name
    asked = {
        "asked": pl.when(is_search).then(c.TIMESTAMP),
        "term": pl.when(is_search).then(pl.col(c.SEARCH_TERM).fill_null("")),
    }
    known = events.filter(pl.col(PERSON).is_not_null()).sort(PERSON, c.TIMESTAMP, maintain_order=True)
    told = known.with_columns(
        is_search.cum_sum().alias(SEARCH),
        *(column.forward_fill().over(PERSON).alias(name) for name, column in asked.items()),
    )
    after = told.filter(
        pl.col(c.EVENT_TYPE).is_in(_ANSWERS),
        pl.col(c.ITEM_ID).is_not_null(),
        pl.col("term").str.strip_chars() != "",
        pl.col(c.TIMESTAMP) - pl.col("asked") <= _VISIT_MS,
    )
    once = after.unique([SEARCH, c.ITEM_ID], keep="first", maintain_order=True)
    return once.sort("asked", maintain_order=True).select(
        SEARCH, pl.col("term").alias(c.SEARCH_TERM), c.ITEM_ID, pl.col("asked").alias(c.TIMESTAMP)
    )
