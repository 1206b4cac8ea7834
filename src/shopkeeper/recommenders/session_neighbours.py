"""What followed in the sessions most like this one: nearest neighbours among sessions.

    s_n     = exp(-age_n / tau) / sqrt(|n|) * sum over the distinct items i of both of w_i
    score_j = sum over the ``neighbours`` sessions n with the largest s_n of s_n f(place of j - place of a_n)
    f(d)    = exp(-|d| / reach), times ``backward`` where d < 0
    w_i     = recency ^ (events since the last with i) * weight of its kind

a_n is the item of the history, the latest if there are several, that the neighbour shares. It is STAN, the
nearest neighbours with three decays: of what was done long ago in this session, of old sessions, and of what
stands far from the shared item (Garg, Gupta, Malhotra, Vig and Shroff 2019), on the sessions of vector
multiplication kNN (Ludewig and Jannach 2018).

A session is a run of a person's events without a gap longer than ``gap_minutes``, cut after `LONGEST`. Of
each item only the latest ``sample`` sessions are looked at, so an answer costs the same however many there
are. Sessions are kept without a name.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import (
    DAY_MS,
    Evidence,
    Floats,
    Ints,
    Longs,
    Ragged,
    Recommendations,
    Requests,
    distinct,
    ragged_positions,
)
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.rows import Tally, WeightedRows, cells
from shopkeeper.recommenders.base import Updating
from shopkeeper.recommenders.evidence import heard, reasons
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import at, contains, strongest, taken, top_k

LONGEST: Final = 50
"""Events of a session; a longer one becomes several."""
_FAINT: Final = 1e-2
"""Decay down to which events of a history are heard."""
_MINUTE_MS: Final = 60_000
_BLOCK: Final = 256
"""Requests answered at once: every neighbour's items lie side by side in memory."""

_Session = tuple[int, bytes]
"""Time of the last event, and the items: all that is kept of one session."""


@dataclass(frozen=True, slots=True)
class SessionNeighboursConfig:
    """What is kept, and who counts as alike.

    Attributes
    ----------
    sessions
        Most sessions kept, the latest.
    sample
        Sessions with an item that are looked at, the latest.
    neighbours
        Most sessions that speak for one history.
    gap_minutes
        Longest gap within a session; 0 where a person has only one.
    half_life
        Days after which a session counts half; 0 where it always counts.
    recency
        Weight of an event of the history relative to the one after it, above 0 and at most 1.
    reach
        Places from the shared item over which an item's score falls to 1/e.
    backward
        Factor on what stands before the shared item.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    """

    sessions: int = 500_000
    sample: int = 1_000
    neighbours: int = 300
    gap_minutes: float = 0.0
    half_life: float = 0.0
    recency: float = 0.7
    reach: float = 3.0
    backward: float = 0.7
    seen: float = 1.0


