"""What is ahead of customers: a probability each, with the reasons for it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.data.customer_log import CustomerLog
from shopkeeper.propensity.chance import Chance, ChanceConfig
from shopkeeper.propensity.cuts import check_as_of, cut_offs
from shopkeeper.propensity.examples import Progress, gather, observe
from shopkeeper.propensity.labels import Label, check_days, check_told
from shopkeeper.propensity.reasons import reasons


@dataclass(frozen=True)
class Outlook:
    """What is ahead of everybody who had bought before a moment.

    Attributes
    ----------
    profiles
        A row a customer, see `examples.Observed`.
    probability
        Shape ``(n,)``: that the label comes true.
    reasons
        In words, the strongest first.
    """

    profiles: pl.DataFrame
    probability: NDArray[np.float64]
    reasons: list[tuple[str, ...]]


def foresee(
    log: CustomerLog,
    as_of: int,
    label: Label,
    *,
    language: str = "en",
    config: ChanceConfig | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Outlook:
    """Learn from moments whose outcome was known by ``as_of``, and tell what is ahead then.

    Parameters
    ----------
    log
        What customers did; nothing from ``as_of`` on is looked at.
    as_of
        The moment, epoch milliseconds.
    label
        What may come true.
    language
        Of reasons, ``en`` or ``zh``.
    config
        How it is learned.
    progress
        Told of stages.

    Raises
    ------
    InvalidRequest
        The horizon is out of bounds, or the log says nothing of the moment.
    TooLittleData
        The log is too short for the horizon, or the label never or always came true.
    """
    check_days("horizon", label.days)
    check_as_of(log, as_of, label.days)
    past = log.before(as_of)
    examples = gather(past, cut_offs(past, as_of, label.days), label.days, label.of, progress)
    check_told(examples.truth, label)
    model = Chance.fit(examples, config or ChanceConfig(), progress)
    seen = observe(past, as_of, label.days)
    contributions = model.contributions(seen.matrix)
    return Outlook(
        seen.profiles,
        model.probability(seen.matrix),
        reasons(seen.profiles, contributions, seen.names, language),
    )
