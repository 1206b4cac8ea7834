"""Not who will buy but who buys because of it: ``shopkeeper uplift`` on files.

Effects are learned from the rows of one file and judged on those of another. Where the columns tell who was
treated, people are weighed by the chance of it, and what that cannot mend is said.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import Bools
from shopkeeper.data.sources.rows import Rows, find, lookup, read_rows
from shopkeeper.learners.effects import LEARNERS, Effects, EffectsConfig, People, Told
from shopkeeper.metrics.classification import auc
from shopkeeper.metrics.interval import Interval, bootstrap
from shopkeeper.metrics.uplift import Trial, Uplift, doubly_robust, policy_value, uplift
from shopkeeper.propensity.columns import Reading, answers
from shopkeeper.propensity.overlap import Assignment, Overlap, weights
from shopkeeper.propensity.plan import Plan, Terms, plan

Doubles = NDArray[np.float64]
Progress = Callable[[str, int, int], None]

FEWEST: Final = 10
"""People each arm must have, with and without the outcome together, before anything is learned."""
_TOO_WELL: Final = 0.99


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes
    ----------
    train, test
        Files of people: those to learn from and those to judge.
    treatment, outcome
        Columns of 0 and 1: who was treated, and what came of it.
    ignore
        Columns to leave out, such as what was known only afterwards.
    terms
        What an outcome is worth and costs.
    """

    train: Path
    test: Path
    treatment: str
    outcome: str
    ignore: tuple[str, ...] = ()
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about the people of the test file.

    Attributes
    ----------
    whole, learners
        How well the effects rank them: those told, and those of each learner alone with its weight.
    overlap
        How far the columns tell who was treated, among the people learned from.
    policies
        Mean outcome a person by who would be treated: ``nobody``, ``everybody``, ``plan``.
    plan
        Whom to treat, by place.
    measured
        Profit of the plan as the outcomes of the test file have it.
    scores
        Shape ``(n_rows,)``: expected effect on each row of the file; NaN for rows that cannot be read.
    warnings, notes
        What such data cannot tell; what was left out.
    """

    whole: Uplift
    learners: dict[str, tuple[float, Uplift]]
    overlap: Overlap
    policies: dict[str, Interval]
    plan: Plan
    measured: Interval
    scores: Doubles
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values: ``qini``, ``auuc``, intervals, ``scores`` (null for unreadable rows) ..."""
        return {
            **_figures(self.whole),
            "learners": {
                name: {"weight": weight, **_figures(one)} for name, (weight, one) in self.learners.items()
            },
            "overlap": {
                "auc": self.overlap.auc,
                "random": self.overlap.random,
                "outside": self.overlap.outside,
            },
            "policies": {name: _interval("value", one) for name, one in self.policies.items()},
            "plan": {
                "rows": self.plan.rows.tolist(),
                "expected_profit": self.plan.profit,
                "expected_spending": self.plan.spending,
                **_interval("measured_profit", self.measured),
            },
            "scores": [None if np.isnan(score) else score for score in self.scores.tolist()],
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }


