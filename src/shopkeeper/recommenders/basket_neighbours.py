"""What a person takes again and again, and what those take who take the same: baskets and their rhythm.

    v_pj    = sum over baskets b of p with j of w r_b ^ (b mod m) r_g ^ floor(b / m) / norm
    norm    = min(m, n) * ceil(n / m)
    s_ap    = cosine of v_a and v_p, of each kept person only the ``pruned`` strongest items
    score_j = alpha v_aj + (1 - alpha) * mean of v_pj over the ``neighbours`` people with the largest s_ap > 0

b counts a person's n baskets back from the latest, 0: what a person did at one moment, each item once. Groups
of m baskets fade by r_g, baskets within a group by r_b: tastes change slower than the day. It is TIFU-KNN
(Hu, He, Gao and Zhang 2020, "Modeling personalized item frequency information for next-basket
recommendation"); there people are near by Euclidean distance, here by cosine, which asks only whoever shares
an item and does not mistake those who buy little for alike.

People are kept without a name: the latest events of the latest people, summed up.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import (
    Bools,
    Evidence,
    Floats,
    Ints,
    Longs,
    Ragged,
    Recommendations,
    Requests,
    ragged_positions,
)
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.past import latest_rows
from shopkeeper.learners.rows import WeightedRows
from shopkeeper.recommenders.base import Updating
from shopkeeper.recommenders.evidence import reasons
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import at, strongest, taken, top_k

_Person = tuple[int, bytes, bytes]
"""Time of the last event, items and values: all that is kept of one person."""


@dataclass(frozen=True, slots=True)
class BasketNeighboursConfig:
    """How baskets fade, and who counts as alike.

    Attributes
    ----------
    people
        Most people kept, those with the latest events.
    neighbours
        Most people who speak for one asker.
    pruned
        Strongest items by which a kept person is found.
    within, across
        r_b and r_g: weight of a basket relative to the next in its group, and of a group to the next.
    group
        m, baskets a group.
    own
        alpha, the part of a score that comes from the asker's own baskets.
    """

    people: int = 20_000
    neighbours: int = 300
    pruned: int = 100
    within: float = 0.9
    across: float = 0.7
    group: int = 7
    own: float = 0.7


class BasketNeighbours(Updating):
    """What the person takes again, and what people with the same habits take.

    Attributes
    ----------
    vectors_, values_
        v of the module's formula of the people kept: items by rising code, and their values.
    times_
        Time of each one's last event, rising.
    """

    name: ClassVar[str] = "basket_neighbours"
    holds_people: ClassVar[bool] = True
    supports_cold_people: ClassVar[bool] = False

    def __init__(self, config: BasketNeighboursConfig | None = None) -> None:
        self.config = config or BasketNeighboursConfig()
        self.weights_: Floats = np.ones(0, np.float32)
        self._keep([], 0)

    def fit(self, dataset: Dataset) -> Self:
        """Keep the habits of the latest people."""
        self.weights_ = dataset.weights
        return self._keep(self._latest_people(dataset), dataset.n_items)

    def exchange(self, before: Dataset, after: Dataset) -> Self:
        """Forget these people as they were, and keep them as they are; see `Updatable`.

        The result is that of a new fit, except that people who were more than can be kept do not come back
        when another leaves.
        """
        was, now = (Counter(self._latest_people(rows)) for rows in (before, after))
        kept = Counter(_apart(self.vectors_, self.values_, self.times_)) - was + now
        return self._keep(kept.elements(), self._people.matrix.shape[1])

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Add own and others' habits; see `Recommender.recommend`."""
        candidates, scores = self.scored(requests)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Everything in the person's baskets or a neighbour's; see `Scores`."""
        touched, own = self._asker(requests)
        neighbours, _ = self._neighbours(touched, own)
        share = ((1.0 - self.config.own) / np.maximum(neighbours.lengths, 1)).astype(np.float32)
        mine = touched, np.float32(self.config.own) * own
        return self._people.sums(neighbours, share.take(neighbours.rows), mine)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """The item itself where the person took it, else the items that make those alike who take it."""
        touched, own = self._asker(request)
        neighbours, likeness = self._neighbours(touched, own)
        both = self._people.cells(neighbours.items, np.concatenate([touched.items, items]))
        shared, theirs = np.split(both, [len(touched.items)], axis=1)
        carried = (shared * (own * likeness[:, None])).T @ theirs
        known = np.isin(items, touched.items)
        return tuple(
            Evidence(self.name, (int(item),) if known[i] else reasons(touched.items, carried[:, i]))
            for i, item in enumerate(items)
        )

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        settings = {"config": asdict(self.config), "n_items": self._people.matrix.shape[1]}
        write_state(
            folder,
            settings,
            weights=self.weights_,
            times=self.times_,
            offsets=self.vectors_.offsets,
            items=self.vectors_.items,
            values=self.values_,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(BasketNeighboursConfig(**settings["config"]))
        model.weights_ = arrays["weights"]
        vectors = Ragged(arrays["offsets"], arrays["items"])
        return model._take(vectors, arrays["values"], arrays["times"], settings["n_items"])

    def _keep(self, people: Iterable[_Person], n_items: int) -> Self:
        """Keep the latest of these people, in an order that does not depend on how they came."""
        latest = sorted(people)
        latest = latest[max(0, len(latest) - self.config.people) :]
        items = np.frombuffer(b"".join(person[1] for person in latest), np.int32)
        values = np.frombuffer(b"".join(person[2] for person in latest), np.float32)
        lengths = [len(person[1]) // items.itemsize for person in latest]
        times = np.array([person[0] for person in latest], np.int64)
        vectors = Ragged(np.append(0, np.cumsum(lengths, dtype=np.int64)), items)
        return self._take(vectors, values, times, n_items)

    def _take(self, vectors: Ragged, values: Floats, times: Longs, n_items: int) -> Self:
        """Answer from these people."""
        self.vectors_, self.values_, self.times_ = vectors, values, times
        self._people = WeightedRows(_matrix(vectors, values, n_items))
        top = strongest(vectors, values, self.config.pruned)
        offsets = np.searchsorted(top, vectors.offsets).astype(np.int64)
        pruned = Ragged(offsets, vectors.items[top])
        found_by = _matrix(pruned, _unit(pruned, values[top]), n_items)
        self._index = WeightedRows(sparse.csr_array(found_by.T))
        return self

    def _asker(self, requests: Requests) -> tuple[Ragged, Floats]:
        histories = requests.histories
        return habits(histories.recent, histories.kinds, histories.times, self.weights_, self.config)

    def _neighbours(self, touched: Ragged, own: Floats) -> tuple[Ragged, Floats]:
        """The neighbours of each asker by rising code, and s of each."""
        met, likeness = self._index.sums(touched, _unit(touched, own))
        chosen = strongest(met, likeness, self.config.neighbours)
        return taken(met, chosen), likeness.take(chosen)

    def _latest_people(self, dataset: Dataset) -> list[_Person]:
        """The people with the latest events, and all whose last is as late as the last of these."""
        rows, most = latest_rows(dataset), self.config.people
        offsets = np.searchsorted(dataset.person[rows], np.arange(len(dataset.people) + 1)).astype(np.int64)
        some = np.flatnonzero(np.diff(offsets))
        times = dataset.time[rows[offsets[1:][some] - 1]]
        if len(some) > most:
            late = times >= np.partition(times, len(times) - most)[len(times) - most]
            some, times = some[late], times[late]
        events, starts = ragged_positions(offsets, some)
        rows = rows[events]
        lists = Ragged(starts, dataset.item[rows])
        return _apart(
            *habits(lists, dataset.kind[rows], dataset.time[rows], self.weights_, self.config), times
        )


def habits(
    lists: Ragged, kinds: NDArray[np.int8], times: Longs, weights: Floats, config: BasketNeighboursConfig
) -> tuple[Ragged, Floats]:
    """V of the module's formula: distinct items of each list by rising code, and their values.

    Parameters
    ----------
    lists
        Items of each person's events, oldest first.
    kinds, times
        `EventType` and epoch milliseconds of each event.
    weights
        How strongly each kind of event speaks, indexed by `EventType`.
    config
        How baskets fade.
    """
    back, baskets = _baskets(lists, times)
    far, near = np.divmod(back, config.group)
    fading = config.within**near * config.across**far
    whole = np.minimum(baskets, config.group) * -(-baskets // config.group)
    values = weights.take(kinds) * fading / np.maximum(whole, 1).take(lists.rows)
    keys = lists.keys
    order = keys.argsort(kind="stable")
    rising = keys.take(order)
    new_item = _opens(rising)
    items, once = new_item.nonzero()[0], (new_item | _opens(back.take(order))).nonzero()[0]
    sums = np.empty(0, np.float32)
    if len(once):
        each = np.maximum.reduceat(values.take(order), once)
        sums = np.add.reduceat(each, once.searchsorted(items)).astype(np.float32)
    offsets = rising.take(items).searchsorted(np.arange(len(lists) + 1, dtype=np.int64) << 32)
    return Ragged(offsets.astype(np.int64), lists.items.take(order.take(items))), sums


def _baskets(lists: Ragged, times: Longs) -> tuple[Longs, Longs]:
    """Number of each event's basket, counted back from the latest, and how many baskets each list has."""
    opens = _opens(times)
    opens[lists.offsets[:-1][lists.lengths > 0]] = True
    before = np.zeros(len(times) + 1, np.int64)
    opens.cumsum(out=before[1:])
    ends = before.take(lists.offsets[1:])
    return ends.take(lists.rows) - before[1:], ends - before.take(lists.offsets[:-1])


def _opens(values: Longs) -> Bools:
    """Which values are other than the one before."""
    opens = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=opens[1:])
    return opens


def _unit(lists: Ragged, values: Floats) -> Floats:
    """Values relative to the length of each row's vector."""
    length = np.sqrt(np.bincount(lists.rows, values.astype(np.float64) ** 2, len(lists)))
    return np.asarray(values / np.maximum(length, 1e-30).take(lists.rows), np.float32)


def _matrix(vectors: Ragged, values: Floats, n_items: int) -> sparse.csr_array:
    """People x items."""
    shape, indptr = (len(vectors), n_items), vectors.offsets.astype(np.int32)
    return sparse.csr_array((values, vectors.items, indptr), shape=shape)


def _apart(vectors: Ragged, values: Floats, times: Longs) -> list[_Person]:
    """Each person by themselves."""
    slices = pairwise(vectors.offsets.tolist())
    return [
        (at_, vectors.items[low:high].tobytes(), values[low:high].tobytes())
        for at_, (low, high) in zip(times.tolist(), slices, strict=True)
    ]
