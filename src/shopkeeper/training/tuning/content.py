"""What likeness is made of, and how far back to listen."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from typing import Final

from shopkeeper.data.split import Cases, Split
from shopkeeper.features.fields import Fields
from shopkeeper.recommenders.content import Content, ContentConfig
from shopkeeper.training.tuning.trials import REPEATS_MATTER, Trial, repeat_share, value_of

_RECENCIES: Final = (0.5, 0.65, 0.8, 0.9, 0.97)
_OTHER_MIXES: Final = ((1.0, 0.0), (0.0, 1.0), (2.0, 1.0))
"""Weights of words and of meaning beside the default."""
_INTERESTS: Final = (0.5, 1.0, 2.0)
_HALF_LIVES: Final = (3.0, 7.0, 30.0)
FEW_ITEMS: Final = 6_000
"""Items up to which other mixes are tried: each compares every pair again."""


def tune_content(split: Split, cases: Cases, seed: int = 0) -> Trial[ContentConfig]:
    """Every recency with the default mix, then other mixes at the best of them, then interests beside it."""
    start = ContentConfig(seen=1.0 if repeat_share(cases) > REPEATS_MATTER else 0.0)
    best = max(_tried(start, split, cases), key=lambda trial: trial.value)
    return max((best, *_with_interests(best, cases)), key=lambda trial: trial.value)


def _with_interests(best: Trial[ContentConfig], cases: Cases) -> Iterator[Trial[ContentConfig]]:
    """The same model, listening to interests too."""
    if not isinstance(best.model, Content) or not len(best.model.vectors_):
        return
    for interests in _INTERESTS:
        for half_life in _HALF_LIVES:
            model = copy(best.model)
            model.config = replace(best.config, interests=interests, half_life_days=half_life)
            yield Trial(model.config, value_of(model, cases), model)


def _tried(start: ContentConfig, split: Split, cases: Cases) -> Iterator[Trial[ContentConfig]]:
    fields = Fields.of(split.train.items)
    model, trials = Content(start).fit_fields(split.train, fields), []
    for recency in _RECENCIES:
        model.config = replace(start, recency=recency)
        trials.append(Trial(model.config, value_of(model, cases)))
    best = max(trials, key=lambda trial: trial.value)
    model.config = best.config
    yield replace(best, model=model)
    for words, meaning in _OTHER_MIXES if split.train.n_items <= FEW_ITEMS and fields.dense else ():
        mixed = Content(replace(best.config, words=words, meaning=meaning)).fit_fields(split.train, fields)
        yield Trial(mixed.config, value_of(mixed, cases), mixed)
