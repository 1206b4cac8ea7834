"""Segments of customers: by rule, by stage of life, by recency, frequency and money, by likeness.

A segmentation is a frame of ``person`` and ``segment``. Rules may overlap, so that a person has several rows;
of the others everybody is in one.
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.clusters import Clusters
from shopkeeper.features.customer import STAGE
from shopkeeper.features.rules import parse_rule
from shopkeeper.features.visits import FREQUENCY, RECENCY, SPEND

SEGMENT: Final = "segment"
SIZE, SHARE = "size", "share"
_SCORES: Final = 5
_RFM: Final = (
    # Recency score at least, value score at least, and what such customers are called.
    (5, 4, "champions"),
    (4, 4, "loyal"),
    (5, 2, "potential loyalists"),
    (4, 2, "promising"),
    (4, 1, "new"),
    (3, 4, "need attention"),
    (3, 1, "about to sleep"),
    (1, 4, "cannot lose"),
    (2, 2, "at risk"),
    (1, 1, "hibernating"),
)
"""Names as marketers use them, the first that fits; value is the mean score of frequency and money."""


def by_rule(profiles: pl.DataFrame, rules: Mapping[str, str]) -> pl.DataFrame:
    """Whoever each named rule picks; see `rules.parse_rule`.

    Raises
    ------
    InvalidRequest
        There is no rule, or one cannot be read.
    """
    if not rules:
        raise InvalidRequest(
            "There is no rule.",
            hint='Write some below [segments] in shopkeeper.toml, such as: regulars = "frequency >= 10"',
        )
    parts = []
    for name, rule in rules.items():
        try:
            picked = profiles.filter(parse_rule(rule, profiles.schema))
        except InvalidRequest as error:
            raise InvalidRequest(f"Segment {name!r}: {error.message}", hint=error.hint) from None
        parts.append(picked.select(PERSON, pl.lit(name).alias(SEGMENT)))
    return pl.concat(parts)


def by_stage(profiles: pl.DataFrame) -> pl.DataFrame:
    """Everybody by their place in the life of a customer, see `customer.STAGES`."""
    return profiles.select(PERSON, pl.col(STAGE).alias(SEGMENT))


def by_rfm(profiles: pl.DataFrame) -> pl.DataFrame:
    """Buyers by fifths of recency, frequency and money (Hughes, Strategic database marketing, 1994)."""
    buyers = profiles.filter(pl.col(RECENCY).is_not_null())
    recency = _fifth(-pl.col(RECENCY))
    value = (_fifth(pl.col(FREQUENCY)) + _fifth(pl.col(SPEND))) / 2
    name = pl.lit(_RFM[-1][2])
    for least_recency, least_value, called in reversed(_RFM):
        fits = (pl.col("_recency") >= least_recency) & (pl.col("_value") >= least_value)
        name = pl.when(fits).then(pl.lit(called)).otherwise(name)
    return buyers.with_columns(recency.alias("_recency"), value.alias("_value")).select(
        PERSON, name.alias(SEGMENT)
    )


def by_likeness(profiles: pl.DataFrame, clusters: Clusters) -> pl.DataFrame:
    """Buyers by the cluster they are nearest to."""
    buyers = profiles.filter(pl.col(RECENCY).is_not_null())
    return buyers.select(PERSON, pl.Series(SEGMENT, clusters.assign(buyers), pl.String))


def _fifth(column: pl.Expr) -> pl.Expr:
    """1 to 5 by rank; equal values share a score, and nobody is better than their rank."""
    return (column.rank("min") * _SCORES / pl.len()).ceil().clip(1, _SCORES)


def sizes(members: pl.DataFrame, everybody: int) -> pl.DataFrame:
    """``segment``, ``size`` and ``share`` of everybody, the largest first."""
    counted = members.group_by(SEGMENT).agg(pl.col(PERSON).n_unique().alias(SIZE))
    return counted.with_columns((pl.col(SIZE) / max(everybody, 1)).alias(SHARE)).sort(
        SIZE, SEGMENT, descending=[True, False]
    )


def overlap(members: pl.DataFrame) -> pl.DataFrame:
    """People that two segments share: ``segment``, ``other``, ``size``, and ``share`` of the first one."""
    pairs = members.join(members.rename({SEGMENT: "other"}), on=PERSON)
    shared = pairs.group_by(SEGMENT, "other").agg(pl.col(PERSON).n_unique().alias(SIZE))
    own = shared.filter(pl.col(SEGMENT) == pl.col("other")).select(SEGMENT, pl.col(SIZE).alias("own"))
    return (
        shared.filter(pl.col(SEGMENT) != pl.col("other"))
        .join(own, on=SEGMENT)
        .select(SEGMENT, "other", SIZE, (pl.col(SIZE) / pl.col("own")).alias(SHARE))
        .sort(SEGMENT, "other")
    )


def movement(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Who went where between two moments: ``before``, ``after``, ``size``; null is outside of all segments.

    A person in several segments counts once for each pair.
    """
    earlier, later = (
        members.rename({SEGMENT: name}) for members, name in ((before, "before"), (after, "after"))
    )
    moved = earlier.join(later, on=PERSON, how="full", coalesce=True)
    return (
        moved.group_by("before", "after")
        .agg(pl.col(PERSON).n_unique().alias(SIZE))
        .sort("before", "after", nulls_last=True)
    )
