"""What an evaluation found, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopkeeper.evaluation.result import Result
from shopkeeper.metrics.interval import Interval


@dataclass(frozen=True, slots=True)
class Window:
    """The data behind the figures.

    Attributes
    ----------
    start, end
        First and last event, ISO 8601, UTC.
    events, people, items
        Size of all data together.
    train_events
        Events learned from by the final model.
    requests
        Cases asked.
    test_days
        Length of the test period; None where the protocol has none.
    left_out
        Rows of the files left out, by reason.
    """

    start: str
    end: str
    events: int
    people: int
    items: int
    train_events: int
    requests: int
    test_days: float | None
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One model's figures.

    Attributes
    ----------
    name
        Name it was asked under.
    fit_seconds
        The whole fit with tuning.
    tune_seconds, final_fit_seconds
        Its parts, where the fitted model tells them.
    peak_rss_mb
        Largest resident memory of this process since it began, up to and including this model.
    result
        Per-request values and figures of all lists.
    intervals
        Mean and interval by slice and by names such as ``ndcg@10``; what lists are made of is with ``all``.
    """

    name: str
    fit_seconds: float
    tune_seconds: float | None
    final_fit_seconds: float | None
    peak_rss_mb: float
    result: Result
    intervals: Mapping[str, Mapping[str, Interval]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paired difference of two models on one slice: ``model`` minus ``baseline``."""

    model: str
    baseline: str
    slice_name: str
    metric: str
    difference: Interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate.evaluate` found.

    Attributes
    ----------
    protocol
        How it was asked.
    window
        The data behind it.
    models
        In the order given; the first is the one compared with the others.
    comparisons
        The first model against each other one, on every slice with cases.
    item_ids
        Id of each item code.
    """

    protocol: str
    window: Window
    models: tuple[Evaluated, ...]
    comparisons: tuple[Comparison, ...]
    item_ids: tuple[str, ...]
