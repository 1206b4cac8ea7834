"""A factorization machine over who asks, when, and what there is: every cross of a feature of each side.

    customer   attributes; items of the history, fading; their share of each category, brand and price band
    moment     hour, weekday and month
    item       the item itself; its category, brand and price band

The formula is in `learners.factorization`. All features of a question together are one vector, all of an item
another, so that

    score_j = exp(z_j w + (x V)(z_j V)), times ``seen`` if j is known

An item nobody took yet is told by its kinds alone. Ranking everything needs one product with all items, so in
a large catalogue this only scores what others bring (`base.retrieves`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import (
    DAY_MS,
    Bools,
    Evidence,
    Floats,
    Ints,
    Longs,
    Ragged,
    Recommendations,
    Requests,
)
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import slice_histories
from shopkeeper.features.content import Content
from shopkeeper.learners.cuts import Cuts, fading
from shopkeeper.learners.factorization import Descending, Machine, learn_matching
from shopkeeper.recommenders.dense import LIVE, rank
from shopkeeper.recommenders.evidence import reasons
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import contains

HEARD: Final = 50
"""Events of a history that are read, the latest."""
_MOMENTS: Final = 50
"""Moments of a person that are learned from, the latest."""
_PATIENCE: Final = 2
"""Passes without gain after which to stop, where somebody watches."""
_CYCLES: Final = (24, 7, 12)
"""Hours, weekdays and months."""
_LARGEST = 60.0
"""Score up to which the exponential is taken: the next powers of e are no numbers of 32 bits any more."""


@dataclass(frozen=True, slots=True)
class FactorizationMachineConfig:
    """How the machine is learned and asked.

    Attributes
    ----------
    dim
        Length of a vector.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    ahead
        Events from a moment on of which one is drawn as what was chosen.
    drawn, batch, examples, epochs, rate, decay
        Items drawn for a step, moments a step, most moments a pass, passes, and see `Descending`.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    seed
        Of everything drawn.
    """

    dim: int = 32
    recency: float = 0.8
    ahead: int = 3
    drawn: int = 512
    batch: int = 1024
    examples: int = 100_000
    epochs: int = 5
    rate: float = 0.3
    decay: float = 1e-5
    seen: float = 1.0
    seed: int = 0

    @property
    def descending(self) -> Descending:
        """What the learner is told."""
        return Descending(
            self.dim, self.batch, self.epochs, self.rate, self.decay, drawn=self.drawn, seed=self.seed
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question is told by.

    Attributes
    ----------
    kinds, n_kinds
        Of `Content`: shape ``(n_items, m)``, codes from 1 on, 0 is not known; and how many codes there are.
    speaks
        Weight of each kind of event, indexed by `EventType`.
    values
        Number of values of each attribute of customers.
    recency
        Of `FactorizationMachineConfig`.
    """

    kinds: Ints
    n_kinds: int
    speaks: Floats
    values: Longs
    recency: float

    @property
    def n_features(self) -> int:
        return len(self.kinds) + self.n_kinds + sum(_CYCLES) + int(self.values.sum())

    def rows(self, requests: Requests) -> sparse.csr_array:
        """Features of each question: items, kinds, moment, attributes."""
        owner, items, shares = self.heard(requests)
        event, kind = np.nonzero(self.kinds[items])
        told = [_moments(requests.as_of)]
        if requests.attributes is not None:
            told.append(requests.attributes.astype(np.int64))
        codes, first = np.hstack(told), len(self.kinds) + self.n_kinds
        starts = first + np.cumsum([0, *_CYCLES, *self.values.tolist()])
        asker, field = np.nonzero(codes >= 0)
        row = np.concatenate([owner, owner[event], asker])
        column = np.concatenate(
            [items, len(self.kinds) + self.kinds[items][event, kind], starts[field] + codes[asker, field]]
        )
        value = np.concatenate([shares, shares[event], np.ones(len(asker), np.float32)])
        return sparse.csr_array((value, (row, column)), shape=(len(requests), self.n_features))

    def heard(self, requests: Requests) -> tuple[Longs, Ints, Floats]:
        """Request, item and share of each of the latest events; shares fade and sum to 1 for each request."""
        history = requests.histories
        owner = history.recent.rows
        rows = np.flatnonzero(np.arange(len(owner)) >= history.offsets[1:][owner] - HEARD)
        offsets = np.searchsorted(rows, history.offsets)
        weights = fading(offsets, self.speaks[history.kinds[rows]], self.recency)
        total = np.bincount(owner[rows], weights, len(requests))
        shares = weights / np.maximum(total, 1e-12)[owner[rows]]
        return owner[rows], history.items[rows], shares.astype(np.float32)


