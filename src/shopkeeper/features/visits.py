"""When customers buy: days with a purchase, and the rhythm of them.

A visit is a day on which somebody bought, counted in whole days back from the moment of the question: two
baskets of one afternoon say no more about rhythm than one.
"""

from dataclasses import dataclass
from typing import Final, Self

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.customer_log import AMOUNT, DISCOUNTED, ITEM, KIND, UNITS, CustomerLog
from shopkeeper.data.dataset import PERSON

AGO: Final = "ago"
"""Whole days back from the moment of the question; 0 is the last 24 hours."""
WINDOWS: Final = (7, 14, 28, 56, 91, 182)
"""Days of the windows that visits and money are counted in."""
WEEKS: Final = 12
"""Latest weeks that are looked at one by one."""
_WEEK: Final = 7
_MONTH: Final = 28
_BOUNDS: Final = 2.0
"""Standard deviations beyond the mean gap within which a gap is nothing special."""
RECENCY, FREQUENCY, MONETARY, SPEND, TENURE = (
    "recency_days",
    "frequency",
    "monetary",
    "spend",
    "tenure_days",
)
GAP_MEAN, GAP_SD, GAP_MEDIAN, GAP_LONGEST, GAP_LAST = (
    "gap_mean",
    "gap_sd",
    "gap_median",
    "gap_longest",
    "gap_last",
)
USUAL, LIMIT, EXPECTED, OVERDUE, WON = (
    "usual_gap",
    "longest_usual_gap",
    "expected_in_days",
    "overdue",
    "gap_last_against_limit",
)


@dataclass(frozen=True, slots=True)
class Norms:
    """What is usual in a shop, for people of whom too little is known.

    Attributes
    ----------
    gap, spread
        Mean and standard deviation of the days between visits: the median customer's.
    """

    gap: float = 30.0
    spread: float = 30.0

    @classmethod
    def of(cls, log: CustomerLog, as_of: int) -> Self:
        """Learn from everybody before a moment; the defaults where nobody came three times."""
        gaps = (
            _gaps(visits(log, as_of))
            .group_by(PERSON)
            .agg(pl.col("gap").mean().alias("mean"), pl.col("gap").std().alias("sd"))
        )
        gaps = gaps.drop_nulls()
        if gaps.is_empty():
            return cls()
        mean, sd = gaps.select(pl.col("mean", "sd").median()).row(0)
        return cls(float(mean), float(sd))


