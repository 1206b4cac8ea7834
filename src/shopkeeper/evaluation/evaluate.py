"""The entry: files, a protocol and models in; figures with intervals out."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.data.dataset import Dataset
from shopkeeper.evaluation.backtest import Progress, backtest, no_progress
from shopkeeper.evaluation.files import Loaded, load_events, load_sessions
from shopkeeper.evaluation.findings import Comparison, Evaluated, Evaluation, Window
from shopkeeper.evaluation.protocols import Fitter, Task, Timed, last_out_task, sessions_task, time_task
from shopkeeper.evaluation.result import Result, compare
from shopkeeper.evaluation.slices import SLICES, WHOLE_LIST
from shopkeeper.recommenders.base import Recommender

PROTOCOLS: Final = ("last-out", "time", "sessions")
"""Names of the protocols."""

COMPARED: Final = (("ndcg", 10), ("recall", 10), ("recall", 20), ("mrr", 10))
"""Metrics on which the first model is compared with each other one."""


def evaluate(
    events: Path,
    items: Path | None,
    test: Path | None,
    protocol: str,
    models: Mapping[str, Fitter],
    *,
    test_days: float | None = None,
    refit: bool = False,
    progress: Progress = no_progress,
) -> Evaluation:
    """Fit models on part of the files and ask them about the rest.

    Parameters
    ----------
    events, items, test
        Files as in `files`; ``test`` belongs to the ``sessions`` protocol, and to it alone.
    protocol
        One of `PROTOCOLS`.
    models
        Fitters by name; the first is compared with the others.
    test_days
        Length of the test period of the ``time`` protocol; see `protocols.time_task`.
    refit
        Whether models of the ``last-out`` protocol are finally fitted on all but the last event; see
        `protocols.last_out_task`.
    progress
        Told of stages such as ``read``, ``fit NAME`` and ``predict NAME``.

    Raises
    ------
    InvalidRequest
        The protocol is unknown, an argument does not belong to it, or there is no model.
    InputError
        A file is at fault, or there is too little data; see `files` and `protocols`.
    """
    _check(protocol, test, test_days, refit, models)
    progress("read", 0, 1)
    loaded = load_events(events, items) if test is None else load_sessions(events, test, items)
    progress("read", 1, 1)
    if not len(loaded.dataset):
        raise TooLittleData(f"{events} has no event that speaks for an item.", hint="See event_weights.")
    task = _task(protocol, loaded, test_days, refit)
    return evaluate_task(task, loaded.dataset, models, left_out=loaded.left_out, progress=progress)


def evaluate_task(
    task: Task,
    dataset: Dataset,
    models: Mapping[str, Fitter],
    *,
    left_out: Mapping[str, int] | None = None,
    progress: Progress = no_progress,
) -> Evaluation:
    """Fit models on one task and ask them its questions.

    Parameters
    ----------
    task
        Made of ``dataset`` by `protocols`.
    dataset
        All the data, for the record.
    models
        Fitters by name; the first is compared with the others.
    left_out
        Rows left out of the dataset, by reason.
    progress
        As in `evaluate`.
    """
    found = tuple(_evaluated(name, fit, task, progress) for name, fit in models.items())
    window = _window(task, dataset, left_out or {})
    return Evaluation(task.protocol, window, found, _comparisons(found), dataset.items.ids)


def _check(
    protocol: str, test: Path | None, test_days: float | None, refit: bool, models: Mapping[str, Fitter]
) -> None:
    if protocol not in PROTOCOLS:
        raise InvalidRequest(f"protocol = {protocol!r}: unknown.", hint=f"Known: {', '.join(PROTOCOLS)}.")
    if protocol == "sessions" and test is None:
        raise InvalidRequest("The sessions protocol asks about a second file.", hint="Name it with --test.")
    if protocol != "sessions" and test is not None:
        raise InvalidRequest(
            f"A test file belongs to the sessions protocol, not to {protocol}.",
            hint="Leave --test out, or choose --protocol sessions.",
        )
    if protocol != "time" and test_days is not None:
        raise InvalidRequest(f"test_days belongs to the time protocol, not to {protocol}.")
    if protocol != "last-out" and refit:
        raise InvalidRequest(f"refit belongs to the last-out protocol, not to {protocol}.")
    if not models:
        raise InvalidRequest("There is no model to evaluate.", hint="Name at least one.")


def _task(protocol: str, loaded: Loaded, test_days: float | None, refit: bool) -> Task:
    tasks: dict[str, Callable[[], Task]] = {
        "last-out": lambda: last_out_task(loaded.dataset, refit=refit),
        "time": lambda: time_task(loaded.dataset, test_days),
        "sessions": lambda: sessions_task(loaded.dataset, loaded.test_people),
    }
    return tasks[protocol]()


def _evaluated(name: str, fit: Fitter, task: Task, progress: Progress) -> Evaluated:
    progress(f"fit {name}", 0, 1)
    start = time.perf_counter()
    model = fit(task.train, task.tuning)
    seconds = time.perf_counter() - start
    progress(f"fit {name}", 1, 1)
    result = _backtest(name, model, task, progress)
    intervals = {part: result.intervals(part) for part, found in result.slices.items() if len(found)}
    intervals["all"] |= result.list_intervals()
    timed = model if isinstance(model, Timed) else None
    return Evaluated(
        name,
        seconds,
        timed.tune_seconds if timed else None,
        timed.final_fit_seconds if timed else None,
        peak_rss_mb(),
        result,
        intervals,
    )


def _backtest(name: str, model: Recommender, task: Task, progress: Progress) -> Result:
    """Ask all cases; the views that ask again are kept to the protocol with few, large cases."""
    slices = tuple(SLICES) if task.protocol == "time" else WHOLE_LIST
    return backtest(
        model,
        task.test,
        task.train,
        slices=slices,
        name=name,
        progress=lambda stage, done, total: progress(f"{stage} {name}", done, total),
    )


def _comparisons(models: tuple[Evaluated, ...]) -> tuple[Comparison, ...]:
    """The first model against each other one."""
    first = models[0].result
    return tuple(
        Comparison(
            first.name, other.name, part, f"{metric}@{k}", compare(first, other.result, metric, k, part)
        )
        for other in models[1:]
        for part, found in first.slices.items()
        if len(found)
        for metric, k in COMPARED
    )


def _window(task: Task, dataset: Dataset, left_out: Mapping[str, int]) -> Window:
    return Window(
        start=_iso(dataset.start),
        end=_iso(dataset.end - 1),
        events=len(dataset),
        people=len(dataset.people),
        items=dataset.n_items,
        train_events=len(task.train),
        requests=len(task.test),
        test_days=task.test_days,
        left_out=left_out,
    )


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="seconds")


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far; the unit of the system call differs by platform."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
