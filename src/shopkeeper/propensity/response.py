"""How likely each customer is to take up a campaign.

Learned from campaigns that started before: who was addressed, what was known of them on the day it started,
and whether they took it up by the moment of the question. A campaign without a history of its own is told by
its items, its kind, and by what its audience did with others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import DAY_MS, Bools, Floats, Longs
from shopkeeper.data.campaign_log import Campaign, CampaignLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.offers import about, facing
from shopkeeper.learners.boosting import BoostingConfig
from shopkeeper.learners.preference import Preference
from shopkeeper.propensity.chance import Chance, ChanceConfig
from shopkeeper.propensity.cuts import check_as_of, told
from shopkeeper.propensity.examples import Examples, Progress

LEAST_DAYS: Final = 14
"""A campaign that still runs is learned from when it has run so long."""
FEWEST: Final = 10
"""Responses that it takes to learn."""
AFTER_DAYS: Final = 366
"""How long after the end of a log its customers may still be asked about."""
STRENGTH: Final = 0.1
"""Inverse penalty of the line that orders campaigns."""
Tell = Callable[[CampaignLog, Campaign, int, pl.Series], pl.DataFrame]
"""More columns of numbers: of some people facing a campaign, as of a moment, in their order."""
CONFIG: Final = ChanceConfig(
    trees=BoostingConfig(
        trees=100,
        rate=0.05,
        leaves=4,
        least_in_leaf=40,
        share_of_features=0.2,
        share_of_rows=0.6,
        shrink=20.0,
        threads=1,
    ),
    strength=0.003,
)


@dataclass(frozen=True)
class ResponseModel:
    """What was learned from past campaigns.

    Attributes
    ----------
    chance
        Over the columns of `features.offers`, and one for each of ``kinds``.
    kinds
        Kinds of the campaigns that were learned from, rising.
    preference
        Over the same columns, and those of ``tell``; None where nobody ever had a choice of campaigns.
    tell
        Columns that the order of campaigns is learned from beside the others; None where there are none.
    """

    chance: Chance
    kinds: tuple[str, ...]
    preference: Preference | None
    tell: Tell | None = None

    def probability(
        self, log: CampaignLog, campaign: Campaign, as_of: int, people: pl.Series
    ) -> NDArray[np.float64]:
        """That each of some people takes up a campaign, shape ``(n,)``; nothing from ``as_of`` on is read."""
        return self.chance.probability(_matrix(_known(log, campaign, as_of, people, self.kinds)))

    def weighed(
        self, log: CampaignLog, campaign: Campaign, as_of: int, people: pl.Series
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same, and how a campaign stands among those a person could take up: the higher the rather."""
        known = _known(log, campaign, as_of, people, self.kinds)
        chances = self.chance.probability(_matrix(known))
        if self.preference is None:
            return chances, chances
        seen = known if self.tell is None else known.hstack(self.tell(log, campaign, as_of, people))
        return chances, self.preference.score(_matrix(seen))


def learn_responses(
    log: CampaignLog, until: int, progress: Progress, config: ChanceConfig = CONFIG, tell: Tell | None = None
) -> ResponseModel:
    """Learn from campaigns that started before a moment, and from what was known of them by then.

    Parameters
    ----------
    log, until
        What happened, and the moment.
    progress
        Told of stages.
    config
        How it is learned.
    tell
        Columns that the order of campaigns is learned from beside those of `features.offers`.

    Raises
    ------
    TooLittleData
        No campaign can be learned from, or hardly anybody, or everybody, took one up.
    """
    campaigns = [one for one in log.campaigns if _teaches(log, one, until)]
    kinds = tuple(sorted({one.kind for one in campaigns}))
    faced: list[_Faced] = []
    for place, one in enumerate(campaigns):
        start = one.starts_at or 0
        asked = audience_of(log, one, start)
        known = _known(log, one, start, asked, kinds)
        faced.append(_Faced(one, asked, known, responded(log, one, asked, until)))
        progress("look at past campaigns", place + 1, len(campaigns))
    truth = np.concatenate([one.truth for one in faced]) if faced else np.zeros(0, bool)
    _check_truth(truth, len(campaigns), until)
    examples = Examples(
        np.concatenate([_matrix(one.known) for one in faced]),
        tuple(faced[0].known.columns),
        truth,
        _codes(log, faced),
        np.repeat(np.arange(len(faced)), [len(one.truth) for one in faced]),
    )
    return ResponseModel(Chance.fit(examples, config, progress), kinds, _preference(log, faced, tell), tell)


@dataclass(frozen=True)
class _Faced:
    """A campaign, whom it was for, what was known of them as it started, and who took it up."""

    campaign: Campaign
    people: pl.Series
    known: pl.DataFrame
    truth: Bools

    def of(self, people: pl.Series) -> "_Faced":
        """The same of some people alone."""
        rows = self.people.is_in(people.implode())
        return _Faced(self.campaign, self.people.filter(rows), self.known.filter(rows), self.truth[rows])

    def beside(self, log: CampaignLog, tell: Tell) -> pl.DataFrame:
        """What is known, and what is told."""
        return self.known.hstack(tell(log, self.campaign, self.campaign.starts_at or 0, self.people))


