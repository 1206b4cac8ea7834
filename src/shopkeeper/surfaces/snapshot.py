"""All customers as of a moment, as tables that pages read instead of computing: the parts of a snapshot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import TooLittleData
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.campaign_log import CampaignLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.clusters import Clusters
from shopkeeper.features.customer import STAGE, profiles
from shopkeeper.features.segments import SEGMENT, by_likeness
from shopkeeper.features.visits import FREQUENCY, OVERDUE
from shopkeeper.propensity.churn import churn
from shopkeeper.propensity.cuts import check_as_of
from shopkeeper.propensity.examples import Progress
from shopkeeper.surfaces.forecast import at_stake
from shopkeeper.surfaces.watch import REASONS, SILENT, STAKE

MOMENT: Final = "moment"
"""Of a row of the profiles, epoch milliseconds."""
PROFILES, LIKENESS, PEOPLE = "profiles", "likeness", "people"
STEP_DAYS: Final = 28
MOMENTS: Final = 7
"""Moments at which profiles are taken: the present one, and each `STEP_DAYS` before."""
_UNTIL_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Asked:
    """What a snapshot is taken of.

    Attributes
    ----------
    log
        What happened.
    as_of
        The moment, epoch milliseconds.
    days
        Horizon of what is ahead.
    config
        The shop's configuration.
    """

    log: CampaignLog
    as_of: int
    days: int
    config: ShopConfig


@dataclass(frozen=True)
class Content:
    """What a part holds.

    Attributes
    ----------
    frames
        Tables by name; what names people does so in ``customer_id``.
    figures
        Plain values.
    """

    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)


Take = Callable[[Asked, Progress], Content]


def customers(asked: Asked, progress: Progress) -> Content:
    """Profiles of everybody now, and every four weeks before; and the clusters of now at all of them."""
    log = asked.log.customers
    check_as_of(log, asked.as_of, _UNTIL_DAYS)
    moments = [asked.as_of - place * STEP_DAYS * DAY_MS for place in range(MOMENTS)]
    # A moment soon after the first event knows everybody as new.
    moments = [
        moment for moment in moments if moment == asked.as_of or moment > log.start + STEP_DAYS * DAY_MS
    ]
    told = []
    for place, moment in enumerate(moments):
        told.append(profiles(log, moment).with_columns(pl.lit(moment).alias(MOMENT)))
        progress("look at customers", place + 1, len(moments))
    return Content({PROFILES: pl.concat(told, how="diagonal"), LIKENESS: _likeness(told)})


def _likeness(told: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """``customer_id``, ``person``, ``segment`` and `MOMENT`; nobody where they are too few for clusters."""
    key = (PERSON, c.CUSTOMER_ID, MOMENT)
    try:
        clusters = Clusters.fit(told[0])
    except TooLittleData:
        return told[0].head(0).select(*key, pl.lit("").alias(SEGMENT))
    return pl.concat(
        [by_likeness(one, clusters).join(one.select(key), on=PERSON, maintain_order="left") for one in told]
    )


def watch(asked: Asked, progress: Progress) -> Content:
    """Who is likely to buy nothing within the horizon, and why: the table of `surfaces.watch`."""
    ahead = churn(asked.log.customers, asked.as_of, asked.days, progress)
    told = ahead.profiles.select(c.CUSTOMER_ID, STAGE, FREQUENCY, OVERDUE).with_columns(
        pl.Series(SILENT, ahead.probability),
        pl.Series(STAKE, at_stake(ahead.profiles)),
        *(pl.Series(f"{REASONS}_{one}", list(map(list, ahead.reasons(one)))) for one in ("en", "zh")),
    )
    return Content({PEOPLE: told})


PARTS: Final[dict[str, Take]] = {"customers": customers, "watch": watch}
"""In the order in which they are taken."""
