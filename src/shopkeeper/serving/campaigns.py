"""Campaigns for whoever asks over HTTP: learned once a day of the shop, and anew when the log has grown."""

import threading
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.types import DAY_MS
from shopkeeper.data import outbox
from shopkeeper.data.campaign_log import CampaignLog, read_campaign_log
from shopkeeper.data.store import Store
from shopkeeper.propensity.cuts import check_as_of
from shopkeeper.propensity.response import AFTER_DAYS, ResponseModel, check_open
from shopkeeper.serving.delivery import rest_of
from shopkeeper.surfaces.campaign import MOST_INVITED, Plan, Suited, campaigns_for, plan
from shopkeeper.training.campaigns import learn_campaigns

CAMPAIGNS_EXAMPLE: Final[dict[str, Any]] = {"campaign_id": "spring", "k": 100, "budget": 2.0}
_DAYS: Final = 4
"""Days whose model is kept, those first asked about last."""


class CampaignsRequest(BaseModel):
    """One of the two: the campaigns for a person, or the people for a campaign."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    customer_id: str | None = Field(None, min_length=1, max_length=256)
    campaign_id: str | None = Field(None, min_length=1, max_length=256)
    k: int = Field(10, ge=1, le=MOST_INVITED, description="Most campaigns, or most people.")
    budget: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="Most that messages to people may cost."
    )
    as_of: str | None = Field(None, description="ISO 8601 or epoch; now without it.")


@dataclass(frozen=True, slots=True)
class CampaignsAnswer:
    """Campaigns for a person, or whom to send one to."""

    as_of: int
    campaigns: tuple[Suited, ...] = ()
    plan: Plan | None = None


class Campaigns:
    """Campaigns of a shop. Safe with several threads; one learns while the others wait.

    Parameters
    ----------
    store
        The log and the catalogue.
    config
        Holds what a message costs, and how long people rest.
    """

    def __init__(self, store: Store, config: ShopConfig) -> None:
        self._store, self._config = store, config
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] = ()
        self._log: CampaignLog | None = None
        self._models: dict[int, ResponseModel] = {}

    def of(self, person: str, as_of: int, most: int) -> tuple[Suited, ...]:
        """See `surfaces.campaign.campaigns_for`; none for whoever did not consent."""
        with self._lock:
            log = self._read()
            model = self._model(log, as_of)
        if person in refused(self._store):
            return ()
        return tuple(campaigns_for(log, model, person, as_of, most))

    def plan(self, campaign_id: str, as_of: int, most: int, budget: float | None) -> Plan:
        """See `surfaces.campaign.plan`; raises `UnknownCampaign`."""
        with self._lock:
            log = self._read()
            campaign = log.campaign(campaign_id)
            check_open(campaign, as_of)
            model = self._model(log, as_of)
        terms = self._config.actions
        resting = self._store.read(partial(outbox.resting, as_of=as_of, rest=rest_of(terms)))
        silent = resting | refused(self._store)
        return plan(log, model, campaign, as_of, silent, terms, most=most, budget=budget)

    def _model(self, log: CampaignLog, as_of: int) -> ResponseModel:
        """What is learned by the beginning of a day; the lock is held.

        Raises
        ------
        InvalidRequest
            The log says nothing of the moment.
        """
        check_as_of(log.customers, as_of, AFTER_DAYS)
        day = as_of // DAY_MS * DAY_MS
        if day not in self._models:
            if len(self._models) == _DAYS:
                del self._models[next(iter(self._models))]
            self._models[day] = learn_campaigns(log, day, lambda stage, done, total: None)
        return self._models[day]

    def _read(self) -> CampaignLog:
        """The log as it is now; the lock is held."""
        store = self._store
        # Whoever was erased must not be found in what is kept.
        seen = (
            store.last_seq(),
            store.erasures(),
            int(store.campaigns().hash_rows().sum() or 0),
            len(store.campaign_items()),
            len(store.campaign_customers()),
        )
        if self._log is None or seen != self._seen:
            self._models.clear()
            self._log = read_campaign_log(store, store)
            self._seen = seen
        return self._log


def refused(store: Store) -> set[str]:
    """Pseudonyms of customers who withdrew consent."""
    customers = store.customers()
    return set(customers.filter(~customers[c.CONSENT])[c.CUSTOMER_ID])
