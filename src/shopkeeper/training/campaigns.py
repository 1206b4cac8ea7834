"""Who takes up a campaign, told by all that speaks: recommenders of campaigns are learned from too.

Recommenders learn what people bought and took up (`data.campaign_dataset`), every four weeks anew, so that
none knew of a campaign that the ranking learns from what came of it.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core.types import DAY_MS, Ragged
from shopkeeper.data.campaign_dataset import campaign_codes, campaign_dataset, campaign_requests
from shopkeeper.data.campaign_log import Campaign, CampaignLog
from shopkeeper.data.dataset import Dataset
from shopkeeper.propensity.examples import Progress
from shopkeeper.propensity.response import ResponseModel, learn_responses
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.bayes import Bayes
from shopkeeper.recommenders.campaigns import Campaigns
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours

Made = Mapping[str, Callable[[], Recommender]]
"""Recommenders by name, not fitted yet."""
SOURCES: Final[Made] = {family.name: family for family in (Bayes, CustomerNeighbours, Content)}
"""Recommenders that are asked unless others are given: those that learn within a second; see decision 075."""
_EVERY: Final = 28 * DAY_MS
_LEAST: Final = 1e-3
"""Share of all that is expected below which a campaign's makes no difference."""


class Sources:
    """What recommenders say of people facing a campaign, as columns.

    Parameters
    ----------
    log
        What they learn from.
    until
        The moment before which they learn; also for later questions.
    made
        Which recommenders.
    """

    def __init__(self, log: CampaignLog, until: int, made: Made = SOURCES) -> None:
        self._log, self._until, self._made = log, until, made
        self._moment = until + 1
        self._dataset: Dataset
        self._fitted: dict[str, Campaigns] = {}

    def __call__(self, log: CampaignLog, campaign: Campaign, as_of: int, people: pl.Series) -> pl.DataFrame:
        """A column a recommender, a row a person: the logarithm of its score."""
        self._learn(min(as_of, self._until))
        requests = campaign_requests(log, self._dataset, people, as_of)
        code = campaign_codes(self._dataset, [campaign.campaign_id])
        each = Ragged(np.arange(len(people) + 1, dtype=np.int64), np.repeat(code, len(people)))
        return pl.DataFrame(
            {name: np.log(one.score(requests, each) + _LEAST) for name, one in self._fitted.items()}
        )

    def _learn(self, as_of: int) -> None:
        """Fit as of the last of the moments, whole four weeks before the end, that is not after this one."""
        moment = self._until - -((as_of - self._until) // _EVERY) * _EVERY
        if moment != self._moment:
            self._dataset, self._moment = campaign_dataset(self._log, moment), moment
            self._fitted = {name: Campaigns(make()).fit(self._dataset) for name, make in self._made.items()}


def learn_campaigns(log: CampaignLog, until: int, progress: Progress) -> ResponseModel:
    """`propensity.response.learn_responses` with the columns of `Sources` beside the others."""
    return learn_responses(log, until, progress, tell=Sources(log, until))
