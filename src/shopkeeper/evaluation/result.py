"""What came of asking one recommender, and how two compare.

Per-request values are kept, not only means, so that two models can be compared on the same requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Longs, Ragged
from shopkeeper.metrics.interval import Interval, bootstrap_columns, paired_bootstrap
from shopkeeper.metrics.ranking import RANKING, Hits, Values


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of one slice.

    Attributes
    ----------
    rows
        Shape ``(m,)``: positions of the cases asked.
    lists
        What was answered to each, up to the largest ``k``, best first.
    hits
        Where these lists met the truth.
    """

    rows: Longs
    lists: Ragged
    hits: Hits

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, metric: str, k: int) -> Values:
        """Value of a metric of `metrics.ranking.RANKING` for each case asked, shape ``(m,)``."""
        return RANKING[metric](self.hits.at(k))


@dataclass(frozen=True, slots=True)
class Result:
    """What came of asking one recommender all cases.

    Attributes
    ----------
    name
        Name of the recommender.
    ks
        Lengths of lists that are reported, rising.
    slices
        What came of each slice, ``all`` first.
    lists
        Values of the answers themselves by name (``novelty@10``, ``diversity@10`` ...), shape
        ``(n_sample,)``, NaN where undefined, on a fixed sample of at most `lists.SAMPLE` requests.
    union
        Figures of all answers together by name (``coverage@10``, ``gini@10`` ...).
    predict_seconds
        Time in `recommend` for all cases, at the largest ``k``.
    """

    name: str
    ks: tuple[int, ...]
    slices: Mapping[str, Measured]
    lists: Mapping[str, Values]
    union: Mapping[str, float]
    predict_seconds: float

    def intervals(self, slice_name: str = "all", *, seed: int = 0) -> dict[str, Interval]:
        """Mean and interval of every metric at every ``k`` on a slice, by names such as ``ndcg@10``."""
        measured = self.slices[slice_name]
        names = [(metric, k) for k in self.ks for metric in RANKING]
        columns = np.stack([measured.values(metric, k) for metric, k in names], axis=1)
        found = bootstrap_columns(columns, seed=seed)
        return {f"{metric}@{k}": interval for (metric, k), interval in zip(names, found, strict=True)}

    def list_intervals(self, *, seed: int = 0) -> dict[str, Interval]:
        """Mean and interval of what the answers are made of, by names such as ``novelty@10``."""
        found = bootstrap_columns(np.stack(list(self.lists.values()), axis=1), seed=seed)
        return dict(zip(self.lists, found, strict=True))

    def curve(self, metric: str, slice_name: str = "all") -> Values:
        """Mean of a metric at every ``k`` from 1 to the largest, shape ``(max(ks),)``."""
        measured = self.slices[slice_name]
        if not len(measured):
            return np.full(max(self.ks), np.nan)
        return np.array([measured.values(metric, k).mean() for k in range(1, max(self.ks) + 1)])


def compare(
    a: Result, b: Result, metric: str = "ndcg", k: int = 10, slice_name: str = "all", *, seed: int = 0
) -> Interval:
    """Paired bootstrap interval of ``mean(a - b)`` of a metric on the same requests.

    Raises
    ------
    InvalidRequest
        The two were not asked the same cases.
    """
    one, other = a.slices[slice_name], b.slices[slice_name]
    if not np.array_equal(one.rows, other.rows):
        raise InvalidRequest(
            f"{a.name} and {b.name} were asked different cases.", hint="Backtest both on the same cases."
        )
    return paired_bootstrap(one.values(metric, k), other.values(metric, k), seed=seed)
