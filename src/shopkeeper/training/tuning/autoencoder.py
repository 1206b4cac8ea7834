"""Settings of the autoencoder: what it must foresee, and for how long it learns."""

from dataclasses import replace
from typing import Final

from shopkeeper.data.split import Cases, Split
from shopkeeper.recommenders.autoencoder import Autoencoder, AutoencoderConfig
from shopkeeper.training.tuning.trials import REPEATS_MATTER, Trial, repeat_share, value_of

_PERIOD: Final = AutoencoderConfig(ahead=10, recency=0.95)
"""For those who are asked about a period: many events from many; the default is a few from the last few."""
_SEVERAL: Final = 1.5
"""Mean number of answers of a case from which on it asks about a period."""
_WATCHED: Final = 3_000
"""Cases on which a pass is measured."""


def tune_autoencoder(split: Split, cases: Cases, seed: int = 0) -> Trial[AutoencoderConfig]:
    """Foresee what the cases ask for; stop where they gain no more, and keep the number of passes."""
    watched = cases.sample(_WATCHED, seed)
    start = _PERIOD if cases.truth.lengths.mean() >= _SEVERAL else AutoencoderConfig()
    seen = 1.0 if repeat_share(cases) > REPEATS_MATTER else 0.0
    model = Autoencoder(replace(start, seen=seen, seed=seed))
    passes = model.learn(split.train, lambda learned: value_of(learned, watched))
    model.config = replace(model.config, epochs=max(passes, 1))
    return Trial(model.config, value_of(model, cases), model)
