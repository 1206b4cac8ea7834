"""Settings of the ridge between items: order or not, how far back to listen, how strongly to hold back.

Where people come back to what they know, other sources say so, and settings that serve repeats listen to the
last few events. This one is then chosen for news, which all that somebody did speaks for.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases, Split
from shopkeeper.recommenders.linear import Linear, LinearConfig
from shopkeeper.training.tuning.fusion import news
from shopkeeper.training.tuning.trials import REPEATS_MATTER, Trial, few_pairs, repeat_share, value_of

_RECENCIES: Final = (0.5, 0.65, 0.8, 0.9, 0.97, 0.99)
_OTHER_RIDGES: Final = (3.0, 20.0, 60.0)
_MANY_ITEMS: Final = 50_000
"""Items from which on the ridge is not tried: it decides least, and each trial solves everything."""
_WATCHED: Final = 2_000
"""Cases on which a trial is measured."""
_SECONDS: Final = 3.0
"""What the exact form may cost in a trial."""


def tune_linear(split: Split, cases: Cases, seed: int = 0) -> Trial[LinearConfig]:
    """Try settings on a sample of people, cheaply; solve the winner on all as exactly as it may."""
    come_back = repeat_share(cases) > REPEATS_MATTER
    asked = news(cases) if come_back else cases
    watched = (asked if len(asked) else cases).sample(_WATCHED, seed)
    seen = 1.0 if come_back else 0.0
    sample = few_pairs(split.train, seed)
    found = [trial for ordered in (True, False) for trial in _tried(sample, watched, seen, ordered)]
    best = max(found, key=lambda trial: trial.value)
    model = Linear(replace(best.config, seconds=LinearConfig().seconds)).fit(split.train)
    return Trial(model.config, value_of(model, cases), model)


def _tried(sample: Dataset, cases: Cases, seen: float, ordered: bool) -> Iterator[Trial[LinearConfig]]:
    """Every recency under one ridge, other ridges at the best of them; what is counted is counted once."""
    start = LinearConfig(ordered=ordered, seen=seen, seconds=_SECONDS)
    parts = Linear(start).parts(sample)
    model = Linear(start).fit_parts(sample, *parts)
    trials = []
    for recency in _RECENCIES:
        model.config = replace(start, recency=recency)
        trials.append(Trial(model.config, value_of(model, cases)))
    yield max(trials, key=lambda trial: trial.value)
    best = max(trials, key=lambda trial: trial.value).config
    for ridge in _OTHER_RIDGES if sample.n_items < _MANY_ITEMS else ():
        model = Linear(replace(best, ridge=ridge)).fit_parts(sample, *parts)
        yield Trial(model.config, value_of(model, cases))