def _preference(log: CampaignLog, faced: list[_Faced], tell: Tell | None) -> Preference | None:
    """Learned from those who took something up: the others tell nothing of campaigns."""
    takers = pl.concat([one.people.filter(pl.Series(one.truth)) for one in faced]).unique()
    chosen = [one.of(takers) for one in faced]
    tables = [one.known if tell is None else one.beside(log, tell) for one in chosen]
    return Preference.fit(
        np.concatenate([_matrix(table) for table in tables]),
        np.concatenate([one.truth for one in chosen]),
        _codes(log, chosen),
        STRENGTH,
        np.arange(tables[0].width) >= faced[0].known.width,
    )


def _codes(log: CampaignLog, faced: list[_Faced]) -> Longs:
    """A number for each person, row by row; the shop's customers have that of the log."""
    codes = {name: code for code, name in enumerate(log.customers.people.to_list())}
    names = [name for one in faced for name in one.people.to_list()]
    return np.array([codes.setdefault(name, len(codes)) for name in names], np.int64)


def respond(
    log: CampaignLog,
    campaign_id: str,
    as_of: int,
    *,
    learn_until: int | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> tuple[pl.Series, NDArray[np.float64]]:
    """Who takes up a campaign.

    Parameters
    ----------
    log
        What happened; nothing from ``as_of`` on is looked at.
    campaign_id
        Of the campaign; it may have started.
    as_of
        The moment, epoch milliseconds.
    learn_until
        Learn from what was known by an earlier moment alone, as a model of that day would; ``as_of`` where
        None.
    progress
        Told of stages.

    Returns
    -------
    Pseudonyms of its audience (everybody known by then, where it has none), and a probability each.

    Raises
    ------
    UnknownCampaign
        There is no such campaign.
    InvalidRequest
        A moment says nothing, or the campaign is over by then.
    TooLittleData
        It offers nothing, it is for nobody, or there is nothing to learn from.
    """
    campaign = log.campaign(campaign_id)
    check_as_of(log.customers, as_of, AFTER_DAYS)
    if learn_until is not None and learn_until > as_of:
        raise InvalidRequest(f"learn_until = {told(learn_until)}: must not lie after as_of, {told(as_of)}.")
    check_open(campaign, as_of)
    if not len(log.offered(campaign_id)):
        raise TooLittleData(
            f"Campaign {campaign_id!r} names no items: nothing tells whom it suits.",
            hint="Import rows with its campaign_id and item_id: --kind campaigns.",
        )
    people = audience_of(log, campaign, as_of)
    if not len(people):
        raise TooLittleData(f"Campaign {campaign_id!r} is for nobody who was known on {told(as_of)}.")
    model = learn_responses(log, as_of if learn_until is None else learn_until, progress)
    return people, model.probability(log, campaign, as_of, people)


def check_open(campaign: Campaign, as_of: int) -> None:
    """Refuse a campaign that is over."""
    if campaign.ends_at is not None and campaign.ends_at < as_of:
        raise InvalidRequest(
            f"as_of = {told(as_of)}: campaign {campaign.campaign_id!r} was over on {told(campaign.ends_at)}.",
            hint="Choose an earlier moment.",
        )


def audience_of(log: CampaignLog, campaign: Campaign, as_of: int) -> pl.Series:
    """Pseudonyms of those whom a campaign is for: those addressed, or everybody known before a moment."""
    addressed = log.addressed(campaign.campaign_id)
    if len(addressed):
        return addressed
    known = log.customers.before(as_of).events[PERSON].unique().sort()
    return log.customers.people.gather(known)


def responded(log: CampaignLog, campaign: Campaign, people: pl.Series, until: int) -> Bools:
    """Whether each of some people took up a campaign before a moment, shape ``(n,)``."""
    taken = log.responses.filter(
        (pl.col(c.CAMPAIGN_ID) == campaign.campaign_id) & (pl.col(c.TIMESTAMP) < until)
    )
    return people.is_in(taken[c.CUSTOMER_ID].unique().implode()).to_numpy()


def _teaches(log: CampaignLog, campaign: Campaign, until: int) -> bool:
    """Whether a campaign started late enough to know its people, and early enough to know who took it up."""
    if campaign.starts_at is None or campaign.starts_at <= log.customers.start:
        return False
    last = until if campaign.ends_at is None else min(campaign.ends_at + 1, until)
    ran = last - campaign.starts_at >= LEAST_DAYS * DAY_MS or (
        campaign.ends_at is not None and campaign.starts_at < campaign.ends_at < until
    )
    return ran and len(log.offered(campaign.campaign_id)) > 0 and len(audience_of(log, campaign, until)) > 0


def _known(
    log: CampaignLog, campaign: Campaign, as_of: int, people: pl.Series, kinds: tuple[str, ...]
) -> pl.DataFrame:
    """What is known of people facing a campaign; a column of numbers each."""
    shared = about(log, campaign) | {f"kind {kind}": float(kind == campaign.kind) for kind in kinds}
    known = facing(log, campaign, as_of, people)
    return known.with_columns(pl.lit(value).alias(name) for name, value in shared.items())


def _matrix(table: pl.DataFrame) -> Floats:
    return table.to_numpy().astype(np.float32)


def _check_truth(truth: Bools, campaigns: int, until: int) -> None:
    took = int(truth.sum())
    if took < FEWEST or took == len(truth):
        raise TooLittleData(
            f"Before {told(until)} {took} of {len(truth):,} customers addressed by {campaigns} campaigns "
            f"took one up: too little to learn from. At least {FEWEST} must have, and not everybody.",
            hint="Import campaigns with audiences, and select_promotion events or coupons of purchases.",
        )
