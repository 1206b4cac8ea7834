"""Figures for Prometheus: requests, events and the model, summed over all workers.

With several workers `serving.server` sets ``PROMETHEUS_MULTIPROC_DIR`` before they start; each then counts in
memory-mapped files of its own, and whichever is asked for ``/metrics`` adds them up.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from shopkeeper.serving.schedule import TrainingState

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the folder shared by the workers."""
CONTENT_TYPE = CONTENT_TYPE_LATEST

disable_created_metrics()  # type: ignore[no-untyped-call]

REQUESTS = Counter("shopkeeper_http_requests", "Requests answered.", ("method", "route", "status"))
SECONDS = Histogram(
    "shopkeeper_http_request_seconds",
    "Time from the first byte of a request to the last of its answer.",
    ("route",),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
EVENTS = Counter("shopkeeper_events", "Rows received, by verdict.", ("verdict",))


@cache
def _model_gauges() -> tuple[Gauge, Gauge]:
    """Made when first shown: a worker that is still starting must not count as one without a model."""
    return (
        Gauge("shopkeeper_model_loaded", "1 if a model serves.", multiprocess_mode="livemin"),
        Gauge(
            "shopkeeper_model_problem",
            "1 if the newest model could not be loaded and an older one serves.",
            multiprocess_mode="livemax",
        ),
    )


def show_model(loaded: bool, problem: bool) -> None:
    """Show whether a model serves, and whether it is an older one because the newest cannot be loaded."""
    for gauge, value in zip(_model_gauges(), (loaded, loaded and problem), strict=True):
        gauge.set(value)


@cache
def _training_gauges() -> tuple[Gauge, ...]:
    """Whichever worker is asked knows them all: what it said last holds."""

    def gauge(name: str, told: str) -> Gauge:
        return Gauge(f"shopkeeper_training_{name}", told, multiprocess_mode="livemostrecent")

    return (
        gauge("running", "1 if a training is under way."),
        gauge("last_start_timestamp_seconds", "When the last one began, 0 if there was none."),
        gauge("last_promoted", "1 if the last one to end went live."),
        gauge("new_events", "Events since the last one began."),
    )


def show_training(state: TrainingState) -> None:
    """Show whether a training is under way, and what came of the last."""
    ended = next((run for run in state.runs if run.reason), None)
    started = state.runs[0].started / 1000 if state.runs else 0
    promoted = ended is not None and ended.promoted
    values = (state.running, started, promoted, state.new_events)
    for gauge, value in zip(_training_gauges(), values, strict=True):
        gauge.set(value)


def count_events(verdicts: Iterable[tuple[str, int]]) -> None:
    """Count rows by verdict."""
    for verdict, count in verdicts:
        if count:
            EVENTS.labels(verdict).inc(count)


def render() -> bytes:
    """All figures in the text format of Prometheus."""
    return generate_latest(_registry())


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one route takes since the start.

    Attributes
    ----------
    route
        Its path.
    count
        Requests answered.
    p50, p99
        Seconds: upper bound of the bucket in which this share of the requests lies; infinite beyond the last.
    """

    route: str
    count: int
    p50: float
    p99: float


def latencies() -> tuple[Latency, ...]:
    """Every route that was asked, of all workers, the most asked first."""
    buckets: dict[str, list[tuple[float, float]]] = {}
    for family in _registry().collect():
        for sample in family.samples:
            if sample.name == "shopkeeper_http_request_seconds_bucket":
                bound = (float(sample.labels["le"]), float(sample.value))
                buckets.setdefault(sample.labels["route"], []).append(bound)
    found = [_latency(route, sorted(bounds)) for route, bounds in buckets.items()]
    return tuple(sorted(found, key=lambda one: (-one.count, one.route)))


def _latency(route: str, bounds: list[tuple[float, float]]) -> Latency:
    total = bounds[-1][1]

    def within(share: float) -> float:
        return next(bound for bound, below in bounds if below >= share * total)

    return Latency(route, round(total), within(0.5), within(0.99))


def _registry() -> CollectorRegistry:
    """The figures of this process, or of all workers where there are several."""
    folder = os.environ.get(MULTIPROCESS)
    if not folder or not Path(folder).is_dir():
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return registry
