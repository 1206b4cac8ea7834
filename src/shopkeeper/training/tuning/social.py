"""Settings of a walk that starts at friends, one after another."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from shopkeeper.data.split import Cases, Split
from shopkeeper.recommenders.social import Social, SocialConfig
from shopkeeper.training.tuning.trials import Trial, seen_factor, value_of, walked

_DOUBTS: Final = (3.0, 10.0, 30.0)
_SPREADS: Final = (0.0, 0.5, 1.0)
_WALKS: Final = (0.0, 0.1, 0.3, 0.6, 0.85)
_WATCHED: Final = 1_000
"""Cases on which a trial is measured."""


def tune_social(split: Split, cases: Cases, seed: int = 0) -> Trial[SocialConfig]:
    """Try whom to trust and how far to walk; steps between items are learned once."""
    watched, model = cases.sample(_WATCHED, seed), Social().fit(split.train)

    @lru_cache
    def value(config: SocialConfig) -> float:
        model.config = config
        return value_of(model, watched)

    model.config = walked(
        SocialConfig(seen=seen_factor(cases)),
        (
            lambda at: [replace(at, walk=walk) for walk in _WALKS],
            lambda at: [replace(at, doubt=doubt) for doubt in _DOUBTS],
            lambda at: [replace(at, spread=spread) for spread in _SPREADS],
            lambda at: [replace(at, walk=walk) for walk in _WALKS],
        ),
        value,
    )
    return Trial(model.config, value_of(model, cases), model)
