"""Who is about to buy, and of which categories.

The next category is told by trees over pairs of a customer and a category: how often, how lately and how
regularly the customer bought of it, and how much everybody does. Personal frequency alone is the rival.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType, Floats
from shopkeeper.data.customer_log import ITEM, KIND, CustomerLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.visits import AGO
from shopkeeper.learners.boosting import BoostingConfig, Grouped, RankingTrees
from shopkeeper.propensity.cuts import cut_offs
from shopkeeper.propensity.examples import Progress
from shopkeeper.propensity.labels import Purchase, next_categories
from shopkeeper.propensity.outlook import Outlook, foresee

TOLD: Final = 3
"""Categories that are told of a customer."""
_MOMENTS: Final = 6
_MOST_PAIRS: Final = 64
"""Categories that a customer is compared with: their own and the shop's favourites, at most so many."""
_WINDOWS: Final = (14, 28, 91)
_TREES: Final = BoostingConfig(trees=100, rate=0.08, leaves=16, least_in_leaf=50, truncation=5, threads=1)
_NAMES: Final = (
    "visits",
    *(f"visits_{window}d" for window in _WINDOWS),
    "share",
    "days_since",
    "mean_gap",
    "overdue",
    "buyers",
    "buyers_28d",
    "person_visits",
    "person_days_since",
)


def purchase(log: CustomerLog, as_of: int, days: int, progress: Progress) -> Outlook:
    """The probability that each customer buys within ``days``; see `outlook.foresee`."""
    return foresee(log, as_of, Purchase(days), progress=progress)


@dataclass(frozen=True)
class NextCategory:
    """Trees that put the next categories of a customer first.

    Attributes
    ----------
    trees
        Over the columns of `pairs`.
    column
        Which column of items tells the category.
    """

    trees: RankingTrees
    column: str

    @classmethod
    def fit(
        cls, log: CustomerLog, as_of: int, days: int, progress: Progress, column: str = c.CATEGORY
    ) -> Self | None:
        """Learn from what was known by ``as_of``; None where no category was ever bought again."""
        past = log.before(as_of)
        moments = cut_offs(past, as_of, days)[:_MOMENTS]
        parts = []
        for place, moment in enumerate(moments):
            truth = next_categories(past, moment, days, column)
            rows = pairs(past, moment, column).join(truth.select(PERSON).unique(), on=PERSON, how="semi")
            marked = truth.with_columns(pl.lit(value=True).alias("right"))
            rows = rows.join(marked, on=[PERSON, column], how="left", maintain_order="left")
            parts.append(rows.with_columns(pl.col("right").fill_null(value=False), place=place))
            progress("learn the next category", place + 1, len(moments))
        rows = pl.concat(parts)
        if not rows["right"].any():
            return None
        sizes = rows.group_by("place", PERSON, maintain_order=True).len()["len"].to_numpy().astype(np.int64)
        grouped = Grouped(_matrix(rows), rows["right"].to_numpy(), sizes)
        return cls(RankingTrees(_TREES).fit(grouped, _NAMES), column)

    def rank(self, log: CustomerLog, as_of: int) -> pl.DataFrame:
        """Categories of each customer, the likeliest first: ``person``, the column, and ``rank`` from 1."""
        rows = pairs(log, as_of, self.column)
        scores = self.trees.predict(_matrix(rows)) if len(rows) else np.empty(0, np.float32)
        return (
            rows.select(PERSON, self.column, pl.Series("score", scores))
            .sort(PERSON, "score", self.column, descending=[False, True, False])
            .select(PERSON, self.column, pl.int_range(1, pl.len() + 1).over(PERSON).alias("rank"))
        )


def pairs(log: CustomerLog, as_of: int, column: str) -> pl.DataFrame:
    """Customers and categories that they may buy next, with what is known of both before a moment.

    Returns
    -------
    By rising ``person`` and category; the columns `_NAMES`, null where a customer never bought of a category.
    """
    bought = (pl.col(KIND) == int(EventType.purchase)) & (pl.col(c.TIMESTAMP) < as_of)
    days = (
        log.events.lazy()
        .filter(bought)
        .join(log.items.lazy().with_row_index(ITEM), on=ITEM)
        .filter(pl.col(column).is_not_null())
        .select(PERSON, column, ((as_of - 1 - pl.col(c.TIMESTAMP)) // DAY_MS).alias(AGO))
        .unique()
        .collect()
    )
    people = (
        days.unique([PERSON, AGO])
        .group_by(PERSON)
        .agg(
            pl.len().cast(pl.Float64).alias("person_visits"),
            pl.col(AGO).min().cast(pl.Float64).alias("person_days_since"),
        )
    )
    shop = days.group_by(column).agg(
        pl.col(PERSON).n_unique().cast(pl.Float64).alias("buyers"),
        pl.col(PERSON).filter(pl.col(AGO) < _WINDOWS[1]).n_unique().cast(pl.Float64).alias("buyers_28d"),
    )
    own = days.group_by(PERSON, column).agg(
        pl.len().cast(pl.Float64).alias("visits"),
        *[(pl.col(AGO) < window).sum().cast(pl.Float64).alias(f"visits_{window}d") for window in _WINDOWS],
        pl.col(AGO).min().cast(pl.Float64).alias("days_since"),
        ((pl.col(AGO).max() - pl.col(AGO).min()) / (pl.len() - 1)).alias("mean_gap"),
    )
    favourites = shop.sort("buyers", column, descending=[True, False]).head(_MOST_PAIRS).select(column)
    asked = people.select(PERSON).join(favourites, how="cross")
    asked = pl.concat([asked, own.select(PERSON, column)]).unique()
    return (
        asked.join(own, on=[PERSON, column], how="left")
        .join(people, on=PERSON)
        .join(shop, on=column)
        .with_columns(
            pl.col("mean_gap").fill_nan(None),
            (pl.col("visits") / pl.col("person_visits")).alias("share"),
        )
        .with_columns((pl.col("days_since") / pl.col("mean_gap").clip(1)).alias("overdue"))
        .sort(PERSON, column)
    )


def by_frequency(log: CustomerLog, as_of: int, column: str = c.CATEGORY) -> pl.DataFrame:
    """The plain rival of `NextCategory.rank`: categories by how often the customer bought of them."""
    order = [PERSON, "visits", "buyers", column]
    return (
        pairs(log, as_of, column)
        .with_columns(pl.col("visits").fill_null(0.0))
        .sort(order, descending=[False, True, True, False])
        .select(PERSON, column, pl.int_range(1, pl.len() + 1).over(PERSON).alias("rank"))
    )


def _matrix(rows: pl.DataFrame) -> Floats:
    shared = ("buyers", "buyers_28d")
    most = rows.select(pl.col(shared).max()).row(0) if len(rows) else (1.0, 1.0)
    # Relative to the shop's favourite: shops grow.
    rows = rows.with_columns(pl.col(name) / top for name, top in zip(shared, most, strict=True))
    return rows.select(pl.col(_NAMES).cast(pl.Float32).fill_null(float("nan"))).to_numpy()
