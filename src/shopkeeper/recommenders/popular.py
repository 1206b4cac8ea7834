"""What everybody takes: popularity with decay in time, and trends.

    popularity_j = sum over events of w_kind * 2 ^ (-age / half_life)
    trend_j      = (recent_j - expected_j) / sqrt(expected_j + 1)

``recent`` is the popularity of the last ``window`` days, ``expected`` what the days before would have
brought in as many days: the z-score of a Poisson count (the plain form of Kleinberg 2003, "Bursty and
hierarchical structure in streams"). Time is cut into slots, `_SLOTS` a window, the newest not yet whole.

Both take changes in. Ages run from the newest event ever learned from: where it is taken back, time stays.
"""

from abc import abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import (
    DAY_MS,
    Evidence,
    Floats,
    Ints,
    Longs,
    Ragged,
    Recommendations,
    Requests,
)
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.changes import changed_rows
from shopkeeper.recommenders.base import Updating
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import first_k

_UNSOLD: Final = 1e-24
"""Popularity of what nobody took, relative to the best seller."""
_SLOTS: Final = 28
"""Slots of a window: six hours of a week."""
_UNIT: Final = 2.0**-24
"""Whole units of weight, so that a sum does not depend on its order."""


class _Ranking(Updating):
    """The same scores for everybody: one array over the catalogue, and its order."""

    name: ClassVar[str]
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True
    CONFIG: ClassVar[type[Any]]

    def __init__(self, config: Any = None) -> None:
        self.config = config or self.CONFIG()
        self.state_: dict[str, NDArray[Any]] = {}
        self.scores_: Floats = np.zeros(0, np.float32)
        self.order_: Ints = np.zeros(0, np.int32)
        self._places: Ints = np.zeros(0, np.int32)

    def fit(self, dataset: Dataset) -> Self:
        """Add up events in O(events)."""
        self.state_ = {**self._empty(dataset.n_items), "span": np.array([dataset.start, dataset.end])}
        self._count(dataset, 1)
        return self._rank()

    def exchange(self, before: Dataset, after: Dataset) -> Self:
        """Take rows that are gone out and new ones in; see `Updatable`."""
        was, now = changed_rows(before, after)
        if now.any():
            start, end = self.state_["span"].tolist()
            times = after.time[now]
            self._move(np.array([min(start, times.min()) if end else times.min(), max(end, times.max() + 1)]))
        self._count(before.where(was), -1)
        self._count(after.where(now), 1)
        return self._rank()

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Best of the whole catalogue; see `Recommender.recommend`."""
        head = self._head(requests, k)
        n = len(requests)
        candidates = Ragged(
            np.arange(n + 1, dtype=np.int64) * len(head), head if n == 1 else np.tile(head, n)
        )
        return first_k(candidates, self.scores_.take(candidates.items), requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return np.maximum(self.scores_.take(candidates.items), 0.0)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Nothing personal: the place in the ranking, counted from 1."""
        places = (self._places[items] + 1).tolist()
        return tuple(Evidence(self.name, facts=(("place", float(place)),)) for place in places)

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), scores=self.scores_, **self.state_)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(cls.CONFIG(**settings))
        model._keep(arrays.pop("scores"))
        model.state_ = arrays
        return model

    @abstractmethod
    def _empty(self, n_items: int) -> dict[str, NDArray[Any]]:
        """Sums over nothing."""

    @abstractmethod
    def _count(self, events: Dataset, sign: int) -> None:
        """Add events to the sums, or take them off."""

    @abstractmethod
    def _sums(self) -> NDArray[np.float64]:
        """Score of each item."""

    def _move(self, span: Longs) -> None:
        """Let the log begin and end here, never later or earlier than before."""
        self.state_["span"] = span

    def _rank(self) -> Self:
        self._keep(self._sums().astype(np.float32))
        return self

    def _keep(self, scores: Floats) -> None:
        self.scores_ = scores
        self.order_ = np.lexsort((np.arange(len(scores)), -scores)).astype(np.int32)
        self._places = np.empty_like(self.order_)
        self._places[self.order_] = np.arange(len(scores), dtype=np.int32)

    def _head(self, requests: Requests, k: int) -> Ints:
        """Enough of the ranking that ``k`` items are left after the longest exclusion."""
        wanted = k + (0 if requests.exclude is None else int(requests.exclude.lengths.max(initial=0)))
        if requests.allowed is None:
            return self.order_[:wanted]
        # Most items are allowed as a rule: looking at all of a large catalogue would cost more than all else.
        looked = 4 * wanted
        while True:
            head = self.order_[:looked]
            head = head[requests.allowed.take(head)]
            if len(head) >= wanted or looked >= len(self.order_):
                return head[:wanted]
            looked *= 4


