"""What a person will take again, from the rhythm of their own history.

For each item a person knows, three things are read off the summary: how often they took it (occasions ``n``),
how long ago the last time was (``age``), and, from the second occasion on, the rhythm (mean gap between
occasions) as ``age / gap``. The chance that it comes back is counted at several past moments in buckets of
these three and shrunk towards the bucket of ``n`` alone:

    P(again | bucket) = (returns + s * P(again | n)) / (seen + s)

Some things are bought again by everybody and some by nobody, so each item carries a lift

    lift_j = (returns_j + r) / (sum of P over its sightings + r),  r = s * mean of P

and the score is P * lift. Buckets in place of a formula follow the survival tables of repeat consumption
(Anderson, Kumar, Tomkins and Vassilvitskii 2014, "The dynamics of repeat consumption").
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import (
    DAY_MS,
    Bools,
    Evidence,
    Floats,
    Histories,
    Ints,
    Longs,
    Ragged,
    Recommendations,
    Requests,
)
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import build_histories
from shopkeeper.recommenders.again import AGAIN, bought_again
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import at, top_k

_SHRINK = 20.0
_MOST_PEOPLE = 20_000
"""People looked at for each past moment; more change the table by less than its noise."""
_COUNT_EDGES = np.array([2, 3, 4, 5, 7, 10, 15, 25, 50])
_RATIO_EDGES = np.exp2(np.arange(-3, 4.5, 0.5))
_AGE_EDGES = np.exp2(np.arange(0, 33))  # milliseconds to weeks


@dataclass(frozen=True, slots=True)
class RepeatConfig:
    """What "again" means.

    Attributes
    ----------
    horizon_days
        Within how many days an item must come back; 0 means in the very next moment the person does anything.
    moments
        How many past moments are looked at.
    """

    horizon_days: float = 0.0
    moments: int = 5


class Repeat:
    """What the person took before and is due again."""

    name: ClassVar[str] = "repeat"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False

    def __init__(self, config: RepeatConfig | None = None) -> None:
        self.config = config or RepeatConfig()
        self.table_: Floats = np.zeros(_N_BUCKETS, np.float32)
        self.lift_: Floats = np.zeros(0, np.float32)
        self.again_: Floats = np.zeros(0, np.float32)

    def fit(self, dataset: Dataset) -> Self:
        """Count returns at past moments in O(moments * events)."""
        sightings = [_sightings(dataset, *moment) for moment in _moments(dataset, self.config)]
        bucket, item, again = (np.concatenate(parts) for parts in zip(*sightings, strict=True))
        self.table_ = _table(bucket, again)
        returns = np.bincount(item, again, minlength=dataset.n_items)
        expected = np.bincount(item, self.table_[bucket], minlength=dataset.n_items)
        strength = _SHRINK * float(self.table_[bucket].mean()) if len(bucket) else 1.0
        self.lift_ = ((returns + strength) / (expected + strength)).astype(np.float32)
        self.again_ = bought_again(dataset)
        return self

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank what the person knows; see `Recommender.recommend`."""
        return top_k(*self.scored(requests), requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Everything the person knows; see `Scores`."""
        return requests.histories.known, self._chances(requests)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """The item itself, how often it was taken and how many days ago last."""
        history, now = request.histories, int(request.as_of[0])
        entry = {int(item): i for i, item in enumerate(history.summary_items)}
        return tuple(self._evidence(history, entry.get(int(item)), now) for item in items)

    def repeatable(self) -> Bools:
        """Which items people buy again, by the log; see `again`."""
        return self.again_ >= AGAIN

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), table=self.table_, lift=self.lift_, again=self.again_)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(RepeatConfig(**settings))
        model.table_, model.lift_ = arrays["table"], arrays["lift"]
        # Models of an earlier version do not know what is bought again: to them everything may be.
        model.again_ = arrays.get("again", np.ones(len(model.lift_), np.float32))
        return model

    def _chances(self, requests: Requests) -> Floats:
        """Score of each entry of the summary."""
        items = requests.histories.summary_items
        return np.asarray(
            self.table_[_buckets(requests.histories, requests.as_of)] * self.lift_[items], np.float32
        )

    def _evidence(self, history: Histories, entry: int | None, now: int) -> Evidence:
        if entry is None:
            return Evidence(self.name)
        count, last = int(history.summary_counts[entry]), int(history.summary_last[entry])
        facts = (("count", float(count)), ("days_since", (now - last) / DAY_MS))
        return Evidence(self.name, (int(history.summary_items[entry]),), facts)


_N_COUNTS, _N_RATIOS, _N_AGES = len(_COUNT_EDGES) + 1, len(_RATIO_EDGES) + 1, len(_AGE_EDGES) + 1
_N_BUCKETS = _N_COUNTS * _N_RATIOS * _N_AGES


def _buckets(histories: Histories, as_of: Longs) -> Longs:
    """Bucket of each entry of the summary: count x rhythm x age."""
    count = histories.summary_counts
    age = np.maximum(np.repeat(as_of, np.diff(histories.summary_offsets)) - histories.summary_last, 0)
    gap = (histories.summary_last - histories.summary_first) / np.maximum(count - 1, 1)
    ratio = np.where(count > 1, np.searchsorted(_RATIO_EDGES, age / np.maximum(gap, 1), "right"), 0)
    counts = np.searchsorted(_COUNT_EDGES, count, "right")
    ages = np.searchsorted(_AGE_EDGES, age, "right")
    return np.asarray((counts * _N_RATIOS + ratio) * _N_AGES + ages, np.int64)


def _table(bucket: Longs, again: NDArray[np.bool_]) -> Floats:
    """P(again | bucket), shrunk towards the bucket of the count alone."""
    seen = np.bincount(bucket, minlength=_N_BUCKETS).astype(float).reshape(_N_COUNTS, -1)
    returns = np.bincount(bucket, again, minlength=_N_BUCKETS).reshape(_N_COUNTS, -1)
    by_count = (returns.sum(axis=1) + 1e-9) / (seen.sum(axis=1) + 1.0)
    shrunk = (returns + _SHRINK * by_count[:, None]) / (seen + _SHRINK)
    return np.asarray(shrunk.ravel(), np.float32)


def _moments(dataset: Dataset, config: RepeatConfig) -> list[tuple[Longs, Longs, Longs]]:
    """People, the moment each is looked at, and the end of their horizon, newest first."""
    if config.horizon_days:
        return [_window(dataset, config.horizon_days, back) for back in range(1, config.moments + 1)]
    return [_occasion(dataset, back) for back in range(1, config.moments + 1)]


def _window(dataset: Dataset, days: float, back: int) -> tuple[Longs, Longs, Longs]:
    """Everybody at the moment ``back`` horizons before the end."""
    length = int(days * DAY_MS)
    people = _some(np.arange(len(dataset.people), dtype=np.int64), back)
    start = np.full(len(people), dataset.end - back * length, np.int64)
    return people, start, start + length


def _occasion(dataset: Dataset, back: int) -> tuple[Longs, Longs, Longs]:
    """Everybody just before their ``back``-th last moment of activity."""
    known = dataset.person >= 0
    person, time = dataset.person[known], dataset.time[known]
    last = np.ones(len(person), bool)
    last[:-1] = (person[1:] != person[:-1]) | (time[1:] != time[:-1])
    moments, owners = time[last], person[last]
    end = np.searchsorted(owners, np.arange(len(dataset.people)), "right")
    start = np.searchsorted(owners, np.arange(len(dataset.people)), "left")
    people = _some(np.flatnonzero(end - start > back), back)
    at = moments[end[people] - back]
    return people, at, at + 1


def _some(people: Longs, seed: int) -> Longs:
    if len(people) <= _MOST_PEOPLE:
        return people
    return np.sort(np.random.default_rng(seed).choice(people, _MOST_PEOPLE, replace=False))


def _sightings(
    dataset: Dataset, people: Longs, start: Longs, end: Longs
) -> tuple[Longs, Ints, NDArray[np.bool_]]:
    """Bucket, item, and whether it came back, for everything these people knew at the moment."""
    before = build_histories(dataset, people, start)
    known = before.known.keys
    came = np.isin(known, _taken_between(dataset, people, start, end))
    return _buckets(before, start), before.summary_items, came


def _taken_between(dataset: Dataset, people: Longs, start: Longs, end: Longs) -> Longs:
    """Position in ``people`` and item, in one number, of each event from ``start`` to just before ``end``."""
    # Rows of nobody carry the code -1, the last entry, whose window is empty.
    place, opens, closes = (np.zeros(len(dataset.people) + 1, np.int64) for _ in range(3))
    place[people], opens[people], closes[people] = np.arange(len(people)), start, end
    inside = (dataset.time >= opens[dataset.person]) & (dataset.time < closes[dataset.person])
    return np.asarray(place[dataset.person[inside]] << 32 | dataset.item[inside])
