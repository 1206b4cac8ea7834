"""The engine's own default: choose what to train, tune it, learn the blend, fit on everything."""

import time
from collections.abc import Mapping
from copy import copy
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Self

from shopkeeper.core.types import DAY_MS
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases, Split, before, pages
from shopkeeper.evaluation.backtest import Progress, no_progress
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.blend import POPULAR, Blend, BlendConfig
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.fresh import NOTHING_TRIED, validated
from shopkeeper.recommenders.ranker import Ranker
from shopkeeper.training.checkpoint import Checkpoint, Step, digest
from shopkeeper.training.families import BASIC, FAMILIES, FURTHER, Shape
from shopkeeper.training.pace import MOST_MS, milliseconds
from shopkeeper.training.plan import BUDGET, Choice, chosen, machine_slowness, plan, replanned, without
from shopkeeper.training.tuning import trials
from shopkeeper.training.tuning.fusion import Answers, frugal, learn_weights, news, only, value
from shopkeeper.training.tuning.ranking import Learned, learn_ranker
from shopkeeper.training.tuning.shown import FEWEST, learn_from_shown
from shopkeeper.training.tuning.untouched import let_in

_WEIGHED, _TAUGHT = 2, 5
"""Weights and trees are learned once, from so many times the cases that each of many trials is asked."""
_MOST_WEIGHED, _MOST_TAUGHT = 6_000, 12_000
"""Cases from which on they gain less than asking costs."""
_LATELY_MS = 28 * DAY_MS
"""How far back what was shown teaches, where the model is fitted on everything."""
_MOST_TRIED = 1_000
"""Cases that tell how untouched items do where they are shown; they start a count that goes on."""
_ASKED_BY_NAME = frozenset({"cooccurrence", "content", "repeat", "trending", POPULAR})
"""Shelves that are asked for by name; a model has these parts even where its blend does without them."""
_DISPENSABLE = tuple(name for name in reversed(list(FURTHER)) if name not in _ASKED_BY_NAME)
"""Sources that are left out where they hardly help, what gains least for its seconds first."""
_DEFAULT = ("cooccurrence", "transition", "repeat", "trending", "popular")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything tuning chose, and what it saw.

    Attributes
    ----------
    configs
        Configuration of each family that was trained, by name; None for the family's own default.
    blend
        Weights, zero where a source does not help.
    validation
        NDCG@10 on validation of each source alone, of their linear blend, and of that with what the ranker
        gained on cases its trees had not seen, which is not known of one that was taught by what people were
        shown; empty where nothing was tuned.
    plan
        What was trained, what was not, and why.
    """

    configs: Mapping[str, Any] = field(default_factory=lambda: dict.fromkeys(_DEFAULT))
    blend: BlendConfig = field(default_factory=BlendConfig)
    validation: Mapping[str, float] = field(default_factory=dict)
    plan: tuple[Choice, ...] = ()

    def sources(self) -> tuple[Recommender, ...]:
        """Sources, not yet fitted."""
        return tuple(FAMILIES[name].make(config) for name, config in self.configs.items())

    def record(self) -> dict[str, Any]:
        """Plain values for the manifest of a model."""
        return asdict(self)

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """Read what `record` wrote; raises TypeError or KeyError where it is of another version."""
        configs = {
            name: None if config is None else FAMILIES[name].config(**config)
            for name, config in record["configs"].items()
        }
        plan = tuple(Choice(**choice) for choice in record["plan"])
        return cls(configs, BlendConfig(**record["blend"]), dict(record["validation"]), plan)


class Portfolio(Blend):
    """The blend with settings chosen on validation data; a `Fitter` makes one.

    Attributes
    ----------
    settings
        What was chosen.
    tried
        What validation said of showing items that nobody had touched.
    tune_seconds, final_fit_seconds
        Time spent on choosing, and on fitting the chosen on all training data.
    """

    settings = Settings()
    tried = NOTHING_TRIED
    tune_seconds = 0.0
    final_fit_seconds = 0.0

    @classmethod
    def of(
        cls,
        settings: Settings,
        sources: tuple[Recommender, ...] | None = None,
        ranker: Ranker | None = None,
    ) -> Self:
        """A blend with these settings; ``sources`` that are fitted already, or none."""
        portfolio = cls(settings.blend, sources or settings.sources(), ranker)
        portfolio.settings = settings
        return portfolio


def fit_portfolio(
    train: Dataset,
    tuning: Split | None,
    progress: Progress = no_progress,
    *,
    seed: int = 0,
    budget: float = BUDGET,
    deep: bool = True,
    checkpoint: Checkpoint | None = None,
) -> Portfolio:
    """Tune on ``tuning``, then fit on ``train``; see `evaluation.protocols.Fitter`.

    Parameters
    ----------
    train, tuning
        What to fit on and what to choose on. Where they share one training set, nothing is fitted twice.
    progress
        Told of stages.
    seed
        Of everything random.
    budget
        Seconds to spend, about.
    deep
        Whether what needs more than the base installation may be trained, where it is installed.
    checkpoint
        Where steps are kept until the training is done; nowhere by default.
    """
    if tuning is None:
        return Portfolio.of(Settings()).fit(train)
    start = time.perf_counter()
    portfolio = choose(tuning, progress, seed=seed, budget=budget, deep=deep, checkpoint=checkpoint)
    chosen_at = time.perf_counter()
    if tuning.train is not train:
        portfolio = refit(portfolio, train, progress, checkpoint)
    portfolio.tune_seconds = chosen_at - start
    portfolio.final_fit_seconds = time.perf_counter() - chosen_at
    return portfolio


def refit(
    portfolio: Portfolio,
    train: Dataset,
    progress: Progress = no_progress,
    checkpoint: Checkpoint | None = None,
) -> Portfolio:
    """The same settings and weights, with every source fitted on other data.

    Trees are grown anew where people were shown enough of late, and stay as they are elsewhere.
    """
    settings, kept = portfolio.settings, checkpoint or Checkpoint()
    sources = _all_fitted(settings, train, progress, kept)
    found = _retaught(settings, train, kept)
    if found is not None:
        settings = replace(settings, blend=replace(settings.blend, ranker=found.weight))
    # The trees are shared; what they are told of items is not.
    ranker = copy(portfolio.ranker if found is None else found.ranker)
    if ranker is not None:
        ranker.prepare(train)
    fresh = Portfolio.of(settings, sources, ranker)
    fresh.tried = portfolio.tried
    return fresh


def _all_fitted(
    settings: Settings, train: Dataset, progress: Progress, kept: Checkpoint
) -> tuple[Recommender, ...]:
    """The sources of some settings, fitted on some data."""
    data = digest(train) if kept.folder else ""
    sources = []
    for name, config in settings.configs.items():
        progress(f"fit {name}", 0, 1)
        step = kept.step(name, f"{data} {config}", partial(_fitted, name, config, train))
        sources.append(step.model)
        progress(f"fit {name}", 1, 1)
    return tuple(sources)


def _retaught(settings: Settings, train: Dataset, kept: Checkpoint) -> Learned | None:
    """A ranker taught by what was shown of late, by sources that knew nothing of that; None for none.

    The settings may have been chosen long before the end of the data, and pages are what goes out of date.
    """
    shown = train.showings
    if shown.taken.sum() < FEWEST:
        return None
    since = max(int(shown.time[0]), train.end - _LATELY_MS)
    past, lately = before(train, since), pages(train, since)
    if lately is None or not len(past):
        return None
    teachers = _all_fitted(settings, past, no_progress, kept)
    return learn_from_shown(Blend(settings.blend, teachers).asked, settings.blend, lately, past)


def choose(
    split: Split,
    progress: Progress = no_progress,
    *,
    seed: int = 0,
    budget: float = BUDGET,
    deep: bool = True,
    checkpoint: Checkpoint | None = None,
) -> Portfolio:
    """Choose what to train, its settings and the weights on the cases of ``split``; fitted on its train."""
    start, cases = time.perf_counter(), trials.thinned(split.test, seed)
    shape = Shape.of(split, cases)
    choices = plan(shape, budget, deep=deep)
    kept, data = checkpoint or Checkpoint(), digest(split.train, cases) if checkpoint else ""
    steps: dict[str, Step] = {}
    # What took less time than expected leaves some for what was left out, which is looked at once more.
    while names := [name for name in chosen(choices) if name not in steps]:
        for name in names:
            progress(f"tune {name}", 0, 1)
            steps[name] = kept.step(name, f"{data} {seed}", partial(_tuned, name, split, cases, seed))
            choices = _prompt(choices, name, steps[name].model, cases)
            progress(f"tune {name}", 1, 1)
        spent = time.perf_counter() - start + sum(step.saved for step in steps.values())
        choices = replanned(choices, shape, budget - spent)
    progress("learn the blend", 0, 1)
    portfolio = _blended(
        tuple(steps[name].model for name in chosen(choices)),
        split,
        {name: step.config for name, step in steps.items()},
        choices,
        seed,
    )
    if Content.name in chosen(choices):
        content, untouched = steps[Content.name].model, split.train.popularity == 0
        portfolio.tried = validated(portfolio, content, untouched, cases.sample(_MOST_TRIED, seed))
    progress("learn the blend", 1, 1)
    return portfolio


def _prompt(choices: tuple[Choice, ...], name: str, model: Recommender, cases: Cases) -> tuple[Choice, ...]:
    """The same choices, without a further family that would hold up every page."""
    if name in BASIC:
        return choices
    took, most = milliseconds(model, cases), MOST_MS * machine_slowness()
    if took <= most:
        return choices
    reason = f"takes {took:.0f} ms a request; a source may take {most:.0f} ms on this machine"
    return without(choices, name, reason)


def tuned(name: str, split: Split, cases: Cases, seed: int) -> tuple[Any, Recommender]:
    """Configuration of a family and a recommender with it, fitted on ``split.train``."""
    family = FAMILIES[name]
    if family.tune is None:
        return None, family.make(None).fit(split.train)
    trial = family.tune(split, cases, seed)
    return trial.config, trial.model or family.make(trial.config).fit(split.train)


def _tuned(name: str, split: Split, cases: Cases, seed: int) -> Step:
    return Step(*tuned(name, split, cases, seed))


def _fitted(name: str, config: Any, train: Dataset) -> Step:
    return Step(config, FAMILIES[name].make(config).fit(train))


def _blended(
    sources: tuple[Recommender, ...],
    split: Split,
    configs: dict[str, Any],
    choices: tuple[Choice, ...],
    seed: int,
) -> Portfolio:
    """Learn weights, leave out what nobody asks, and put a ranker on top where it helps."""
    cases = trials.thinned(split.test, seed + 1, ease=_WEIGHED).sample(_MOST_WEIGHED, seed + 1)
    answers = Answers.of(sources, cases)
    come_back = trials.repeat_share(cases) > trials.REPEATS_MATTER
    asked = news(cases) if come_back else None
    apart = Answers.of(sources, asked) if asked else None
    touched = split.train.popularity > 0
    blend = frugal(learn_weights(answers, apart), answers, apart, _DISPENSABLE)
    blend = let_in(answers, apart, blend, touched, Content.name)
    kept = tuple(s for s in sources if blend.uses(s.name) or s.name in _ASKED_BY_NAME)
    heard = Blend(blend, kept).asked
    many = trials.thinned(split.test, seed + 1, ease=_TAUGHT).sample(_MOST_TAUGHT, seed + 1)
    linear = value(answers, blend)
    found = learn_from_shown(heard, blend, split.pages, split.train) if split.pages else None
    gain = 0.0
    if found is None:
        about_news = Answers.of(heard, news(many)) if come_back else None
        found = learn_ranker(Answers.of(heard, many), blend, split.train, about_news)
        gain = found.gain if found else 0.0
    settings = Settings(
        {source.name: configs[source.name] for source in kept},
        replace(blend, ranker=found.weight) if found else blend,
        {
            **{source.name: value(answers, only(source.name)) for source in sources},
            "linear blend": linear,
            Blend.name: linear + gain,
        },
        choices,
    )
    return Portfolio.of(settings, kept, found.ranker if found else None)
