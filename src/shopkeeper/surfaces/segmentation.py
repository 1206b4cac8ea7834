"""Segments of a shop as a marketer sees them: how large, what they share, and who moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.data.customer_log import CustomerLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.clusters import Clusters
from shopkeeper.features.customer import profiles
from shopkeeper.features.segments import (
    SEGMENT,
    by_likeness,
    by_rfm,
    by_rule,
    by_stage,
    movement,
    overlap,
    sizes,
)
from shopkeeper.features.visits import FREQUENCY, RECENCY, SPEND
from shopkeeper.propensity.cuts import check_as_of

WAYS: Final = ("rules", "stage", "rfm", "clusters")
"""By the shop's own rules, by stage of life, by recency, frequency and money, by likeness."""


@dataclass(frozen=True, slots=True)
class SegmentSize:
    """How many customers a segment has, and which share of all that is."""

    segment: str
    size: int
    share: float


@dataclass(frozen=True, slots=True)
class SegmentOverlap:
    """Customers whom two segments share, and which share of the first that is."""

    segment: str
    other: str
    size: int
    share: float


@dataclass(frozen=True, slots=True)
class SegmentMove:
    """Customers who were in one segment before and are in another now; null is in none."""

    before: str | None
    after: str | None
    size: int


@dataclass(frozen=True)
class Segmentation:
    """Segments as of a moment.

    Attributes
    ----------
    by
        One of `WAYS`.
    as_of
        The moment, epoch milliseconds.
    customers
        How many there are in all.
    segments, overlap, movement
        The largest first; overlap and movement are empty where there is none, or nothing was asked.
    members
        ``customer_id`` (pseudonym) and ``segment``.
    """

    by: str
    as_of: int
    customers: int
    segments: tuple[SegmentSize, ...]
    overlap: tuple[SegmentOverlap, ...]
    movement: tuple[SegmentMove, ...]
    members: pl.DataFrame = field(repr=False, compare=False)


def segment(
    log: CustomerLog, as_of: int, by: str, rules: Mapping[str, str], since: int | None = None
) -> Segmentation:
    """Divide everybody known before a moment.

    Parameters
    ----------
    log
        What customers did.
    as_of
        The moment, epoch milliseconds.
    by
        One of `WAYS`.
    rules
        The shop's own, by name; see `features.rules`.
    since
        An earlier moment to compare with; clusters keep their centres.

    Raises
    ------
    InvalidRequest
        ``by`` is unknown, a rule cannot be read, or a moment says nothing.
    TooLittleData
        There are too few customers for clusters.
    """
    if by not in WAYS:
        raise InvalidRequest(f"by = {by!r}: must be one of {', '.join(WAYS)}.")
    if since is not None and since >= as_of:
        raise InvalidRequest("since: must lie before as_of.")
    for moment in (as_of, since):
        if moment is not None:
            check_as_of(log, moment, _UNTIL_DAYS)
    told = profiles(log, as_of)
    before = () if since is None else (profiles(log, since),)
    members, *earlier = divide((told, *before), by, rules)
    moved = tuple(SegmentMove(*row) for one in earlier for row in movement(one, members).rows())
    named = members.join(told.select(PERSON, c.CUSTOMER_ID), on=PERSON, maintain_order="left")
    return Segmentation(
        by,
        as_of,
        len(told),
        tuple(SegmentSize(*row) for row in sizes(members, len(told)).rows()),
        tuple(SegmentOverlap(*row) for row in overlap(members).rows()),
        moved,
        named.select(c.CUSTOMER_ID, SEGMENT).sort(SEGMENT, c.CUSTOMER_ID),
    )


def divide(moments: Sequence[pl.DataFrame], by: str, rules: Mapping[str, str]) -> list[pl.DataFrame]:
    """Members of segments at several moments: ``person`` and ``segment`` each.

    Parameters
    ----------
    moments
        Profiles; clusters are found at the first of them, and keep their centres at the others.
    by, rules
        See `segment`.
    """
    clusters = Clusters.fit(moments[0]) if by == "clusters" else None
    return [_members(told, by, rules, clusters) for told in moments]


@dataclass(frozen=True, slots=True)
class Portrait:
    """What the members of a segment look like: medians, and what they buy.

    Attributes
    ----------
    recency, frequency, spend
        Days since the last purchase, days with a purchase, money in all; None where nobody bought.
    categories
        The most frequent favourites, the first first, and the share of the members whose it is.
    """

    recency: float | None
    frequency: float | None
    spend: float | None
    categories: tuple[tuple[str, float], ...]


_FAVOURITE: Final = "favourite_category"
_FAVOURITES: Final = 3


def portraits(members: pl.DataFrame, told: pl.DataFrame) -> dict[str, Portrait]:
    """What each segment looks like.

    Parameters
    ----------
    members
        See `divide`.
    told
        Profiles of everybody.
    """
    columns = (RECENCY, FREQUENCY, SPEND)
    known = members.join(told.select(PERSON, *columns, _FAVOURITE), on=PERSON)
    whole = known.group_by(SEGMENT).agg(pl.col(columns).median(), pl.len())
    favourites = (
        known.drop_nulls(_FAVOURITE)
        .group_by(SEGMENT, _FAVOURITE)
        .len("times")
        .sort("times", _FAVOURITE, descending=[True, False])
        .group_by(SEGMENT, maintain_order=True)
        .head(_FAVOURITES)
    )
    liked: dict[str, list[tuple[str, int]]] = {}
    for name, category, times in favourites.select(SEGMENT, _FAVOURITE, "times").rows():
        liked.setdefault(name, []).append((category, times))
    return {
        name: Portrait(
            recency, frequency, spend, tuple((one, times / size) for one, times in liked.get(name, ()))
        )
        for name, recency, frequency, spend, size in whole.rows()
    }


_UNTIL_DAYS: Final = 366
"""How long after the end of a log its customers may still be divided."""


def _members(
    told: pl.DataFrame, by: str, rules: Mapping[str, str], clusters: Clusters | None
) -> pl.DataFrame:
    if clusters is not None:
        return by_likeness(told, clusters)
    if by == "rules":
        return by_rule(told, rules)
    return by_stage(told) if by == "stage" else by_rfm(told)
