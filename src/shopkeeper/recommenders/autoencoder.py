"""A variational autoencoder over the history: everything a person did lately, squeezed and unfolded.

The formula is in `learners.autoencoder`; asked, it takes the mean of ``z``:

    score_j = exp(logit_j / 4), times ``seen`` for an item the person knows

The fourth root of a probability: the order is the same, and a blend, which adds scores relative to the best,
hears more than the first few (on validation cases of Beauty it gained 4% so, and nothing without).

Learning needs torch. Answering needs sums of a few rows and three small products; ranking everything needs
one product with all items, so in a large catalogue it only scores what others bring (`base.retrieves`).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Evidence, Floats, Ints, Longs, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.autoencoder import Arrays, AutoencoderTraining, learn_autoencoder
from shopkeeper.learners.cuts import fading, unit
from shopkeeper.learners.descent import Descent
from shopkeeper.recommenders.dense import LIVE, rank
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import contains

_SOFTNESS = np.float32(4.0)
_LARGEST = 60.0
"""Exponent up to which the exponential is taken: the next powers of e are no numbers of 32 bits any more."""


@dataclass(frozen=True, slots=True)
class AutoencoderConfig:
    """How the autoencoder is learned and asked.

    Attributes
    ----------
    width, latent
        Of the hidden layers and of ``z``.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    reach, ahead
        Most events before a moment that go in, and from it on that must come out.
    dropout
        Share of the events that go in which are left out while learning.
    beta
        Weight of the KL term.
    sampled
        Items drawn for the softmax of a step.
    most
        Items in the model, the most popular; others have no score. Bounds memory: about 4 kB an item while
        learning, 1 kB after.
    batch, examples, epochs, rate
        Moments a step, most moments a pass, passes, step of Adam.
    seconds
        Most time learning may take.
    seen
        Factor on the score of items already in the history: 0 where people never come back to an item.
    seed
        Of everything drawn.
    """

    width: int = 128
    latent: int = 64
    recency: float = 0.8
    reach: int = 100
    ahead: int = 3
    dropout: float = 0.3
    beta: float = 0.02
    sampled: int = 2048
    most: int = 50_000
    batch: int = 256
    examples: int = 50_000
    epochs: int = 30
    rate: float = 5e-3
    seconds: float = 120.0
    seen: float = 1.0
    seed: int = 0

    def training(self, patience: int = 3) -> AutoencoderTraining:
        """What the learner is told."""
        return AutoencoderTraining(
            self.width,
            self.latent,
            self.recency,
            self.reach,
            self.ahead,
            self.dropout,
            self.beta,
            self.sampled,
            self.batch,
            self.examples,
            Descent(self.epochs, self.seconds, self.rate, patience),
            self.seed,
        )


class Autoencoder:
    """What goes with everything a person did lately."""

    name: ClassVar[str] = "autoencoder"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False

    def __init__(self, config: AutoencoderConfig | None = None) -> None:
        self.config = config or AutoencoderConfig()
        self._take(np.empty(0, np.int32), np.ones(0, np.float32), {})

    @property
    def retrieves(self) -> bool:
        """Whether ranking everything is quick enough for a live request."""
        return len(self.items_) * self.config.width <= LIVE

    def fit(self, dataset: Dataset) -> Self:
        """Learn from moments of all known people; needs torch.

        Raises
        ------
        MissingDependency
            torch is not installed.
        """
        self.learn(dataset)
        return self

    def learn(self, dataset: Dataset, watch: Callable[[Self], float] | None = None) -> int:
        """Fit; ``watch`` measures the model after each pass, and the best pass stays; returns how many."""
        places = _places(dataset, self.config.most)

        def measure(found: Arrays) -> float:
            return watch(self._take(places, dataset.weights, found)) if watch else 0.0

        found, passes = learn_autoencoder(
            dataset, places, self.config.training(), measure if watch else None, told=dataset.items.vectors
        )
        self._take(places if passes else np.full_like(places, -1), dataset.weights, found)
        return passes

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank every item the model knows; see `Recommender.recommend`."""
        states, active = self._states(requests)
        known, n_items = requests.histories.known, len(self.places_)

        def scores(row: int) -> Floats:
            out = np.zeros(n_items, np.float32)
            if active[row]:
                out[self.items_] = self._exp(states[row], slice(None))
                out[known[row]] *= np.float32(self.config.seen)
            return out

        return rank(scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        states, active = self._states(requests)
        out = np.zeros(len(candidates.items), np.float32)
        for row in np.flatnonzero(active & (candidates.lengths > 0)).tolist():
            low, high = candidates.offsets[row], candidates.offsets[row + 1]
            places = self.places_[candidates.items[low:high]]
            out[low:high] = np.where(places >= 0, self._exp(states[row], places), np.float32(0.0))
        if self.config.seen != 1.0:
            out[contains(requests.histories.known, candidates)] *= np.float32(self.config.seen)
        return out

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Events without which an item's logit were lower, at most three, the one missed most first."""
        places = self.places_[items] if len(items) else np.empty(0, np.int32)
        rows, _, weights = self._heard(request)
        if not len(rows) or not (places >= 0).any():
            return tuple(Evidence(self.name) for _ in items)
        each = weights[:, None] * self._model["items_in"][rows]
        summed = each.sum(axis=0)
        with_all, without = self._unfold(summed), np.stack([self._unfold(summed - one) for one in each])
        missed = (with_all - without) @ self._model["items_out"][places].T
        sources = self.items_[rows]
        return tuple(
            Evidence(self.name, _strongest(sources, missed[:, i]) if place >= 0 else ())
            for i, place in enumerate(places)
        )

    def save(self, folder: Path) -> None:
        """Write settings and arrays; see `Recommender.save`."""
        write_state(folder, asdict(self.config), places=self.places_, weights=self.weights_, **self._model)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, found = read_state(folder)
        model = cls(AutoencoderConfig(**settings))
        return model._take(found.pop("places"), found.pop("weights"), found)

    def _take(self, places: Ints, weights: Floats, found: dict[str, NDArray[np.float32]]) -> Self:
        """Answer with these parameters from now on."""
        self.places_, self.weights_, self._model = places, weights, found
        self.items_ = np.flatnonzero(places >= 0).astype(np.int32)
        return self

    def _heard(self, requests: Requests) -> tuple[Ints, Longs, Floats]:
        """Rows of ``items_in`` of recent events, their offsets by request, and the weight of each."""
        history, reach = requests.histories, self.config.reach
        place = self.places_[history.items] if len(self.places_) else np.full(len(history.items), -1)
        known = np.flatnonzero(place >= 0)
        offsets = np.searchsorted(known, history.offsets)
        back = np.repeat(offsets[1:], np.diff(offsets)) - 1 - np.arange(len(known))
        known = known[back < reach]
        offsets = np.searchsorted(known, history.offsets)
        weights = fading(offsets, self.weights_[history.kinds[known]], self.config.recency)
        return place[known].astype(np.int32), offsets, unit(weights, offsets)

    def _states(self, requests: Requests) -> tuple[list[Floats], NDArray[np.bool_]]:
        """What is multiplied with the items of each request, and whether its history says anything.

        One request at a time: a product of matrices adds in another order for another number of rows.
        """
        rows, offsets, weights = self._heard(requests)
        active = np.diff(offsets) > 0
        nothing = np.zeros(self.config.width, np.float32)
        bounds = zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        states = [
            self._unfold(weights[low:high] @ self._model["items_in"][rows[low:high]])
            if high > low
            else nothing
            for low, high in bounds
        ]
        return states, active

    def _unfold(self, summed: Floats) -> Floats:
        """From the sum of the rows that go in to what is multiplied with the items."""
        model = self._model
        latent = np.tanh(summed + model["hidden_bias"]) @ model["mean"] + model["mean_bias"]
        return np.asarray(np.tanh(latent @ model["grown"] + model["grown_bias"]), np.float32)

    def _exp(self, state: Floats, places: Ints | slice) -> Floats:
        model = self._model
        logits = model["items_out"][places] @ state + model["items_bias"][places]
        return np.asarray(np.exp(np.minimum(logits / _SOFTNESS, _LARGEST)), np.float32)


def _places(dataset: Dataset, most: int) -> Ints:
    """Rows in the model of the most popular items, by rising code; -1 for the others."""
    popularity = dataset.popularity
    order = np.argsort(-popularity, kind="stable")[:most]
    kept = np.sort(order[popularity[order] > 0])
    places = np.full(dataset.n_items, -1, np.int32)
    places[kept] = np.arange(len(kept))
    return places


def _strongest(sources: Ints, carried: NDArray[np.floating]) -> tuple[int, ...]:
    order = np.argsort(-carried, kind="stable")
    found = dict.fromkeys(int(sources[i]) for i in order if carried[i] > 0)
    return tuple(found)[:3]
