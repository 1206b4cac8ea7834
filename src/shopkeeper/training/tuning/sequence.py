"""How long sequence models learn: as long as that helps on validation; and whether 8 bits will do."""

from dataclasses import replace

from shopkeeper.data.split import Cases, Split
from shopkeeper.learners.sequence.config import SequenceConfig
from shopkeeper.recommenders.sequence import GruSequence, Transformer
from shopkeeper.training.tuning.trials import Trial, starts, value_of

_LOSS = 1e-3
"""Relative loss up to which a network in whole numbers of 8 bits is taken: it is smaller and quicker."""

_WATCHED = 3_000
"""Cases on which each pass is measured."""


def tune_transformer(
    split: Split, cases: Cases, seed: int = 0, config: SequenceConfig | None = None
) -> Trial[SequenceConfig]:
    """Learn until validation gains no more; the passes it took are the configuration's.

    In a small log both starts are tried, without and with what texts of items mean.

    Parameters
    ----------
    split, cases, seed
        As for every tuner; the model that comes back is fitted on ``split.train``.
    config
        Size and all else.
    """
    config = replace(config or SequenceConfig(), seed=seed)
    trials = [_tuned(Transformer(replace(config, reads=reads)), split, cases) for reads in starts(split)]
    return max(trials, key=lambda trial: trial.value)


def tune_gru(
    split: Split, cases: Cases, seed: int = 0, config: SequenceConfig | None = None
) -> Trial[SequenceConfig]:
    """The same for recurrent units."""
    return _tuned(GruSequence(replace(config or SequenceConfig(), seed=seed)), split, cases)


def _tuned(model: Transformer, split: Split, cases: Cases) -> Trial[SequenceConfig]:
    watched = cases.sample(_WATCHED, model.config.seed)
    passes = model.learn(split.train, lambda found: value_of(found, watched))
    model.config = replace(model.config, epochs=passes)
    small = model.in_whole_numbers()
    value, value_small = value_of(model, cases), value_of(small, cases)
    if value_small >= (1 - _LOSS) * value:
        return Trial(small.config, value_small, small)
    return Trial(model.config, value, model)
