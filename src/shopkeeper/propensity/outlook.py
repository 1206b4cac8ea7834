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
    contributions, names
        What speaks for it: shape ``(n, len(names))``, by column; see `reasons.reasons`.
    """

    profiles: pl.DataFrame
    probability: NDArray[np.float64]
    contributions: NDArray[np.float64]
    names: tuple[str, ...]

    def reasons(self, language: str) -> list[tuple[str, ...]]:
        """In words, ``en`` or ``zh``, the strongest first."""
        return reasons(self.profiles, self.contributions, self.names, language)


def foresee(
    log: CustomerLog,
    as_of: int,
    label: Label,
    *,
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
    return Outlook(
        seen.profiles, model.probability(seen.matrix), model.contributions(seen.matrix), seen.names
    )
