"""Settings of the recommenders that count: popularity, repeats, co-occurrence."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shopkeeper.core.types import DAY_MS, EventType, Floats
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases, Split
from shopkeeper.learners.pairs import Kernel, count_pairs
from shopkeeper.recommenders.cooccurrence import Cooccurrence, CooccurrenceConfig
from shopkeeper.recommenders.popular import Popular, PopularConfig
from shopkeeper.recommenders.repeat import Repeat, RepeatConfig
from shopkeeper.training.tuning.trials import REPEATS_MATTER, Trial, best_of, repeat_share, value_of

MOST_EVENTS = 400_000
"""Events of a sample of people on which trials count pairs; what they choose is fitted on everything."""
_KERNELS = ((50, 8.0), (20, 6.0), (8, 4.0))
"""Reach and tau to choose from: counting is what costs, so trials share the counts of these."""
_AVERAGED = 5
_FACTORS = (0.25, 0.5, 2.0, 4.0)
"""Weights of a kind of event to try, relative to the shop's own."""
_WORTH = 2e-3
"""Least relative gain for which the weight of a kind moves: less is noise."""


def tune_popular(split: Split, cases: Cases, seed: int = 0) -> Trial[PopularConfig]:
    """Try half-lives from days to for ever."""
    span = (split.train.end - split.train.start) / DAY_MS
    configs = [PopularConfig(days) for days in (1.0, 3.0, 7.0, 14.0, 30.0, 90.0, 365.0) if days <= 4 * span]
    return best_of(
        configs or [PopularConfig()], lambda config: value_of(Popular(config).fit(split.train), cases)
    )


def tune_repeat(split: Split, cases: Cases, seed: int = 0) -> Trial[RepeatConfig]:
    """Try what "again" means: the very next moment, a week, four weeks."""
    span = (split.train.end - split.train.start) / DAY_MS
    configs = [RepeatConfig(days) for days in (0.0, 7.0, 28.0) if days <= span / 4]
    return best_of(configs, lambda config: value_of(Repeat(config).fit(split.train), cases))


def tune_cooccurrence(
    split: Split, cases: Cases, seed: int = 0, trials: int = 32
) -> Trial[CooccurrenceConfig]:
    """Random search on a sample of people; the second half of the trials stays near the best so far."""
    rng = np.random.default_rng(seed)
    sample, weights = _sampled(split.train, seed), split.train.weights
    counts = {kernel: count_pairs(sample, Kernel(*kernel, 0.0, weights)) for kernel in _KERNELS}
    seen = 1.0 if repeat_share(cases) > REPEATS_MATTER else 0.0

    def value(config: CooccurrenceConfig) -> float:
        forward = counts[config.reach, config.tau]
        model = Cooccurrence(config).fit_counts(forward.mirrored(config.symmetry), weights)
        return value_of(model, cases)

    starts = [replace(Cooccurrence.DEFAULT, reach=r, tau=t, seen=seen) for r, t in _KERNELS]
    found = [Trial(config, value(config)) for config in starts]
    for trial in range(trials):
        best = max(found, key=_value)
        config = _near(best.config, rng) if trial >= trials // 2 else _anywhere(best.config, rng)
        found.append(Trial(config, value(config)))
    config = _mean_of_best(found)
    best = best_of([replace(config, seen=factor) for factor in (0.0, 0.5, 1.0)], value)
    return _with_kinds(best, sample, cases)


def _with_kinds(trial: Trial[CooccurrenceConfig], sample: Dataset, cases: Cases) -> Trial[CooccurrenceConfig]:
    """Change the weight of one kind of event after another while that helps; one kind alone has no weight.

    What speaks most of those that occur keeps its weight: only ratios matter.
    """
    shop = sample.weights
    occur = np.flatnonzero((np.bincount(sample.kind, minlength=len(shop)) > 0) & (shop > 0))
    strongest = max(occur, key=lambda kind: float(shop[kind]), default=0)
    for kind in (EventType(int(kind)) for kind in occur if kind != strongest):
        weights = [float(shop[kind]) * factor for factor in _FACTORS]
        configs = [replace(trial.config, kinds={**trial.config.kinds, kind.name: w}) for w in weights]
        found = best_of(configs, lambda config: value_of(Cooccurrence(config).fit(sample), cases))
        if found.value > trial.value * (1.0 + _WORTH):
            trial = found
    return trial


def _mean_of_best(trials: Sequence[Trial[CooccurrenceConfig]]) -> CooccurrenceConfig:
    """Mean of the best few with the kernel of the very best.

    The single best of many trials owes part of its lead to luck; the mean of its rivals does not.
    """
    best = max(trials, key=_value).config
    same = [trial for trial in trials if trial.config.reach == best.reach]
    top = [trial.config for trial in sorted(same, key=_value, reverse=True)[:_AVERAGED]]
    symmetry, alpha, beta, recency = np.mean([(x.symmetry, x.alpha, x.beta, x.recency) for x in top], axis=0)
    return replace(
        best, symmetry=float(symmetry), alpha=float(alpha), beta=float(beta), recency=float(recency)
    )


def _value(trial: Trial[CooccurrenceConfig]) -> float:
    return trial.value


def _anywhere(config: CooccurrenceConfig, rng: np.random.Generator) -> CooccurrenceConfig:
    reach, tau = _KERNELS[int(rng.integers(len(_KERNELS)))]
    return replace(
        config,
        reach=reach,
        tau=tau,
        symmetry=float(rng.choice([0.0, 0.1, 0.3, 0.6, 1.0])),
        alpha=float(rng.uniform(0.0, 0.7)),
        beta=float(rng.uniform(0.0, 0.5)),
        recency=float(1.0 - np.exp(rng.uniform(np.log(0.01), np.log(0.8)))),
    )


def _near(config: CooccurrenceConfig, rng: np.random.Generator) -> CooccurrenceConfig:
    forget = (1.0 - config.recency) * np.exp(rng.normal(0.0, 0.25))
    return replace(
        config,
        symmetry=float(np.clip(config.symmetry + rng.normal(0.0, 0.1), 0.0, 1.0)),
        alpha=float(np.clip(config.alpha + rng.normal(0.0, 0.08), 0.0, 1.0)),
        beta=float(np.clip(config.beta + rng.normal(0.0, 0.06), 0.0, 1.0)),
        recency=float(np.clip(1.0 - forget, 0.05, 0.995)),
    )


def _sampled(dataset: Dataset, seed: int) -> Dataset:
    """A sample of people with about `MOST_EVENTS` events."""
    if len(dataset) <= MOST_EVENTS:
        return dataset
    chosen: Floats = np.random.default_rng(seed).random(len(dataset.people) + 1).astype(np.float32)
    # Anonymous rows carry the code -1, the last entry; co-occurrence does not look at them anyway.
    return dataset.where(chosen[dataset.person] < MOST_EVENTS / len(dataset))
