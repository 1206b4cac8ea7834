"""How customers divide, from the profiles of a snapshot: what the page of segments shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.customer import STAGE
from shopkeeper.features.segments import SEGMENT, by_rule, movement, sizes
from shopkeeper.features.visits import FREQUENCY, RECENCY, SPEND
from shopkeeper.serving.snapshots import Part
from shopkeeper.surfaces.segmentation import Portrait, divide, portraits
from shopkeeper.surfaces.snapshot import LIKENESS, MOMENT, PROFILES

NONE = ""
"""Stands for being in no segment."""
TOLD = (c.CUSTOMER_ID, STAGE, RECENCY, FREQUENCY, SPEND, "favourite_category")
"""Columns that are told of members."""


@dataclass(frozen=True)
class Divided:
    """Customers by one way to divide them.

    Attributes
    ----------
    moments
        Epoch milliseconds, the latest first.
    names
        Of the segments now, the largest first.
    sizes
        By segment: people at each moment.
    everybody
        People at each moment.
    portraits
        By segment, now.
    members
        ``person`` and ``segment`` at each moment.
    """

    moments: tuple[int, ...]
    names: tuple[str, ...]
    sizes: dict[str, tuple[int, ...]]
    everybody: tuple[int, ...]
    portraits: dict[str, Portrait]
    members: tuple[pl.DataFrame, ...] = field(repr=False)

    def moved(self) -> list[tuple[str, str, int]]:
        """From, to and people, between the moment before and the latest one."""
        if len(self.members) < 2:
            return []
        rows = movement(self.members[1], self.members[0]).rows()
        return [(before or NONE, after or NONE, people) for before, after, people in rows]

    def shared(self, other: "Divided") -> list[tuple[str, str, int]]:
        """Segment, segment of the other way, and people in both, now."""
        pairs = self.members[0].join(other.members[0].rename({SEGMENT: "other"}), on=PERSON)
        return [*pairs.group_by(SEGMENT, "other").agg(pl.col(PERSON).n_unique()).iter_rows()]


def moments_of(part: Part) -> dict[int, pl.DataFrame]:
    """Profiles by moment, the latest first."""
    tables = part.frames[PROFILES].partition_by(MOMENT, as_dict=True)
    found = {int(moment): table for (moment,), table in tables.items()}
    return dict(sorted(found.items(), reverse=True))


def divided(part: Part, by: str, rules: Mapping[str, str]) -> Divided:
    """Customers by one of `segmentation.WAYS`; see `segmentation.segment` for errors."""
    tables = moments_of(part)
    told = list(tables.values())
    if by == "clusters":
        found = part.frames[LIKENESS]
        members = [found.filter(pl.col(MOMENT) == moment).select(PERSON, SEGMENT) for moment in tables]
    else:
        members = divide(told, by, rules)
    counted = [
        dict(sizes(one, len(table)).select(SEGMENT, "size").rows())
        for one, table in zip(members, told, strict=True)
    ]
    names = tuple(counted[0])
    return Divided(
        tuple(tables),
        names,
        {name: tuple(counts.get(name, 0) for counts in counted) for name in names},
        tuple(map(len, told)),
        portraits(members[0], told[0]),
        tuple(members),
    )


def tried(part: Part, rule: str) -> pl.DataFrame:
    """Whom a rule picks now, ``person`` and ``segment``; raises `InvalidRequest` where it cannot be read."""
    return by_rule(next(iter(moments_of(part).values())), {"": rule})


def about_members(part: Part, members: pl.DataFrame) -> pl.DataFrame:
    """`TOLD` of members, who spent most first."""
    told = next(iter(moments_of(part).values())).filter(pl.col(PERSON).is_in(members[PERSON].implode()))
    return told.select(TOLD).sort(SPEND, c.CUSTOMER_ID, descending=[True, False], nulls_last=True)