class FactorizationMachine:
    """What suits such a customer at such a moment, after what they did."""

    name: ClassVar[str] = "factorization_machine"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True

    def __init__(self, config: FactorizationMachineConfig | None = None) -> None:
        self.config = config or FactorizationMachineConfig()
        none, zeros = np.empty((0, 0), np.int32), np.empty(0, np.float32)
        self._asked = _Asked(none, 0, zeros, np.empty(0, np.int64), self.config.recency)
        self._machine: Floats = np.empty((0, self.config.dim), np.float32)
        self._vectors: Floats = self._machine
        self._bias: Floats = zeros

    @property
    def retrieves(self) -> bool:
        """Whether ranking everything is quick enough for a live request."""
        return self._vectors.size <= LIVE

    def fit(self, dataset: Dataset) -> Self:
        """Learn from moments of all known people."""
        self.learn(dataset)
        return self

    def learn(self, dataset: Dataset, watch: Callable[[Self], float] | None = None) -> int:
        """Fit; ``watch`` measures the model after each pass, and the best pass stays; returns how many."""
        content, config = Content.of(dataset.items), self.config
        values = np.array([len(values) for values in dataset.attributes.values], np.int64)
        asked = _Asked(content.kinds, content.n_kinds, dataset.weights, values, config.recency)
        right = _things(asked, dataset.popularity > 0)
        cuts, chosen = _examples(dataset, config)
        best, passes, passed = -np.inf, 0, 0

        def look(machine: Machine) -> bool:
            nonlocal best, passes, passed
            passed += 1
            value = watch(self._take(asked, machine, right)) if watch else float(passed)
            if value > best:
                best, passes = value, passed
                kept.append(Machine(0.0, machine.weights.copy(), machine.vectors.copy()))
                del kept[:-1]
            return passed - passes < _PATIENCE

        kept: list[Machine] = []
        start = learn_matching(
            lambda rows: asked.rows(_requests(dataset, cuts.take(rows))),
            chosen,
            right,
            asked.n_features,
            config.descending,
            look,
        )
        self._take(asked, kept[0] if kept else start, right)
        return passes

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank every item; see `Recommender.recommend`."""
        people, known = self._people(requests), requests.histories.known

        def scores(row: int) -> Floats:
            out = self._exp(people[row], slice(None))
            out[known[row]] *= np.float32(self.config.seen)
            return out

        return rank(scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        out = np.zeros(len(candidates.items), np.float32)
        for row, person in enumerate(self._people(requests)):
            low, high = candidates.offsets[row], candidates.offsets[row + 1]
            out[low:high] = self._exp(person, candidates.items[low:high])
        if self.config.seen != 1.0:
            out[contains(requests.histories.known, candidates)] *= np.float32(self.config.seen)
        return out

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Events of the history that added most to each item's score, at most three."""
        _, heard, shares = self._asked.heard(request)
        own = self._machine[heard]
        for codes in self._asked.kinds[heard].T:
            own = own + np.where(codes > 0, 1, 0)[:, None] * self._machine[len(self._vectors) + codes]
        carried = shares[:, None] * (own @ self._vectors[items].T)
        return tuple(Evidence(self.name, reasons(heard, carried[:, i])) for i in range(len(items)))

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        asked = self._asked
        write_state(
            folder,
            {**asdict(self.config), "n_kinds": asked.n_kinds},
            kinds=asked.kinds,
            speaks=asked.speaks,
            values=asked.values,
            machine=self._machine,
            vectors=self._vectors,
            bias=self._bias,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, found = read_state(folder)
        n_kinds = settings.pop("n_kinds")
        model = cls(FactorizationMachineConfig(**settings))
        model._asked = _Asked(found["kinds"], n_kinds, found["speaks"], found["values"], model.config.recency)
        model._machine, model._vectors, model._bias = found["machine"], found["vectors"], found["bias"]
        return model

    def _take(self, asked: _Asked, machine: Machine, right: sparse.csr_array) -> Self:
        """Answer with this machine from now on."""
        n = asked.n_features
        self._asked, self._machine = asked, machine.vectors[:n].copy()
        self._vectors, self._bias = right @ machine.vectors[n:], right @ machine.weights[n:]
        return self

    def _people(self, requests: Requests) -> list[Floats]:
        """Vector of each question; empty where nothing was learned.

        One request at a time: a product of matrices adds in another order for another number of rows.
        """
        rows = self._asked.rows(requests)
        return [
            rows.data[low:high] @ self._machine[rows.indices[low:high]]
            for low, high in pairwise(rows.indptr.tolist())
        ]

    def _exp(self, person: Floats, items: Ints | slice) -> Floats:
        scores = self._vectors[items] @ person + self._bias[items]
        return np.asarray(np.exp(np.minimum(scores, _LARGEST)), np.float32)


def _things(asked: _Asked, taken: Bools) -> sparse.csr_array:
    """Features of each item: itself if anybody took it, and its kinds."""
    n = len(asked.kinds)
    codes = np.hstack([np.arange(n)[:, None], n + asked.kinds])
    known = np.hstack([taken[:, None], asked.kinds > 0])
    row, place = np.nonzero(known)
    ones = np.ones(len(row), np.float32)
    return sparse.csr_array((ones, (row, codes[row, place])), shape=(n, n + asked.n_kinds))


def _examples(dataset: Dataset, config: FactorizationMachineConfig) -> tuple[Cuts, Ints]:
    """Moments of known people, and what each chose: one of the events from then on."""
    rng = np.random.default_rng(config.seed)
    cuts = Cuts.of(dataset, HEARD, config.ahead, _MOMENTS, first=True)
    if len(cuts) > config.examples:
        cuts = cuts.take(np.sort(rng.choice(len(cuts), config.examples, replace=False)))
    ahead = (rng.random(len(cuts)) * (cuts.ends - cuts.cuts)).astype(np.int64)
    return cuts, dataset.item[cuts.cuts + ahead]


def _requests(dataset: Dataset, cuts: Cuts) -> Requests:
    """The questions of these moments."""
    people = dataset.person[cuts.cuts].astype(np.int64)
    histories = slice_histories(dataset, cuts.starts, cuts.cuts)
    return Requests(histories, dataset.time[cuts.cuts], attributes=dataset.attributes_of(people))


def _moments(as_of: Longs) -> Longs:
    """Hour, weekday and month (UTC), shape ``(n, 3)``."""
    month = as_of.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    places = as_of // 3_600_000, as_of // DAY_MS, month
    return np.stack([place % size for place, size in zip(places, _CYCLES, strict=True)], axis=1)