class SessionNeighbours(Updating):
    """What followed in sessions like this one.

    Attributes
    ----------
    sessions_
        Items of each session kept, in order.
    times_
        Time of each one's last event, rising.
    """

    name: ClassVar[str] = "session_neighbours"
    holds_people: ClassVar[bool] = True
    supports_cold_people: ClassVar[bool] = False

    def __init__(self, config: SessionNeighboursConfig | None = None) -> None:
        self.config = config or SessionNeighboursConfig()
        self.weights_: Floats = np.ones(0, np.float32)
        self._keep([], 0)

    def fit(self, dataset: Dataset) -> Self:
        """Keep the latest sessions."""
        self.weights_ = dataset.weights
        return self._keep(_latest_sessions(dataset, self.config), dataset.n_items)

    def exchange(self, before: Dataset, after: Dataset) -> Self:
        """Forget the sessions of these people as they were, and keep them as they are; see `Updatable`.

        The result is that of a new fit, except that sessions which were more than can be kept do not come
        back when another leaves.
        """
        was, now = (Counter(_latest_sessions(rows, self.config)) for rows in (before, after))
        kept = Counter(_apart(self.sessions_, self.times_)) - was + now
        return self._keep(kept.elements(), self._index.matrix.shape[0])

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Add up what followed; see `Recommender.recommend`."""
        candidates, scores = self.scored(requests)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Everything in any neighbour; see `Scores`."""
        if len(requests) <= _BLOCK:
            return self._scored(requests)
        offsets, items, scores = [np.zeros(1, np.int64)], [], []
        for start in range(0, len(requests), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(requests)))
            found, values = self._scored(requests.take(rows))
            offsets.append(found.offsets[1:] + offsets[-1][-1])
            items.append(found.items)
            scores.append(values)
        return Ragged(np.concatenate(offsets), np.concatenate(items)), np.concatenate(scores)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Items of the history that make those sessions alike in which each item stands, at most three."""
        touched, own = self._asker(request)
        neighbours, likeness = self._neighbours(request, touched, own)
        both = cells(self._items, neighbours.items, np.concatenate([touched.items, items]))
        shared, theirs = np.split(both, [len(touched.items)], axis=1)
        carried = (shared * (own * likeness[:, None])).T @ theirs
        return tuple(Evidence(self.name, reasons(touched.items, carried[:, i])) for i in range(len(items)))

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        settings = {"config": asdict(self.config), "n_items": self._index.matrix.shape[0]}
        kept = self.sessions_
        write_state(
            folder,
            settings,
            weights=self.weights_,
            times=self.times_,
            offsets=kept.offsets,
            items=kept.items,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(SessionNeighboursConfig(**settings["config"]))
        model.weights_ = arrays["weights"]
        kept = Ragged(arrays["offsets"], arrays["items"])
        return model._take(kept, arrays["times"], settings["n_items"])

    def _keep(self, sessions: Iterable[_Session], n_items: int) -> Self:
        """Keep the latest of these sessions, in an order that does not depend on how they came."""
        latest = sorted(sessions)
        latest = latest[max(0, len(latest) - self.config.sessions) :]
        items = np.frombuffer(b"".join(session[1] for session in latest), np.int32)
        lengths = [len(session[1]) // items.itemsize for session in latest]
        times = np.array([session[0] for session in latest], np.int64)
        return self._take(Ragged(np.append(0, np.cumsum(lengths, dtype=np.int64)), items), times, n_items)

    def _take(self, kept: Ragged, times: Longs, n_items: int) -> Self:
        """Answer from these sessions."""
        self.sessions_, self.times_ = kept, times
        keys = distinct(kept.keys)
        rows, items = keys >> 32, (keys & 0xFFFFFFFF).astype(np.int32)
        indptr = np.searchsorted(rows, np.arange(len(kept) + 1)).astype(np.int32)
        shape = (len(kept), n_items)
        self._items = sparse.csr_array((np.ones(len(items), np.float32), items, indptr), shape=shape)
        length = (1.0 / np.sqrt(np.maximum(np.diff(indptr), 1))).astype(np.float32)
        values = sparse.csr_array((length[rows], items, indptr), shape=shape)
        self._index = WeightedRows(_latest_entries(sparse.csr_array(values.T), self.config.sample))
        self._tally = Tally(n_items, np.float64)
        return self

    def _scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        touched, own = self._asker(requests)
        neighbours, likeness = self._neighbours(requests, touched, own)
        positions, starts = ragged_positions(self.sessions_.offsets, neighbours.items.astype(np.int64))
        pair = np.arange(len(neighbours.items)).repeat(np.diff(starts))
        spoken = Ragged(starts[neighbours.offsets], self.sessions_.items.take(positions))
        anchor = _anchors(at(touched, own, spoken), starts, pair)
        distance = np.arange(len(pair)) - (anchor - LONGEST).take(pair)
        values = likeness.take(pair) * self._fading.take(distance)
        answer, scores = self._added(spoken, values)
        if self.config.seen != 1.0:
            scores[contains(requests.histories.known, answer)] *= np.float32(self.config.seen)
        return answer, scores

    def _asker(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Distinct items of each history that are still heard, rising, and w of each."""
        lists, strength = heard(requests.histories, self.weights_, self.config.recency, _FAINT)
        keys = lists.keys
        order = keys.argsort(kind="stable")
        rising = keys.take(order)
        last = np.append(rising[1:] != rising[:-1], True)[: len(keys)].nonzero()[0]
        offsets = rising.take(last).searchsorted(np.arange(len(lists) + 1, dtype=np.int64) << 32)
        latest = order.take(last)
        return Ragged(offsets.astype(np.int64), lists.items.take(latest)), strength.take(latest)

    def _neighbours(self, requests: Requests, touched: Ragged, own: Floats) -> tuple[Ragged, Floats]:
        """The neighbours of each history by rising code, and s of each."""
        met, likeness = self._index.sums(touched, own)
        if self.config.half_life > 0:
            age = np.maximum(requests.as_of[met.rows] - self.times_[met.items], 0) / DAY_MS
            likeness = (likeness * np.exp2(-age / self.config.half_life)).astype(np.float32)
        chosen = strongest(met, likeness, self.config.neighbours)
        return taken(met, chosen), likeness.take(chosen)

    def _added(self, spoken: Ragged, values: Floats) -> tuple[Ragged, Floats]:
        """What is said of items, added up: distinct items of each request, rising, and their scores."""
        if len(spoken) == 1:
            items, sums = self._tally.of(spoken.items, values)
            return Ragged(np.array([0, len(items)], np.int64), items), sums.astype(np.float32)
        found = distinct(spoken.keys)
        sums = np.bincount(np.searchsorted(found, spoken.keys), values, len(found))
        offsets = np.searchsorted(found, np.arange(len(spoken) + 1, dtype=np.int64) << 32)
        return Ragged(offsets.astype(np.int64), (found & 0xFFFFFFFF).astype(np.int32)), sums.astype(
            np.float32
        )

    @property
    def _fading(self) -> Floats:
        """What f of the module's formula is, from a distance of -`LONGEST` on."""
        distance = np.arange(-LONGEST, LONGEST)
        fading = np.exp(-np.abs(distance) / self.config.reach)
        return np.where(distance < 0, self.config.backward * fading, fading).astype(np.float32)