def uplift_files(
    asked: Question,
    config: EffectsConfig | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Found:
    """Learn, judge and plan.

    Raises
    ------
    MissingFile, UnreadableSource, EmptySource
        A file cannot be read.
    MissingColumn
        A file lacks the treatment or the outcome.
    InvalidRequest
        One of them is not 0 or 1, or both are the same column.
    TooLittleData
        One of them is the same in every row, an arm has hardly anybody, or no column tells people apart.
    """
    config = config or EffectsConfig()
    train, test = read_rows(asked.train, Limits()), read_rows(asked.test, Limits())
    past, present = _trial(train, asked, asked.train), _trial(test, asked, asked.test)
    reading = Reading.of(train.frame, _columns(train.frame, test.frame, asked))
    people, judged = reading.read(train.frame), reading.read(_named(test.frame, reading))
    assignment, chance = Assignment.fit(people, past, config.seed)
    effects = Effects.fit(people, past, chance, config, progress)
    told = effects.tell(judged)
    notes = (*train.notes, *test.notes, *_left_out(train.frame, test.frame, reading))
    warnings = (*assignment.overlap.warnings, *_too_well(effects.tell(people), past))
    return _judge(told, present, test, effects, assignment, judged, asked.terms, warnings, notes)


def _judge(
    told: Told,
    trial: Trial,
    test: Rows,
    effects: Effects,
    assignment: Assignment,
    judged: People,
    terms: Terms,
    warnings: tuple[str, ...],
    notes: tuple[str, ...],
) -> Found:
    chance = assignment.chance(judged)
    fair = Trial(trial.treated, trial.outcome, weights(chance, trial.treated))
    outcomes = doubly_robust(trial, chance, told.expected)
    chosen = plan(told.effect, told.expected[:, 1], terms)
    treat = np.zeros(len(trial.treated), bool)
    treat[chosen.rows] = True
    scores = np.full(int(test.numbers[-1]) + 1, np.nan)
    scores[test.numbers] = told.effect
    if not effects.weights.any():
        notes += ("No difference between people could be learned: all have the same score.",)
    return Found(
        uplift(told.effect, fair),
        {
            name: (float(effects.weights[place]), uplift(told.learners[:, place], fair))
            for place, name in enumerate(LEARNERS)
        },
        assignment.overlap,
        {
            "nobody": policy_value(np.zeros_like(treat), outcomes),
            "everybody": policy_value(np.ones_like(treat), outcomes),
            "plan": policy_value(treat, outcomes),
        },
        Plan(test.numbers[chosen.rows], chosen.profit, chosen.spending),
        _measured(treat, outcomes, terms),
        scores,
        warnings,
        notes,
    )


def _measured(treat: Bools, outcomes: Doubles, terms: Terms) -> Interval:
    """Profit of treating these over treating nobody, summed over all."""
    each = np.where(treat, terms.profit(outcomes[:, 1] - outcomes[:, 0], outcomes[:, 1]), 0.0)
    one = bootstrap(each)
    return Interval(one.mean * len(each), one.low * len(each), one.high * len(each), one.n)


def _trial(rows: Rows, asked: Question, source: Path) -> Trial:
    treatment, outcome = find(rows.frame, asked.treatment, source), find(rows.frame, asked.outcome, source)
    if treatment == outcome:
        raise InvalidRequest(
            f"Treatment and outcome are both {treatment!r}.",
            hint="Name two columns: --treatment and --outcome.",
        )
    treated, came = (
        answers(rows.frame[name], name, source, rows.numbers.tolist()) for name in (treatment, outcome)
    )
    fewest = int(min(treated.sum(), (~treated).sum()))
    if fewest < FEWEST:
        raise TooLittleData(
            f"{source}: one group has {fewest} people; each needs at least {FEWEST}.",
            hint="Give more rows, treated and untreated.",
        )
    return Trial.of(treated, came)


def _columns(train: pl.DataFrame, test: pl.DataFrame, asked: Question) -> list[str]:
    """Columns of both files that tell of people, in the order and spelling of the first."""
    ignored = [find(train, name, asked.train) for name in asked.ignore]
    taken = {lookup(train, asked.treatment), lookup(train, asked.outcome), *ignored}
    return [name for name in train.columns if name not in taken and lookup(test, name) is not None]


def _named(test: pl.DataFrame, reading: Reading) -> pl.DataFrame:
    """The columns of the test file under the names of the other."""
    return test.select(pl.col(lookup(test, name) or name).alias(name) for name in reading.levels)


def _left_out(train: pl.DataFrame, test: pl.DataFrame, reading: Reading) -> list[str]:
    notes = [f"Column {name!r} is not read: {why}." for name, why in reading.left_out.items()]
    alone = [name for name in train.columns if lookup(test, name) is None]
    if alone:
        notes.append(f"Not in the test file, so not read: {', '.join(map(repr, alone))}.")
    return notes


def _too_well(told: Told, trial: Trial) -> tuple[str, ...]:
    """A warning where the outcome is no secret: some column was probably filled in afterwards."""
    expected = np.where(trial.treated, told.expected[:, 1], told.expected[:, 0])
    if auc(expected, trial.outcome) < _TOO_WELL:
        return ()
    return (
        "The columns tell the outcome almost for sure: is one of them known only afterwards? Leave it out "
        "with --ignore.",
    )


def _figures(one: Uplift) -> dict[str, Any]:
    return _interval("qini", one.qini) | _interval("auuc", one.auuc)


def _interval(name: str, one: Interval) -> dict[str, Any]:
    return {name: one.mean, f"{name}_interval": [one.low, one.high]}
