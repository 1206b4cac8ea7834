"""What likeness is made of, and how far back to listen."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Final

import numpy as np

from shopkeeper.core.types import Ints
from shopkeeper.data.split import Cases, Split
from shopkeeper.features.fields import ADAPTED, ATTRIBUTES, KINDS, MEANING, PICTURE, WORDS, Fields
from shopkeeper.learners.contrastive import Projection
from shopkeeper.recommenders.content import Content, ContentConfig, adaptation
from shopkeeper.training.tuning.trials import REPEATS_MATTER, Trial, repeat_share, value_of

_RECENCIES: Final = (0.5, 0.65, 0.8, 0.9, 0.97)
_WEIGHTS: Final = (0.0, 0.25, 0.5, 1.0, 2.0)
_FIELDS: Final = (ADAPTED, MEANING, WORDS, PICTURE, ATTRIBUTES, KINDS)
"""In the order in which their weights are chosen."""
_SHARPNESS: Final = (2.0, 3.0, 5.0)
MOST_ROWS: Final = 1_000
"""Items of histories whose neighbours a trial looks for."""
MOST_PAIRS: Final = 60_000_000
"""Pairs of items that a trial compares."""
_MOST_CASES: Final = 1_500
_FEWEST_ROWS: Final = 300
"""Items of histories below which trials would say little: weights then stay as they are."""


def tune_content(split: Split, cases: Cases, seed: int = 0) -> Trial[ContentConfig]:
    """Recency, then the weight of each field in turn, then sharpness, on some of the cases; fitted on all."""
    fields = Fields.of(split.train.items)
    start = ContentConfig(seen=1.0 if repeat_share(cases) > REPEATS_MATTER else 0.0)
    projection = adaptation(split.train, fields)
    config = _chosen(
        start,
        split,
        cases.take(np.random.default_rng(seed).permutation(len(cases))[:_MOST_CASES]),
        fields,
        projection,
    )
    model = Content(config).fit_fields(split.train, fields, projection)
    return Trial(config, value_of(model, cases), model)


def _chosen(
    start: ContentConfig, split: Split, cases: Cases, fields: Fields, projection: Projection | None
) -> ContentConfig:
    n = split.train.n_items
    rows, asked = heard_rows(cases, int(min(MOST_ROWS, MOST_PAIRS / max(1, n))))
    model = Content(start).fit_fields(split.train, fields, projection, rows)

    def value(config: ContentConfig) -> float:
        nonlocal model
        if replace(config, recency=model.config.recency) != model.config:
            model = Content(config).fit_fields(split.train, fields, projection, rows)
        model.config = config
        return value_of(model, asked)

    best = max(
        (Trial(replace(start, recency=one), value(replace(start, recency=one))) for one in _RECENCIES),
        key=_value,
    )
    if len(rows) < min(n, _FEWEST_ROWS):
        return best.config
    for name in (
        *(name for name in _FIELDS if name in fields.names or (name == ADAPTED and projection)),
        "sharpness",
    ):
        for config in _others(best.config, name):
            best = max(best, Trial(config, value(config)), key=_value)
    return best.config


def _others(config: ContentConfig, name: str) -> Iterator[ContentConfig]:
    """The same with other values of one setting; never without any field."""
    for value in _SHARPNESS if name == "sharpness" else _WEIGHTS:
        other = ContentConfig(**{**asdict(config), name: value})
        if other != config and any(other.weights.values()):
            yield other


def _value(trial: Trial[ContentConfig]) -> float:
    return trial.value


def heard_rows(cases: Cases, most: int) -> tuple[Ints, Cases]:
    """The first cases whose histories hold at most about ``most`` items, and these items in rising order."""
    offsets, items = cases.requests.histories.offsets, cases.requests.histories.items
    _, first = np.unique(items, return_index=True)
    fresh = np.zeros(len(items) + 1, np.int64)
    fresh[first + 1] = 1
    distinct = np.cumsum(fresh)[offsets[1:]]
    n = max(1, int(np.searchsorted(distinct, most, side="right")))
    few = cases.take(np.arange(min(n, len(cases))))
    return np.unique(few.requests.histories.items).astype(np.int32), few