@dataclass(frozen=True, slots=True)
class PopularConfig:
    """How fast popularity fades.

    Attributes
    ----------
    half_life_days
        Age at which an event counts half.
    """

    half_life_days: float = 30.0


class Popular(_Ranking):
    """What sells, recent events counting more. Never empty: what nobody took stands last."""

    name: ClassVar[str] = "popular"
    CONFIG: ClassVar[type[Any]] = PopularConfig

    def _empty(self, n_items: int) -> dict[str, NDArray[Any]]:
        return {"sums": np.zeros(n_items), "events": np.zeros(n_items, np.int64)}

    def _count(self, events: Dataset, sign: int) -> None:
        age = (self.state_["span"][1] - events.time) / (self.config.half_life_days * DAY_MS)
        strength = events.weights[events.kind] * np.exp2(-age)
        sums = self.state_["sums"] + sign * np.bincount(events.item, strength, minlength=events.n_items)
        left = self.state_["events"] + sign * np.bincount(events.item, minlength=events.n_items)
        # What is taken off again may leave a crumb, but not where nothing is left.
        self.state_ |= {"sums": np.where(left > 0, np.maximum(sums, 0.0), 0.0), "events": left}

    def _move(self, span: Longs) -> None:
        days = (span[1] - self.state_["span"][1]) / DAY_MS
        self.state_ |= {
            "sums": self.state_["sums"] * np.exp2(-days / self.config.half_life_days),
            "span": span,
        }

    def events(self, items: Ints) -> Longs:
        """How many events each of these items has."""
        return np.asarray(self.state_["events"].take(items), np.int64)

    def _sums(self) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = self.state_["sums"]
        # A little keeps unsold items eligible, behind all others; more than float32 loses in a product.
        least = _UNSOLD * (sums.max(initial=0.0) or 1.0)
        return np.where(self.state_["events"] > 0, np.maximum(sums, 2 * least), least)


@dataclass(frozen=True, slots=True)
class TrendingConfig:
    """What counts as recent.

    Attributes
    ----------
    window_days
        Length of the recent window.
    baseline_windows
        How many windows before it say what was to be expected.
    """

    window_days: float = 7.0
    baseline_windows: int = 8


class Trending(_Ranking):
    """What sells better than it used to. Answers with rising items only, so a list may be short."""

    name: ClassVar[str] = "trending"
    CONFIG: ClassVar[type[Any]] = TrendingConfig

    def _empty(self, n_items: int) -> dict[str, NDArray[Any]]:
        nothing = np.zeros(0, np.int64)
        return {"items": np.array(n_items), "cells": nothing, "units": nothing}

    def _count(self, events: Dataset, sign: int) -> None:
        slot = self._slot(events.time)
        kept = slot > self._oldest
        cells = slot[kept] * len(self) + events.item[kept]
        units = np.rint(events.weights[events.kind[kept]] / _UNIT).astype(np.int64)
        self._set(np.append(self.state_["cells"], cells), np.append(self.state_["units"], sign * units))

    def _move(self, span: Longs) -> None:
        super()._move(span)
        kept = self.state_["cells"] // max(1, len(self)) > self._oldest
        self._set(self.state_["cells"][kept], self.state_["units"][kept])

    def _set(self, cells: Longs, units: Longs) -> None:
        """Keep one number a cell; a cell is a slot and an item."""
        order = np.argsort(cells, kind="stable")
        cells = cells[order]
        first = np.flatnonzero(np.append(True, cells[1:] != cells[:-1])[: len(cells)])
        total = np.add.reduceat(units[order], first) if len(first) else units
        self.state_ |= {"cells": cells[first][total != 0], "units": total[total != 0]}

    def _sums(self) -> NDArray[np.float64]:
        slot, item = np.divmod(self.state_["cells"], max(1, len(self)))
        weight = self.state_["units"] * _UNIT
        back = (self._slot(self.state_["span"][1] - 1) - slot) // _SLOTS
        recent = np.bincount(item[back == 0], weight[back == 0], minlength=len(self))
        before = np.bincount(item[back > 0], weight[back > 0], minlength=len(self))
        # A shop younger than the baseline has fewer windows to compare with, the first of them not whole.
        start, end = self.state_["span"].tolist()
        windows = np.clip((end - start) / self._window - 1.0, 1.0, self.config.baseline_windows)
        expected = before / windows
        return np.asarray((recent - expected) / np.sqrt(expected + 1.0))

    def __len__(self) -> int:
        return int(self.state_["items"])

    @property
    def _window(self) -> float:
        return float(self.config.window_days * DAY_MS)

    @property
    def _oldest(self) -> int:
        """The newest slot that is not looked at any more."""
        newest = int(self._slot(self.state_["span"][1] - 1))
        return newest - _SLOTS * (1 + int(self.config.baseline_windows))

    def _slot(self, time: Longs) -> Longs:
        return np.floor_divide(time, self._window / _SLOTS).astype(np.int64)
