"""What those like the asker care for: neighbours among customers, by Pearson's correlation.

    r_pi    = the latest rating of i by p where there is one, else the sum of w over p's events with i
    d_pi    = r_pi - sum of p's values of that sort / (how many they are + absent);  0 where p never touched i
    s_ap    = n / (n + shrinkage) * sum over i of g_i d_ai d_pi / (|d_a| |d_p|)
    score_j = sum over the ``neighbours`` people with the largest s_ap > 0 of s_ap d_pj / |d_p|

The asker a is a history, never an id: g_i = recency ^ (events since the last with i), and n counts the items
that both touched. It is the correlation of mean-centred values in which what a person never touched stands at
their mean: the sum runs over what both touched, the lengths over all that each touched. The score is what the
standardised values of neighbours add to the asker's mean (Resnick, Iacovou, Suchak, Bergstrom and Riedl 1994;
Herlocker, Konstan, Borchers and Riedl 1999, with their significance weighting; Ekstrand, Riedl and Konstan
2011). It is a sum, not the mean that predicts a rating: a list is after what many neighbours care for
(Cremonesi, Koren and Turrin 2010). A score below 0 says nothing.

Ratings have a mean of their own, events another: one goes from bad to good, the other begins at nothing.
The events of most people are all worth the same, and about their mean they would say nothing at all. So
``absent`` items that a person passed over stand in their means with the value 0 (default voting; Breese,
Heckerman and Kadie 1998): then equal values say "cares for this", each person as loud as another. With an
absent of 0 it is Pearson's correlation to the letter, and whose values are all equal is not heard.

People are kept without a name: the latest events of the latest people, summed up. Only those who touched
something in the history are looked at when asked.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import (
    Bools,
    EventType,
    Evidence,
    Floats,
    Histories,
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
from shopkeeper.recommenders.select import at, contains, strongest, taken, top_k

_NOISE: Final = 1e-6
"""Length of the deviations, relative to that of the values, up to which they are rounding and no opinion."""

_Person = tuple[int, bytes, bytes, bytes]
"""Time of the last event, items, values and which of them are ratings: all that is kept of one person."""


@dataclass(frozen=True, slots=True)
class CustomerNeighboursConfig:
    """Who is kept, and who counts as alike.

    Attributes
    ----------
    people
        Most people kept, those with the latest events.
    neighbours
        Most people who speak for one asker.
    absent
        Items passed over that stand in a person's mean; 0 is Pearson's correlation to the letter.
    shrinkage
        Common items that two people need before half of their likeness counts.
    recency
        Weight of an event of the history relative to the one after it, above 0 and at most 1.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    """

    people: int = 50_000
    neighbours: int = 100
    absent: float = 3.0
    shrinkage: float = 10.0
    recency: float = 0.9
    seen: float = 1.0


@dataclass(frozen=True)
class Opinions:
    """What each of some people thinks of each item they touched.

    Attributes
    ----------
    touched
        Distinct items of each person, by rising code.
    values, rated
        r of the module's formula, aligned with ``touched.items``, and which of them are ratings.
    """

    touched: Ragged
    values: Floats
    rated: Bools

    def __len__(self) -> int:
        return len(self.touched)

    def unit(self, absent: float) -> Floats:
        """D / |d| of the module's formula; 0 where a person's deviations are all 0."""
        rows, n = self.touched.rows, len(self)
        sort = 2 * rows + self.rated
        values = self.values.astype(np.float64)
        counts = np.bincount(sort, minlength=2 * n) + absent
        means = np.bincount(sort, values, 2 * n) / np.maximum(counts, 1e-12)
        deviations = values - means[sort]
        length = np.sqrt(np.bincount(rows, deviations * deviations, n))
        some = length > _NOISE * np.sqrt(np.bincount(rows, values**2, n))
        scale = np.where(some, 1.0 / np.where(some, length, 1.0), 0.0)
        return np.asarray(deviations * scale[rows], np.float32)

    def people(self, times: Longs) -> list[_Person]:
        """Each person by themselves, with the time of their last event."""
        slices = list(pairwise(self.touched.offsets.tolist()))
        items, values, rated = (
            [part[low:high].tobytes() for low, high in slices]
            for part in (self.touched.items, self.values, self.rated)
        )
        return list(zip(times.tolist(), items, values, rated, strict=True))

    @classmethod
    def of_people(cls, people: Sequence[_Person]) -> Self:
        """Put together what `people` took apart."""
        items = np.frombuffer(b"".join(person[1] for person in people), np.int32)
        values = np.frombuffer(b"".join(person[2] for person in people), np.float32)
        rated = np.frombuffer(b"".join(person[3] for person in people), np.bool_)
        offsets = np.append(0, np.cumsum([len(person[3]) for person in people], dtype=np.int64))
        return cls(Ragged(offsets, items), values, rated)


def opinions(
    lists: Ragged, kinds: NDArray[np.int8], values: Floats, weights: Floats
) -> tuple[Opinions, Longs]:
    """Opinions from events, each person's in their order, and the last event that each goes by.

    Parameters
    ----------
    lists
        Items of the events.
    kinds, values
        `EventType`, and rating where it is one, of each event.
    weights
        How strongly each kind of event speaks, indexed by `EventType`.
    """
    keys = lists.keys
    order = keys.argsort(kind="stable")
    rising = keys.take(order)
    first = np.flatnonzero(np.append(True, rising[1:] != rising[:-1])[: len(keys)])
    offsets = rising.take(first).searchsorted(np.arange(len(lists) + 1, dtype=np.int64) << 32)
    touched = Ragged(offsets.astype(np.int64), lists.items.take(order.take(first)))
    if not len(first):
        return Opinions(touched, np.empty(0, np.float32), np.empty(0, bool)), first
    ranked = kinds.take(order)
    sums = np.add.reduceat(weights.take(ranked).astype(np.float64), first)
    rating = np.maximum.reduceat(np.where(ranked == EventType.rate, order, -1), first)
    merged = np.where(rating >= 0, values.take(rating, mode="wrap"), sums).astype(np.float32)
    return Opinions(touched, merged, rating >= 0), np.maximum.reduceat(order, first)


class CustomerNeighbours(Updating):
    """What people like the asker care for.

    Attributes
    ----------
    opinions_
        Of the people kept.
    times_
        Time of each one's last event, rising.
    """

    name: ClassVar[str] = "customer_neighbours"
    holds_people: ClassVar[bool] = True
    supports_cold_people: ClassVar[bool] = False

    def __init__(self, config: CustomerNeighboursConfig | None = None) -> None:
        self.config = config or CustomerNeighboursConfig()
        self.weights_: Floats = np.ones(0, np.float32)
        self._keep([], 0)

    def fit(self, dataset: Dataset) -> Self:
        """Keep what the latest people touched."""
        self.weights_ = dataset.weights
        return self._keep(_latest_people(dataset, self.weights_, self.config.people), dataset.n_items)

    def exchange(self, before: Dataset, after: Dataset) -> Self:
        """Forget these people as they were, and keep them as they are; see `Updatable`.

        They are found by what they touched and when, since that is all there is. The result is that of a new
        fit, except that people who were more than can be kept do not come back when another leaves.
        """
        was, now = (
            Counter(_latest_people(rows, self.weights_, len(rows.people))) for rows in (before, after)
        )
        kept = Counter(self.opinions_.people(self.times_)) - was + now
        return self._keep(kept.elements(), self._cares.matrix.shape[1])

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Add up what neighbours care for; see `Recommender.recommend`."""
        candidates, scores = self.scored(requests)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(*self.scored(requests), candidates)

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Everything that any neighbour touched; see `Scores`."""
        neighbours, likeness, _ = self._neighbours(*self._asker(requests.histories))
        found, scores = self._cares.sums(neighbours, likeness)
        scores = np.maximum(scores, np.float32(0.0))
        if self.config.seen != 1.0:
            scores[contains(requests.histories.known, found)] *= np.float32(self.config.seen)
        return found, scores

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Items of the history that make those alike who carried each score, at most three.

        The score is a sum over the history too: of what each item adds to the likeness of each neighbour.
        """
        touched, own = self._asker(request.histories)
        neighbours, _, trust = self._neighbours(touched, own)
        both = self._cares.cells(neighbours.items, np.concatenate([touched.items, items]))
        shared, theirs = np.split(both, [len(touched.items)], axis=1)
        carried = (shared * own * trust[:, None]).T @ theirs
        return tuple(Evidence(self.name, reasons(touched.items, carried[:, i])) for i in range(len(items)))

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        settings = {"config": asdict(self.config), "n_items": self._cares.matrix.shape[1]}
        kept = self.opinions_
        write_state(
            folder,
            settings,
            weights=self.weights_,
            times=self.times_,
            offsets=kept.touched.offsets,
            items=kept.touched.items,
            values=kept.values,
            rated=kept.rated,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(CustomerNeighboursConfig(**settings["config"]))
        model.weights_ = arrays["weights"]
        touched = Ragged(arrays["offsets"], arrays["items"])
        kept = Opinions(touched, arrays["values"], arrays["rated"])
        return model._take(kept, arrays["times"], settings["n_items"])

    def _keep(self, people: Iterable[_Person], n_items: int) -> Self:
        """Keep the latest of these people, in an order that does not depend on how they came."""
        latest = sorted(people)
        latest = latest[max(0, len(latest) - self.config.people) :]
        times = np.array([person[0] for person in latest], np.int64)
        return self._take(Opinions.of_people(latest), times, n_items)

    def _take(self, kept: Opinions, times: Longs, n_items: int) -> Self:
        """Answer from these people."""
        self.opinions_, self.times_ = kept, times
        cares = _matrix(kept.unit(self.config.absent), kept.touched, n_items)
        common = _matrix(np.ones(len(kept.values), np.float32), kept.touched, n_items)
        self._cares = WeightedRows(cares)
        self._alike, self._common = (WeightedRows(sparse.csr_array(part.T)) for part in (cares, common))
        return self

    def _asker(self, histories: Histories) -> tuple[Ragged, Floats]:
        """Distinct items of each history, and g d / |d| of each."""
        own, last = opinions(histories.recent, histories.kinds, histories.values, self.weights_)
        since = histories.offsets[1:].take(own.touched.rows) - 1 - last
        fading = np.float32(self.config.recency) ** since.astype(np.float32)
        return own.touched, np.asarray(own.unit(self.config.absent) * fading, np.float32)

    def _neighbours(self, touched: Ragged, own: Floats) -> tuple[Ragged, Floats, Floats]:
        """The neighbours of each asker by rising code, s of each, and the factor of s that n makes."""
        met, products = self._alike.sums(touched, own)
        n = at(*self._common.sums(touched, np.ones(len(own), np.float32)), met)
        trust = n / (n + np.float32(self.config.shrinkage))
        likeness = products * trust
        chosen = strongest(met, likeness, self.config.neighbours)
        return taken(met, chosen), likeness.take(chosen), trust.take(chosen)


def _matrix(values: Floats, touched: Ragged, n_items: int) -> sparse.csr_array:
    """People x items."""
    shape, indptr = (len(touched), n_items), touched.offsets.astype(np.int32)
    return sparse.csr_array((values, touched.items, indptr), shape=shape)


def _latest_people(dataset: Dataset, weights: Floats, most: int) -> list[_Person]:
    """The people with the latest events, ``most`` and those whose last is as late as the last of these."""
    rows = latest_rows(dataset)
    offsets = np.searchsorted(dataset.person[rows], np.arange(len(dataset.people) + 1)).astype(np.int64)
    some = np.flatnonzero(np.diff(offsets))
    times = dataset.time[rows[offsets[1:][some] - 1]]
    if len(some) > most:
        late = times >= np.partition(times, len(times) - most)[len(times) - most]
        some, times = some[late], times[late]
    events, starts = ragged_positions(offsets, some)
    rows = rows[events]
    found, _ = opinions(Ragged(starts, dataset.item[rows]), dataset.kind[rows], dataset.value[rows], weights)
    return found.people(times)
