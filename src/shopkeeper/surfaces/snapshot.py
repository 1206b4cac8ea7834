"""All customers as of a moment, as tables that pages read instead of computing: the parts of a snapshot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import ShopkeeperError, TooLittleData
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.campaign_log import CampaignLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.clusters import Clusters
from shopkeeper.features.customer import STAGE, profiles
from shopkeeper.features.segments import SEGMENT, by_likeness
from shopkeeper.features.suited import suited
from shopkeeper.features.visits import FREQUENCY, MONETARY, OVERDUE
from shopkeeper.propensity.churn import churn
from shopkeeper.propensity.cuts import check_as_of
from shopkeeper.propensity.cuts import told as told_moment
from shopkeeper.propensity.examples import Progress
from shopkeeper.propensity.labels import Purchase, Silence
from shopkeeper.propensity.response import audience_of
from shopkeeper.surfaces.curves import Learn, judged, judged_messages, judged_responses
from shopkeeper.surfaces.forecast import at_stake
from shopkeeper.surfaces.planner import CHANCE, ITEMS
from shopkeeper.surfaces.watch import REASONS, SILENT, STAKE

CURVES: Final = ("churn", "purchase", "response")
"""What chances are judged of."""
PURCHASE_DAYS: Final = 7
"""Days within which a purchase is told, where it is judged."""
MOMENT: Final = "moment"
"""Of a row of the profiles, epoch milliseconds."""
PROFILES, LIKENESS, PEOPLE, AUDIENCES = "profiles", "likeness", "people", "audiences"
STEP_DAYS: Final = 28
MOMENTS: Final = 7
"""Moments at which profiles are taken: the present one, and each `STEP_DAYS` before."""
_UNTIL_DAYS: Final = 366
_ITEMS: Final = 3
_WITH_ITEMS: Final = 500
"""The likeliest of an audience, for whom items are looked up."""


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
    trial
        What came of messages, see `data.outbox.trial`.
    learn
        Learns who takes up campaigns, from what was known by a moment.
    """

    log: CampaignLog
    as_of: int
    days: int
    trial: pl.DataFrame
    learn: Learn


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


def campaigns(asked: Asked, progress: Progress) -> Content:
    """Who takes up the campaigns that run or are to come, and with which items: the table of the planner."""
    log, as_of = asked.log, asked.as_of
    ahead = [one for one in log.campaigns if one.ends_at is None or one.ends_at >= as_of]
    ahead = [one for one in ahead if len(log.offered(one.campaign_id))]
    if not ahead:
        raise TooLittleData(
            f"None of {len(log.campaigns)} campaigns runs on {told_moment(as_of)} or later and names items.",
            hint="Import some with: shopkeeper import FILE --shop DIR --kind campaigns",
        )
    model = asked.learn(log, as_of, progress)
    tables = []
    for place, one in enumerate(ahead):
        people = audience_of(log, one, as_of)
        table = pl.DataFrame({c.CUSTOMER_ID: people, CHANCE: model.probability(log, one, as_of, people)})
        table = table.sort(CHANCE, descending=True)
        likely = table[c.CUSTOMER_ID].head(_WITH_ITEMS)
        items = suited(log, one, as_of, likely, _ITEMS)
        own = [*map(list, items), *[[] for _ in range(len(table) - len(items))]]
        tables.append(
            table.with_columns(
                pl.lit(one.campaign_id).alias(c.CAMPAIGN_ID), pl.Series(ITEMS, own, pl.List(pl.String))
            )
        )
        progress("look at campaigns", place + 1, len(ahead))
    facts = [
        {
            "campaign_id": one.campaign_id,
            "title": one.title,
            "kind": one.kind,
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "items": log.offered(one.campaign_id)[c.ITEM_ID].n_unique(),
        }
        for one in ahead
    ]
    return Content({AUDIENCES: pl.concat(tables)}, {"campaigns": facts, "sale": _usual_sale(log, as_of)})


def _usual_sale(log: CampaignLog, as_of: int) -> float:
    """What the middle customer spends on a day with a purchase."""
    middle = profiles(log.customers, as_of)[MONETARY].median()
    return round(float(middle), 2) if isinstance(middle, float) else 0.0


def curves(asked: Asked, progress: Progress) -> Content:
    """How well all of this was told, judged by what came since; a fault for what cannot be judged yet."""
    log, as_of = asked.log, asked.as_of
    judge: dict[str, Callable[[], dict[str, Any]]] = {
        "churn": lambda: judged(log.customers, as_of, Silence(asked.days), progress),
        "purchase": lambda: judged(log.customers, as_of, Purchase(PURCHASE_DAYS), progress),
        "response": lambda: judged_responses(log, as_of, asked.learn, progress),
    }
    found: dict[str, Any] = {"uplift": judged_messages(asked.trial)}
    for name in CURVES:
        try:
            found[name] = judge[name]()
        except ShopkeeperError as error:
            found[name] = {"fault": str(error)}
    return Content(figures=found)


PARTS: Final[dict[str, Take]] = {
    "customers": customers,
    "watch": watch,
    "campaigns": campaigns,
    "curves": curves,
}
"""In the order in which they are taken."""
