"""How well chances were told: learned as of an earlier moment, and judged by what came since."""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core.errors import TooLittleData
from shopkeeper.core.types import DAY_MS, Bools
from shopkeeper.data.campaign_log import Campaign, CampaignLog
from shopkeeper.data.customer_log import CustomerLog
from shopkeeper.metrics.classification import auc, expected_calibration_error, gains, reliability
from shopkeeper.metrics.uplift import Trial, curves, uplift
from shopkeeper.propensity.examples import Progress
from shopkeeper.propensity.labels import Label
from shopkeeper.propensity.outlook import foresee
from shopkeeper.propensity.response import LEAST_DAYS, ResponseModel, audience_of, responded

Doubles = NDArray[np.float64]
Learn = Callable[[CampaignLog, int, Progress], ResponseModel]
"""From what is known of campaigns before a moment; see `propensity.response.learn_responses`."""

STEPS: Final = 20
"""Points of a gain and of a lift curve."""
FEWEST: Final = 30
"""People each of those written to and those held out must count before an effect is told."""
_JUDGED: Final = 3
"""The latest campaigns, which are judged; those before are learned from."""


def judged(log: CustomerLog, as_of: int, label: Label, progress: Progress) -> dict[str, Any]:
    """Figures of the chances that were told ``label.days`` before a moment, by what came until it.

    Returns
    -------
    ``people`` and ``true``, how many; ``auc``; ``error``, calibration error in ten bins; ``told``, ``came``
    and ``cases`` of each bin; ``gain`` and ``lift`` of the highest 5%, 10%, ... 100%. None where nothing is
    known.

    Raises
    ------
    TooLittleData
        There is nothing to learn from, or nothing to judge by.
    """
    then = as_of - label.days * DAY_MS
    ahead = foresee(log, then, label, progress=progress)
    return figures(ahead.probability, label.of(log.before(as_of), then, ahead.profiles))


def judged_responses(log: CampaignLog, as_of: int, learn: Learn, progress: Progress) -> dict[str, Any]:
    """`judged`, for the latest campaigns by a model that knew those before the first of them alone."""
    told = [one for one in log.campaigns if _is_told(log, one, as_of)]
    late = told[-_JUDGED:]
    if len(told) <= _JUDGED:
        raise TooLittleData(
            f"{len(told)} campaigns ran for {LEAST_DAYS} days; it takes more than {_JUDGED} to judge.",
            hint="Import more campaigns with their responses: --kind campaigns.",
        )
    model = learn(log, late[0].starts_at or 0, progress)
    chances, came = [], []
    for place, one in enumerate(late):
        start = one.starts_at or 0
        people = audience_of(log, one, start)
        chances.append(model.probability(log, one, start, people))
        came.append(responded(log, one, people, as_of))
        progress("judge campaigns", place + 1, len(late))
    return figures(np.concatenate(chances), np.concatenate(came))


def judged_messages(trial: pl.DataFrame) -> dict[str, Any] | None:
    """What messages changed: those written to beside those held out; None before enough is known.

    Parameters
    ----------
    trial
        See `data.outbox.trial`.

    Returns
    -------
    ``sent`` and ``held``, how many; ``effect``, the difference of the shares who bought; ``qini`` with
    ``qini_low`` and ``qini_high``; ``share`` and ``curve``, the points of the Qini curve.
    """
    treated, came = trial["treated"].to_numpy(), trial["bought"].to_numpy()
    if min(int(treated.sum()), int((~treated).sum())) < FEWEST:
        return None
    scores, what = trial["score"].to_numpy(), Trial.of(treated, came)
    found, drawn = uplift(scores, what).qini, curves(scores, what)
    places = np.unique(np.linspace(0, len(drawn.share) - 1, STEPS + 1).astype(int))
    return {
        "sent": int(treated.sum()),
        "held": int((~treated).sum()),
        "effect": float(came[treated].mean() - came[~treated].mean()),
        "qini": found.mean,
        "qini_low": found.low,
        "qini_high": found.high,
        "share": drawn.share[places].tolist(),
        "curve": drawn.qini[places].tolist(),
    }


def figures(chances: Doubles, came: Bools) -> dict[str, Any]:
    """See `judged`."""
    bins, won = reliability(chances, came), gains(chances, came, STEPS)
    return {
        "people": len(came),
        "true": int(came.sum()),
        "auc": _known(auc(chances, came)),
        "error": _known(expected_calibration_error(chances, came)),
        "told": [_known(value) for value in bins.told.tolist()],
        "came": [_known(value) for value in bins.came.tolist()],
        "cases": bins.cases.tolist(),
        "gain": [_known(value) for value in won.gain.tolist()],
        "lift": [_known(value) for value in won.lift.tolist()],
    }


def _is_told(log: CampaignLog, one: Campaign, as_of: int) -> bool:
    """Whether a campaign ran so long that who took it up is known."""
    if one.starts_at is None or one.starts_at <= log.customers.start:
        return False
    return as_of - one.starts_at >= LEAST_DAYS * DAY_MS and len(log.offered(one.campaign_id)) > 0


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
