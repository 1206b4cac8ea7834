"""Lists for somebody of the shop to look at: doubtful values, and pairs that look like one product."""

from typing import TYPE_CHECKING, Final

import polars as pl

from shopkeeper.core import columns as c

if TYPE_CHECKING:  # What completes loads a second of libraries; who reads its lists has no need of them.
    from shopkeeper.catalog.completion import Completion

REVIEW: Final = "review.csv"
DUPLICATES: Final = "duplicates.csv"


def review_table(found: "Completion") -> pl.DataFrame:
    """Doubtful values, the least sure first."""
    kinds = {c.ITEM_ID: pl.String, c.TITLE: pl.String, "field": pl.String, "suggestion": pl.String}
    rows = [
        (one.item, one.title, one.field, one.suggestion, round(one.confidence, 4), one.filled)
        for one in found.doubts
    ]
    return pl.DataFrame(rows, kinds | {"confidence": pl.Float64, "filled": pl.Boolean}, orient="row")


def duplicates_table(found: "Completion", items: pl.DataFrame) -> pl.DataFrame:
    """Near-duplicates, the most alike first."""
    ids, titles = items[c.ITEM_ID], items[c.TITLE]
    kinds = dict.fromkeys(("item_id", "other_id", "title", "other_title"), pl.String)
    rows = [
        (ids[one.first], ids[one.second], titles[one.first], titles[one.second], round(one.likeness, 4))
        for one in found.duplicates
    ]
    return pl.DataFrame(rows, kinds | {"likeness": pl.Float64}, orient="row")