def visits(log: CustomerLog, as_of: int) -> pl.DataFrame:
    """Days on which people bought before a moment.

    Returns
    -------
    By rising ``person`` and falling ``ago``: ``amount``, ``lines``, ``units``, ``discounted`` (amount of
    discounted lines), ``categories`` (how many) and ``timestamp`` of the last purchase of the day.
    """
    bought = (pl.col(KIND) == int(EventType.purchase)) & (pl.col(c.TIMESTAMP) < as_of)
    amount = pl.col(AMOUNT).fill_null(0.0)
    return (
        log.events.lazy()
        .filter(bought)
        .select(
            PERSON,
            ((as_of - 1 - pl.col(c.TIMESTAMP)) // DAY_MS).alias(AGO),
            c.TIMESTAMP,
            amount,
            UNITS,
            (amount * pl.col(DISCOUNTED)).alias(DISCOUNTED),
            ITEM,
        )
        .group_by(PERSON, AGO)
        .agg(
            pl.col(AMOUNT).sum(),
            pl.len().alias("lines"),
            pl.col(UNITS).sum(),
            pl.col(DISCOUNTED).sum(),
            pl.col(c.TIMESTAMP).max(),
        )
        .sort(PERSON, AGO, descending=[False, True])
        .collect()
    )


def _gaps(days: pl.DataFrame) -> pl.DataFrame:
    """Visits with the days since the visit before, null for the first."""
    return days.with_columns((pl.col(AGO).shift(1).over(PERSON) - pl.col(AGO)).cast(pl.Float64).alias("gap"))


def rhythm(log: CustomerLog, as_of: int, norms: Norms) -> pl.DataFrame:
    """Recency, frequency, money and rhythm of everybody who bought before a moment.

    Returns
    -------
    A row a buyer by rising ``person``. Days are fractions of 24 hours; ``frequency`` counts visits,
    ``monetary`` is the mean amount of one. ``usual_gap`` and ``longest_usual_gap`` (two standard deviations
    above) shrink to the shop's norm where few gaps are known. ``expected_in_days`` is the usual gap less what
    has passed of it, negative where the visit is overdue; ``overdue`` the time passed over
    ``longest_usual_gap``.
    """
    days = _gaps(visits(log, as_of))
    counted = [_counts(window) for window in WINDOWS]
    weeks = [
        (pl.col(AGO).is_between(_WEEK * week, _WEEK * week + _WEEK - 1))
        .sum()
        .cast(pl.Float64)
        .alias(f"week_{week + 1}")
        for week in range(WEEKS)
    ]
    table = days.group_by(PERSON, maintain_order=True).agg(
        ((as_of - pl.col(c.TIMESTAMP).max()) / DAY_MS).alias(RECENCY),
        ((as_of - pl.col(c.TIMESTAMP).min()) / DAY_MS).alias(TENURE),
        pl.len().cast(pl.Float64).alias(FREQUENCY),
        pl.col(AMOUNT).mean().alias(MONETARY),
        pl.col(AMOUNT).sum().alias(SPEND),
        pl.col(AMOUNT).std().alias("monetary_sd"),
        pl.col("lines").mean().alias("lines_per_visit"),
        pl.col(UNITS).sum().alias(UNITS),
        (pl.col(DISCOUNTED).sum() / pl.col(AMOUNT).sum()).fill_nan(None).alias("discount_share"),
        pl.col("gap").mean().alias(GAP_MEAN),
        pl.col("gap").std().alias(GAP_SD),
        pl.col("gap").median().alias(GAP_MEDIAN),
        pl.col("gap").max().alias(GAP_LONGEST),
        pl.col("gap").last().alias(GAP_LAST),
        pl.col("gap").tail(3).mean().alias("gap_last_3"),
        pl.col("gap").tail(6).mean().alias("gap_last_6"),
        pl.col("gap").quantile(0.9, "linear").alias("gap_p90"),
        pl.col("gap").slice(1, pl.len() - 2).mean().alias("_earlier_mean"),
        pl.col("gap").slice(1, pl.len() - 2).std().alias("_earlier_sd"),
        *[one for pair in counted for one in pair],
        *weeks,
    )
    return _usual(table, norms).drop("_earlier_mean", "_earlier_sd")


def silences(log: CustomerLog, as_of: int, days: int) -> pl.DataFrame:
    """How often each buyer was silent for so long before.

    Returns
    -------
    A row a buyer by rising ``person``: ``silent_share`` of the moments since the first purchase after which
    nothing was bought for ``days``, as far as that is known; ``longer`` gaps than the present one, how many,
    and ``much_longer_share`` of them that lasted ``days`` more.
    """
    gaps = _gaps(visits(log, as_of))
    last, first = pl.col(AGO).min().over(PERSON), pl.col(AGO).max().over(PERSON)
    return (
        gaps.with_columns(last.alias("last"), first.alias("first"))
        .group_by(PERSON, maintain_order=True)
        .agg(
            (
                ((pl.col("gap") - days).clip(0).sum() + (pl.col("last").first() - days).clip(0))
                / (pl.col("first").first() - days + 1).clip(1)
            ).alias("silent_share"),
            (pl.col("gap") > pl.col("last")).sum().cast(pl.Float64).alias("longer"),
            (
                (pl.col("gap") > pl.col("last") + days).sum() / (1 + (pl.col("gap") > pl.col("last")).sum())
            ).alias("much_longer_share"),
        )
    )


def _counts(window: int) -> tuple[pl.Expr, pl.Expr]:
    recent = pl.col(AGO) < window
    return (
        recent.sum().cast(pl.Float64).alias(f"visits_{window}d"),
        pl.col(AMOUNT).filter(recent).sum().alias(f"spend_{window}d"),
    )


def _usual(table: pl.DataFrame, norms: Norms) -> pl.DataFrame:
    """What gap is usual for each, and how the present one compares."""
    usual, spread = _shrunk(GAP_MEAN, GAP_SD, pl.col(FREQUENCY) - 1, norms)
    earlier, earlier_spread = _shrunk("_earlier_mean", "_earlier_sd", (pl.col(FREQUENCY) - 2).clip(0), norms)
    active = pl.sum_horizontal(pl.col(f"week_{week + 1}") > 0 for week in range(WEEKS))
    before = pl.col(f"visits_{2 * _MONTH}d") - pl.col(f"visits_{_MONTH}d")
    return table.with_columns(
        usual.alias(USUAL),
        (usual + _BOUNDS * spread).alias(LIMIT),
        (pl.col(GAP_LAST) / (earlier + _BOUNDS * earlier_spread)).alias(WON),
        active.cast(pl.Float64).alias("weeks_active"),
        ((pl.col(f"visits_{_MONTH}d") + 1).log() - (before + 1).log()).alias("trend"),
    ).with_columns(
        (pl.col(USUAL) - pl.col(RECENCY)).alias(EXPECTED),
        (pl.col(RECENCY) / pl.col(LIMIT)).alias(OVERDUE),
    )


def _shrunk(mean: str, sd: str, gaps: pl.Expr, norms: Norms) -> tuple[pl.Expr, pl.Expr]:
    """Mean and spread of gaps, as if one gap of the shop's norm had been seen beside one's own."""
    own = pl.col(mean).fill_null(norms.gap)
    spread = pl.col(sd).fill_null(norms.spread)
    return (own * gaps + norms.gap) / (gaps + 1), (spread * gaps + norms.spread) / (gaps + 1)
