"""One metric code for everybody's lists: `shopkeeper.metrics`, on the slices of `shopkeeper.evaluation`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from benchmarks.peers.runs import Run
from shopkeeper.core.types import Ragged
from shopkeeper.evaluation.protocols import Task
from shopkeeper.evaluation.slices import SLICES, View
from shopkeeper.metrics.interval import Interval, paired_bootstrap
from shopkeeper.metrics.ranking import RANKING, Values, hits

PARTS: Final = {
    "time": ("all", "repeats", "new_to_person", "repeats_only", "new_to_person_only"),
    "last-out": ("all", "new_to_person"),
    "sessions": ("all", "repeats", "new_to_person"),
}
"""Slices of each protocol."""

METRICS: Final = (("ndcg", 10), ("recall", 10), ("recall", 20), ("mrr", 20))

_VIEWS: Final = {View.whole: "all", View.known: "repeats_only", View.unknown: "new_to_person_only"}

_ROUNDING: Final = 1e-6
"""The public command writes six digits."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of one contender under all its seeds.

    Attributes
    ----------
    name
        Of the contender.
    runs
        One a seed.
    values
        Value of each request that has such truth, by slice and metric: shape ``(n_seeds, n)``.
    """

    name: str
    runs: Sequence[Run]
    values: Mapping[tuple[str, str], Values]

    def mean(self, part: str, metric: str = "ndcg@10") -> float:
        """Mean over requests and seeds."""
        return float(self.values[part, metric].mean())

    def deviation(self, part: str, metric: str = "ndcg@10") -> float | None:
        """Standard deviation of the mean over seeds; None with one seed."""
        means = self.values[part, metric].mean(axis=1)
        return float(means.std(ddof=1)) if len(means) > 1 else None

    def mean_of(self, cost: str) -> float | None:
        """Mean of a cost of `Run` over seeds; None where nobody knows it."""
        found = [getattr(run, cost) for run in self.runs]
        return None if None in found else float(np.mean(found))


def measure(task: Task, runs: Sequence[Run]) -> Measured:
    """All figures of one contender."""
    one_a_seed = [values_of(task, run) for run in runs]
    stacked = {key: np.stack([values[key] for values in one_a_seed]) for key in one_a_seed[0]}
    return Measured(runs[0].name, runs, stacked)


def values_of(task: Task, run: Run) -> dict[tuple[str, str], Values]:
    """Value of each request by slice and metric."""
    values: dict[tuple[str, str], Values] = {}
    for part in PARTS[task.protocol]:
        asked = SLICES[part](task.test, task.train)
        lists = run.lists.get(_VIEWS[asked.view], Ragged.empty(len(task.test))).take(asked.rows)
        found = hits(lists, asked.truth, max(k for _, k in METRICS))
        values |= {(part, f"{metric}@{k}"): RANKING[metric](found.at(k)) for metric, k in METRICS}
    return values


def check(values: Mapping[tuple[str, str], Values], printed: Mapping[str, Any]) -> None:
    """Our own lists, measured here, must give what the public command printed.

    Raises
    ------
    ValueError
        They do not.
    """
    for (part, metric), found in values.items():
        told = (printed if part == "all" else printed["slices"].get(part, {})).get(metric)
        if told is not None and abs(found.mean() - told) > _ROUNDING:
            raise ValueError(f"{printed['name']}, {part}, {metric}: {found.mean():.6f} here, {told} printed.")


def gain(ours: Measured, peer: Measured, part: str, metric: str = "ndcg@10") -> Interval:
    """Ours less a peer's, paired by request; a request's value is its mean over seeds."""
    key = part, metric
    return paired_bootstrap(ours.values[key].mean(axis=0), peer.values[key].mean(axis=0))