def _anchors(own: Floats, starts: Longs, pair: Longs) -> Longs:
    """Which entry of each session is the latest item of the history; the last, if there are several."""
    if not len(pair):
        return np.empty(0, np.int64)
    top = np.maximum.reduceat(own, starts[:-1])
    return np.maximum.reduceat(np.where(own == top.take(pair), np.arange(len(pair)), -1), starts[:-1])


def _latest_entries(matrix: sparse.csr_array, n: int) -> sparse.csr_array:
    """The last ``n`` entries of each row."""
    matrix.sort_indices()
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    kept = matrix.indptr[1:][rows] - np.arange(len(rows)) <= n
    indptr = np.append(0, np.cumsum(kept))[matrix.indptr].astype(np.int32)
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)


def _latest_sessions(dataset: Dataset, config: SessionNeighboursConfig) -> list[_Session]:
    """The latest sessions of known people with two events or more, and all as late as the last of these."""
    known = np.flatnonzero(dataset.person >= 0)
    person, time = dataset.person[known], dataset.time[known]
    opens = np.append(True, person[1:] != person[:-1])[: len(known)]
    if config.gap_minutes:
        opens[1:] |= np.diff(time) > config.gap_minutes * _MINUTE_MS
    place = np.arange(len(known)) - np.maximum.accumulate(np.where(opens, np.arange(len(known)), 0))
    bounds = np.append(np.flatnonzero(place % LONGEST == 0), len(known))
    some = np.flatnonzero(np.diff(bounds) > 1)
    times = time[bounds[1:][some] - 1]
    if len(some) > config.sessions:
        late = times >= np.partition(times, len(times) - config.sessions)[len(times) - config.sessions]
        some, times = some[late], times[late]
    items = dataset.item[known].astype(np.int32)
    slices = zip(bounds[some].tolist(), bounds[some + 1].tolist(), strict=True)
    return [(at_, items[low:high].tobytes()) for at_, (low, high) in zip(times.tolist(), slices, strict=True)]


def _apart(kept: Ragged, times: Longs) -> list[_Session]:
    """Each session by itself."""
    slices = pairwise(kept.offsets.tolist())
    return [
        (at_, kept.items[low:high].tobytes()) for at_, (low, high) in zip(times.tolist(), slices, strict=True)
    ]
