"""What every search for settings shares: trials, their value, and cases few enough that a trial is cheap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import numpy as np

from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases, Split
from shopkeeper.learners.past import LATEST
from shopkeeper.metrics.ranking import hits, ndcg
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.select import contains

Config = TypeVar("Config")

K = 10
"""Length of the list that counts in every choice: NDCG@10."""

_MOST_CASES = 6_000
_MOST_HISTORY = 60_000
"""Events in the histories of all cases of one trial: what a trial costs."""
_FEWEST_CASES = 300
MOST_PAIRS: Final = 12_000_000
"""Pairs of events of one person on which a trial of items learns; what it chooses is fitted on everything."""
_BATCH = 1_024
"""Cases asked at once: what a ranker is told of their candidates is held in memory."""
_FEW_EVENTS: Final = 100_000
"""Events up to which both starts are tried: above, items have events enough of their own."""
REPEATS_MATTER = 0.002
"""Share of answers that are repeats from which on learning repeats is worth it."""


@dataclass(frozen=True, slots=True)
class Trial(Generic[Config]):
    """One configuration and its mean NDCG@10 on validation.

    Attributes
    ----------
    config
        The configuration.
    value
        Mean NDCG@10.
    model
        The recommender, if it was fitted on all of ``split.train`` anyway, so that nobody fits it again.
    """

    config: Config
    value: float
    model: Recommender | None = field(default=None, compare=False)


def value_of(recommender: Recommender, cases: Cases) -> float:
    """Mean NDCG@10 of a recommender on cases."""
    found = [np.empty(0)]
    for start in range(0, len(cases), _BATCH):
        part = cases.take(np.arange(start, min(start + _BATCH, len(cases))))
        answer = recommender.recommend(part.requests, K)
        found.append(ndcg(hits(answer.lists, part.truth, K)))
    return float(np.concatenate(found).mean())


def thinned(cases: Cases, seed: int, *, ease: int = 1) -> Cases:
    """Few enough cases that a trial stays cheap: bounded in number and in events of their histories.

    Parameters
    ----------
    cases
        To choose from.
    seed
        Of the choice.
    ease
        How many times more cases may be taken than for one of many trials.
    """
    mean = max(1.0, len(cases.requests.histories.items) / max(1, len(cases)))
    n = int(np.clip(_MOST_HISTORY / mean, _FEWEST_CASES, _MOST_CASES))
    return cases.sample(ease * n, seed)


def repeat_share(cases: Cases) -> float:
    """Share of the answers that the person already knew."""
    return float(contains(cases.requests.histories.known, cases.truth).mean()) if len(cases) else 0.0


def best_of(configs: Sequence[Config], value: Callable[[Config], float]) -> Trial[Config]:
    """Try each configuration; the first of the best."""
    return max((Trial(config, value(config)) for config in configs), key=lambda trial: trial.value)


def starts(split: Split) -> tuple[bool, ...]:
    """Whether to try vectors of items that start from what is told of them, beside those that do not."""
    small = len(split.train) <= _FEW_EVENTS
    return (False, True) if small and split.train.items.vectors is not None else (False,)


def few_pairs(dataset: Dataset, seed: int) -> Dataset:
    """All that some people did, few enough that a trial can learn from it."""
    pairs = int((np.minimum(np.diff(dataset.offsets), LATEST) ** 2).sum())
    if pairs <= MOST_PAIRS:
        return dataset
    chosen = np.random.default_rng(seed).random(len(dataset.people)) < MOST_PAIRS / pairs
    # Rows of nobody carry the code -1, the last entry.
    return dataset.where(np.append(chosen, False)[dataset.person])


def walked(
    start: Config,
    steps: Sequence[Callable[[Config], list[Config]]],
    value: Callable[[Config], float],
) -> Config:
    """The configuration at the end of a walk: at each step the best of those it offers, or what is."""
    best = Trial(start, value(start))
    for step in steps:
        offered = [config for config in step(best.config) if config != best.config]
        if offered:
            best = max(best, best_of(offered, value), key=lambda trial: trial.value)
    return best.config


def seen_factor(cases: Cases) -> float:
    """Factor on what a person knows: 0 where hardly anybody comes back."""
    return 1.0 if repeat_share(cases) > REPEATS_MATTER else 0.0
