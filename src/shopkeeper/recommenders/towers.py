"""Two towers: a customer's vector from what they did, looked at and told, an item's from what it is.

The formula is in `learners.towers`:

    score_ui = exp((e^t cos(q_u, v_i) + matching(q_u, v_i)) / 2), times ``seen`` for an item the person knows

The square root of a probability: the order is the same, and a blend, which adds scores relative to the best,
hears more than the first few.

An item nobody took yet has a vector from its kinds, price and text, and a customer nobody knows one from
their attributes, so both are answered. Candidates are ranked by the cosine, the strongest `RERANKED` by the
score. Learning needs torch. Ranking everything needs one product with all items, so in a large catalogue the
towers only score what others bring (`base.retrieves`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Self

import numpy as np

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Evidence, Floats, Ints, Longs, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.features.behaviour import HEARD, Behaviour, behaviour
from shopkeeper.features.content import Content
from shopkeeper.learners.descent import Descent
from shopkeeper.learners.towers import (
    Arrays,
    Reader,
    TowersTraining,
    customer_vector,
    item_vectors,
    learn_towers,
    matching,
)
from shopkeeper.recommenders.dense import LIVE, best
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import contains, top_k

RERANKED: Final = 300
"""Strongest candidates by the cosine that the second term puts in order."""
_SOFTNESS = np.float32(2.0)
_LARGEST = 60.0
"""Exponent up to which the exponential is taken: the next powers of e are no numbers of 32 bits any more."""
_MOST_GROUPS: Final = 128
_SERVED: Final = (
    *("pools", "person_in", "person_bias", "person_out", "person_own"),
    *("sharpness", "match_in", "match_bias", "match_out"),
)
"""Parameters that answering needs; those of the item tower have done their work in the vectors."""


@dataclass(frozen=True, slots=True)
class TowersConfig:
    """How the towers are learned and asked.

    Attributes
    ----------
    dim, hidden, matching
        Of the vectors, of the hidden layers of both towers, and of that of the second term of the score.
    ahead
        Events from a moment on of which one is drawn as the item that was taken.
    drawn, compared
        Items drawn as others for a step, and how many of the others the second term learns from.
    left_out
        Share of the items of a step that are learned from content alone.
    batch, examples, epochs, rate
        Moments a step, most moments a pass, passes, step of Adam.
    seconds
        Most time learning may take.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    seed
        Of everything drawn.
    """

    dim: int = 64
    hidden: int = 128
    matching: int = 32
    ahead: int = 10
    drawn: int = 1024
    compared: int = 64
    left_out: float = 0.3
    batch: int = 256
    examples: int = 50_000
    epochs: int = 8
    rate: float = 3e-3
    seconds: float = 120.0
    seen: float = 1.0
    seed: int = 0

    def training(self, patience: int = 3) -> TowersTraining:
        """What the learner is told."""
        return TowersTraining(
            self.dim,
            self.hidden,
            self.matching,
            self.ahead,
            self.drawn,
            self.compared,
            self.left_out,
            self.batch,
            self.examples,
            Descent(self.epochs, self.seconds, self.rate, patience),
            self.seed,
        )


@dataclass(frozen=True, slots=True)
class _Served:
    """What is kept for answering.

    Attributes
    ----------
    vectors
        Shape ``(n_items, dim)``, of length 1.
    price, group
        Level of the price, and group (category) of each item, -1 for none.
    values
        Number of values of each attribute of customers.
    speaks
        Weight of each kind of event.
    model
        The customer tower and the second term of the score.
    """

    vectors: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))
    price: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    group: Ints = field(default_factory=lambda: np.empty(0, np.int32))
    values: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    speaks: Floats = field(default_factory=lambda: np.empty(0, np.float32))
    model: Arrays = field(default_factory=dict)

    @property
    def reader(self) -> Reader:
        groups = int(self.group.max(initial=-1)) + 1
        return Reader(
            lambda requests: behaviour(requests, self.price, self.group, groups, self.speaks),
            lambda requests: _told(requests, self.values),
        )


class Towers:
    """What fits what a person does, looks at and told, even if it or they are new."""

    name: ClassVar[str] = "towers"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True

    def __init__(self, config: TowersConfig | None = None, texts: Floats | None = None) -> None:
        """Take settings and, in place of hashed words, vectors of the texts of a catalogue in its order.

        The vectors serve learning alone and are not saved.
        """
        self.config = config or TowersConfig()
        self.texts = texts
        self._served = _Served()

    @property
    def retrieves(self) -> bool:
        """Whether ranking everything is quick enough for a live request."""
        return self._served.vectors.size <= LIVE

    def fit(self, dataset: Dataset) -> Self:
        """Learn from moments of all known people; needs torch.

        Raises
        ------
        MissingDependency
            torch is not installed.
        InvalidRequest
            The vectors of texts are of another catalogue.
        """
        self.learn(dataset)
        return self

    def learn(self, dataset: Dataset, watch: Callable[["Towers"], float] | None = None) -> int:
        """Fit; ``watch`` measures the model after each pass, and the best pass stays; returns how many."""
        if self.texts is not None and len(self.texts) != dataset.n_items:
            raise InvalidRequest(
                f"texts has {len(self.texts)} rows; the catalogue has {dataset.n_items} items."
            )
        content = Content.of(dataset.items)
        self._served = start = _Served(
            price=content.price,
            group=_groups(content),
            values=np.array([len(values) for values in dataset.attributes.values], np.int64),
            speaks=dataset.weights,
        )

        def take(found: Arrays) -> Towers:
            vectors = item_vectors(found, content, self.texts)
            model = {name: found[name] for name in _SERVED}
            self._served = _Served(vectors, start.price, start.group, start.values, start.speaks, model)
            return self

        found, passes = learn_towers(
            dataset,
            content,
            self.texts,
            start.reader,
            self.config.training(),
            (lambda found: watch(take(found))) if watch else None,
        )
        self._served = start
        if passes:
            take(found)
        return passes

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank every item by the cosine, and the strongest by both terms; see `Recommender.recommend`."""
        vectors, people = self._served.vectors, self._people(requests)
        # Two more than any cosine lacks, so that all are above 0.
        found = [
            best(vectors @ person + np.float32(2.0), requests, row, max(k, RERANKED))
            for row, person in enumerate(people)
        ]
        candidates = Ragged.of([items for items, _ in found]) if people else Ragged.empty(len(requests))
        return top_k(candidates, self._scores(people, requests, candidates), requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return self._scores(self._people(requests), requests, candidates)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Recent events whose items are most like the answered one, at most three."""
        heard = np.unique(request.histories.items[-HEARD:])
        if not len(heard) or not self._served.model:
            return tuple(Evidence(self.name) for _ in items)
        vectors = self._served.vectors
        like = vectors[heard] @ vectors[items].T
        order = np.argsort(-like, axis=0, kind="stable")[:3]
        return tuple(
            Evidence(self.name, tuple(int(heard[one]) for one in order[:, i] if like[one, i] > 0))
            for i in range(len(items))
        )

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        kept = self._served
        write_state(
            folder,
            asdict(self.config),
            vectors=kept.vectors,
            price_level=kept.price,
            group=kept.group,
            values=kept.values,
            speaks=kept.speaks,
            **kept.model,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, found = read_state(folder)
        model = cls(TowersConfig(**settings))
        names = ("vectors", "price_level", "group", "values", "speaks")
        vectors, price, group, values, speaks = (found.pop(name) for name in names)
        model._served = _Served(vectors, price, group, values, speaks, found)
        return model

    def _people(self, requests: Requests) -> list[Floats]:
        """Vector of each customer; empty where nothing was learned.

        One request at a time: a product of matrices adds in another order for another number of rows.
        """
        kept = self._served
        if not kept.model:
            return []
        seen = kept.reader.behaviour(requests)
        plain = kept.reader.plain(requests, seen)
        return [self._person(seen, plain[row], row) for row in range(len(requests))]

    def _person(self, seen: Behaviour, plain: Floats, row: int) -> Floats:
        low, high = seen.offsets[row], seen.offsets[row + 1]
        pools = seen.weights[:, low:high] @ self._served.vectors[seen.items[low:high]]
        return customer_vector(self._served.model, pools, plain)

    def _scores(self, people: list[Floats], requests: Requests, candidates: Ragged) -> Floats:
        out = np.zeros(len(candidates.items), np.float32)
        model = self._served.model
        for row, person in enumerate(people):
            low, high = candidates.offsets[row], candidates.offsets[row + 1]
            vectors = self._served.vectors[candidates.items[low:high]]
            both = np.exp(model["sharpness"]) * (vectors @ person) + matching(model, person, vectors)
            out[low:high] = np.exp(np.minimum(both / _SOFTNESS, _LARGEST))
        if self.config.seen != 1.0:
            out[contains(requests.histories.known, candidates)] *= np.float32(self.config.seen)
        return out


def _groups(content: Content) -> Ints:
    """The first kind that has few values, as groups of items; -1 where it is not known."""
    for codes in content.kinds.T:
        known = codes > 0
        values = np.unique(codes[known])
        if 1 < len(values) <= _MOST_GROUPS:
            return np.where(known, np.searchsorted(values, codes), -1).astype(np.int32)
    return np.full(len(content), -1, np.int32)


def _told(requests: Requests, values: Longs) -> Floats:
    """Attributes of people as 0 and 1, shape ``(n, sum of values)``."""
    starts = np.cumsum(values) - values
    out = np.zeros((len(requests), int(values.sum())), np.float32)
    if requests.attributes is not None and len(values):
        row, field_ = np.nonzero(requests.attributes >= 0)
        out[row, starts[field_] + requests.attributes[row, field_]] = 1.0
    return out
