"""One training: tune and test on the past, fit on everything, and go live only if not worse.

The last weeks of the log are the test. Settings are chosen on the weeks before, fitted on all before the
test, and measured on it beside popularity and personal frequency, and beside the settings of the model that
serves now. Then the chosen settings are fitted on everything there is; this is what goes live. A training
that was killed goes on where it stopped, see `checkpoint`.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import CorruptModel, InvalidRequest, NotTrained, TooLittleData
from shopkeeper.core.ports import Catalogue, DecisionLog, EventLog, system_clock
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.clean import RuleReport
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Split
from shopkeeper.evaluation.backtest import Progress, no_progress
from shopkeeper.evaluation.evaluate import evaluate_task
from shopkeeper.evaluation.findings import Evaluation
from shopkeeper.evaluation.protocols import Fitter, Task, time_task
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.blend import Blend
from shopkeeper.recommenders.nearness import Nearness
from shopkeeper.recommenders.registry import RECOMMENDERS
from shopkeeper.training.checkpoint import Checkpoint
from shopkeeper.training.families import FAMILIES
from shopkeeper.training.learning import Learnable, read_learnable
from shopkeeper.training.plan import BUDGET
from shopkeeper.training.portfolio import Portfolio, Settings, fit_portfolio, refit, tuned
from shopkeeper.training.promote import (
    current_version,
    load_model,
    promote,
    prune,
    read_manifest,
    save_model,
)
from shopkeeper.training.searches import learn_from_log
from shopkeeper.training.tuning.trials import thinned
from shopkeeper.training.tuning.variety import learn_variety, nearness

_OPEN_DAYS: Final = 30
"""A log without an event for so long is the past of a shop, not its present."""
BASE: Final = "shopkeeper-base"
"""Name of the default as it is where only the base installation is there, without torch."""
SERVING_NOW: Final = "serving now"
"""Name under which the settings of the live model are measured beside the new ones."""


@dataclass(frozen=True)
class Training:
    """What came of a training.

    Attributes
    ----------
    version
        The new model; it serves if ``promoted``.
    promoted
        Whether it went live.
    reason
        Why, in a sentence.
    settings
        What tuning chose.
    evaluation
        Figures on the last weeks; None where there were too few data to hold any back.
    rules
        What cleaning did to the log.
    seconds
        The whole training.
    """

    version: str
    promoted: bool
    reason: str
    settings: Settings
    evaluation: Evaluation | None
    rules: tuple[RuleReport, ...]
    seconds: float


def train(
    log: EventLog,
    catalogue: Catalogue,
    models: Path,
    cache: Path,
    config: ShopConfig,
    *,
    decisions: DecisionLog | None = None,
    test_days: float | None = None,
    budget: float = BUDGET,
    progress: Progress = no_progress,
) -> Training:
    """Train a model on everything in the log; see the module.

    Parameters
    ----------
    log, catalogue
        What to learn from.
    models, cache
        The shop's folders of these names; what a training has done so far waits in the latter.
    config
        Cleaning rules, weights of events, and what reads titles.
    decisions
        What people were shown.
    test_days
        Length of the test; four weeks, or a fifth of the log where that is shorter.
    budget
        Seconds that choosing may take, about; what is chosen is then fitted on more data, twice.
    progress
        Told of stages.

    Raises
    ------
    InvalidRequest
        The budget is not a positive number.
    TooLittleData
        The log holds nothing to learn from.
    """
    if not budget > 0:
        raise InvalidRequest(f"time budget = {budget}: must be a positive number of seconds.")
    start = time.perf_counter()
    progress("read the log", 0, 1)
    learnable = read_learnable(log, catalogue, config, cache, decisions)
    progress("read the log", 1, 1)
    checkpoint = Checkpoint.under(cache, config)
    measured, task, evaluation = _measured(learnable.dataset, models, checkpoint, test_days, budget, progress)
    progress("learn how varied lists may be", 0, 1)
    near = _near(learnable.dataset, measured, task)
    progress("learn how varied lists may be", 1, 1)
    final = refit(measured, learnable.dataset, progress, checkpoint)
    settings = final.settings
    facts = _facts(learnable, settings, evaluation) | {"tried": asdict(final.tried)}
    progress("learn from searches", 0, 1)
    searched = learn_from_log(log, learnable.dataset.items, config, cache)
    progress("learn from searches", 1, 1)
    facts |= {"search": searched.record()} if searched else {}
    adaptation = searched.adaptation if searched else None
    version = save_model(models, final, learnable.dataset, facts, adaptation, near)
    good, reason = _verdict(evaluation)
    if good:
        promote(models, version)
        prune(models)
    checkpoint.clear()
    return Training(version, good, reason, settings, evaluation, learnable.rules, time.perf_counter() - start)


def fitters(progress: Progress = no_progress, budget: float = BUDGET, seed: int = 0) -> dict[str, Fitter]:
    """Everything that can be measured, by name: the engine's default, and each recommender alone.

    Those with settings that matter are tuned on the same cases as the default.
    """

    def default(train: Dataset, tuning: Split | None) -> Recommender:
        return fit_portfolio(train, tuning, progress, seed=seed, budget=budget)

    def base(train: Dataset, tuning: Split | None) -> Recommender:
        return fit_portfolio(train, tuning, progress, seed=seed, budget=budget, deep=False)

    return {Blend.name: default, BASE: base, **{name: _alone(name, seed) for name in RECOMMENDERS}}


def chosen_fitters(
    names: Sequence[str], progress: Progress = no_progress, budget: float = BUDGET, seed: int = 0
) -> dict[str, Fitter]:
    """Some of `fitters`, in this order; raises `InvalidRequest` for an unknown name or a wrong budget."""
    if not budget > 0:
        raise InvalidRequest(f"time budget = {budget}: must be a positive number of seconds.")
    known = fitters(progress, budget, seed)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidRequest(f"model {' '.join(unknown)}: unknown.", hint=f"Known: {', '.join(known)}.")
    return {name: known[name] for name in names}


def _alone(name: str, seed: int) -> Fitter:
    """One recommender, tuned where there is something to tune."""

    def fit(train: Dataset, tuning: Split | None) -> Recommender:
        family = FAMILIES.get(name)
        if family is None:
            return RECOMMENDERS[name]().fit(train)
        if tuning is None:
            return family.make(None).fit(train)
        config, model = tuned(name, tuning, thinned(tuning.test, seed), seed)
        return model if tuning.train is train else family.make(config).fit(train)

    return fit


def _measured(
    dataset: Dataset,
    models: Path,
    checkpoint: Checkpoint,
    test_days: float | None,
    budget: float,
    progress: Progress,
) -> tuple[Portfolio, Task | None, Evaluation | None]:
    """What was chosen before the test, the test, and the figures on it."""
    try:
        task = time_task(dataset, test_days)
    except TooLittleData:
        return Portfolio.of(Settings()), None, None
    found: list[Portfolio] = []

    def default(train: Dataset, tuning: Split | None) -> Recommender:
        found.append(fit_portfolio(train, tuning, progress, budget=budget, checkpoint=checkpoint))
        return found[0]

    contenders = _contenders(default, models, progress, budget)
    evaluation = evaluate_task(task, dataset, contenders, progress=progress)
    return found[0], task, evaluation


def _near(dataset: Dataset, measured: Portfolio, task: Task | None) -> Nearness:
    """How alike items are, and how varied lists may be by what people did after ``measured`` was fitted."""
    found = nearness(dataset)
    if task is None:
        return found
    learned = learn_variety(measured, nearness(task.train), task.test)
    return replace(found, diversity=learned.diversity)


def _contenders(default: Fitter, models: Path, progress: Progress, budget: float) -> dict[str, Fitter]:
    """The new choice first, then the baselines, then what serves now."""
    found = {Blend.name: default, **chosen_fitters(("popular", "frequency"), progress, budget)}
    serving = _serving(models)
    if serving is not None:
        found[SERVING_NOW] = lambda train, tuning: refit(serving, train, progress)
    return found


def _serving(models: Path) -> Portfolio | None:
    """What serves now, as it was chosen; None where there is nothing, or nothing that can be read."""
    try:
        folder = models / current_version(models)
        settings = Settings.of(read_manifest(folder)["settings"])
        blend = load_model(folder).default
    except (NotTrained, CorruptModel, KeyError, TypeError):
        return None
    return Portfolio.of(settings, ranker=blend.ranker if isinstance(blend, Blend) else None)


def _verdict(evaluation: Evaluation | None) -> tuple[bool, str]:
    """Go live unless what serves now is ahead for certain: a paired interval wholly below zero."""
    if evaluation is None:
        return True, "Too few data to hold any back for a test: live without figures."
    against = [
        comparison
        for comparison in evaluation.comparisons
        if (comparison.baseline, comparison.slice_name, comparison.metric) == (SERVING_NOW, "all", "ndcg@10")
    ]
    if not against:
        return True, "The first model of this shop."
    difference = against[0].difference
    bounds = f"[{difference.low:+.4f}, {difference.high:+.4f}]"
    told = f"NDCG@10 {difference.mean:+.4f} {bounds} against what serves now"
    return (False, f"Worse: {told}.") if difference.high < 0 else (True, f"Not worse: {told}.")


def _facts(learnable: Learnable, settings: Settings, evaluation: Evaluation | None) -> dict[str, Any]:
    dataset = learnable.dataset
    window = {
        "events": len(dataset),
        "people": len(dataset.people),
        "items": dataset.n_items,
        "start": _iso(dataset.start),
        "end": _iso(dataset.end - 1),
    }
    models = () if evaluation is None else evaluation.models
    return {
        "window": window,
        "seq": learnable.seq,
        "behind": _behind(dataset.end),
        "settings": settings.record(),
        "figures": {model.name: _figures(model) for model in models},
        "intervals": {model.name: _intervals(model) for model in models},
    }


def _behind(end: int) -> int:
    """How far a log is behind the clock, where that is so far that the shop is not open any more."""
    gap = system_clock() - end
    return gap if gap > _OPEN_DAYS * DAY_MS else 0


def _figures(model: Any) -> dict[str, float]:
    return {name: interval.mean for name, interval in model.intervals["all"].items()} | dict(
        model.result.union
    )


def _intervals(model: Any) -> dict[str, list[float]]:
    return {name: [interval.low, interval.high] for name, interval in model.intervals["all"].items()}


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="seconds")
