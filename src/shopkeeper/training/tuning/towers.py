"""Settings of the two towers: how far ahead they look, and for how long they learn."""

from dataclasses import replace
from typing import Final

from shopkeeper.data.split import Cases, Split
from shopkeeper.recommenders.towers import Towers, TowersConfig
from shopkeeper.training.tuning.trials import REPEATS_MATTER, Trial, repeat_share, value_of

_WATCHED: Final = 3_000
"""Cases on which a pass is measured."""


def tune_towers(split: Split, cases: Cases, seed: int = 0) -> Trial[TowersConfig]:
    """Stop where the cases gain no more, and keep the number of passes."""
    watched = cases.sample(_WATCHED, seed)
    seen = 1.0 if repeat_share(cases) > REPEATS_MATTER else 0.0
    model = Towers(TowersConfig(seen=seen, seed=seed))
    passes = model.learn(split.train, lambda learned: value_of(learned, watched))
    model.config = replace(model.config, epochs=max(passes, 1))
    return Trial(model.config, value_of(model, cases), model)
