"""Settings of the models of vectors: how much an event counts, how far back to listen, how long to learn."""

from dataclasses import replace
from itertools import product
from typing import Final

from shopkeeper.data.split import Cases, Split
from shopkeeper.recommenders.factorization_machine import FactorizationMachine, FactorizationMachineConfig
from shopkeeper.recommenders.factors import Factors, FactorsConfig
from shopkeeper.training.tuning.trials import REPEATS_MATTER, Trial, repeat_share, starts, value_of

_ALPHAS: Final = (3.0, 10.0, 40.0)
_RECENCIES: Final = (0.65, 0.8, 0.9, 0.97)
_PACES: Final = ((1, 0.6), (5, 0.9))
"""``ahead`` and ``recency`` of the machine to choose from: the next few events, or a period from a period."""
_WATCHED: Final = 1_000
"""Cases on which a trial is measured: every one ranks the whole catalogue."""


def tune_factors(split: Split, cases: Cases, seed: int = 0) -> Trial[FactorsConfig]:
    """Try how much an event counts against nothing, each at the best of several recencies."""
    watched, found = cases.sample(_WATCHED, seed), []
    seen = _seen(cases)
    for alpha in _ALPHAS:
        model = Factors(FactorsConfig(alpha=alpha, seen=seen, seed=seed)).fit(split.train)
        for recency in _RECENCIES:
            model.config = replace(model.config, recency=recency)
            found.append((value_of(model, watched), model.config, model))
    _, config, model = max(found, key=lambda one: one[0])
    model.config = config
    return Trial(config, value_of(model, cases), model)


def tune_factorization_machine(
    split: Split, cases: Cases, seed: int = 0
) -> Trial[FactorizationMachineConfig]:
    """Try what to foresee, and in a small log both starts; keep as many passes as the cases gain by."""
    watched, found = cases.sample(_WATCHED, seed), []
    for (ahead, recency), reads in product(_PACES, starts(split)):
        model = FactorizationMachine(
            FactorizationMachineConfig(
                ahead=ahead, recency=recency, reads=reads, seen=_seen(cases), seed=seed
            )
        )
        passes = model.learn(split.train, lambda learned: value_of(learned, watched))
        model.config = replace(model.config, epochs=max(passes, 1))
        found.append(Trial(model.config, value_of(model, watched), model))
    return max(found, key=lambda trial: trial.value)


def _seen(cases: Cases) -> float:
    return 1.0 if repeat_share(cases) > REPEATS_MATTER else 0.0
