"""What comes next after a whole history, as a network hears it: a transformer, and recurrent units beside it.

    score_j = exp((cos(state, e_j) - 1) / temperature + again_j)

``state`` is what the network makes of the latest events, ``e_j`` the vector of an item; ``again_j`` is
learned by how long ago the item was seen, 0 for an item that is new to the person. Learning needs torch
(`learners.sequence`). Answering needs ONNX Runtime for the history and one product with the vectors of the
items; in a large catalogue a live request has no time for all of them, and the model only scores what others
bring (`base.retrieves`).
"""

import zlib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Evidence, Floats, Ints, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.encoders.graph import onnx_or_fail, quantised
from shopkeeper.learners.descent import torch_or_fail
from shopkeeper.learners.sequence.answers import TIES, Answers
from shopkeeper.learners.sequence.batches import Feed
from shopkeeper.learners.sequence.config import SequenceConfig, dropout_for
from shopkeeper.learners.sequence.encoder import Encoder
from shopkeeper.learners.sequence.graph import encoder_graph
from shopkeeper.learners.sequence.inputs import GapCodes, Heard, price_bands
from shopkeeper.learners.sequence.start import amid_alike, reading, start_vectors
from shopkeeper.recommenders.dense import LIVE
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.select import top_k

_BLOCK: Final = 4_000_000
"""Scores looked at together while ranking a batch."""
_NETWORK: Final = "network."
_ENCODER: Final = "encoder.onnx"


class Transformer:
    """What comes next, by attention over the latest events.

    Attributes
    ----------
    reading_
        What it learned to read from what is told of items, see `learners.sequence.start`; None without that.
    """

    name: ClassVar[str] = "transformer"
    cell: ClassVar[str] = "transformer"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False

    def __init__(self, config: SequenceConfig | None = None) -> None:
        self.config = config or SequenceConfig()
        self._answers: Answers | None = None
        self.reading_: Floats | None = None

    @property
    def retrieves(self) -> bool:
        """Whether ranking everything is quick enough for a live request."""
        return self._answers is None or self._answers.items.size <= LIVE

    def fit(
        self,
        dataset: Dataset,
        *,
        warm: Self | None = None,
        vectors: Floats | None = None,
        folder: Path | None = None,
    ) -> Self:
        """Learn from the histories of all known people, ``config.epochs`` passes; needs torch.

        Parameters
        ----------
        dataset
            What people did.
        warm
            A fitted model to begin with, of this shop or of another: its network, vectors of items known by
            id, and where ``config.reads`` what it learned to read of the others.
        vectors
            Shape ``(n_items, width)``: what is known of items from elsewhere, say an encoder of text. Items
            nobody touched are then answered too.
        folder
            Keeps a checkpoint after each pass. A training that was killed goes on from there and ends as one
            that was not; another training takes no notice of it.

        Raises
        ------
        MissingDependency
            torch or onnx is not installed.
        """
        self.learn(dataset, warm=warm, vectors=vectors, folder=folder)
        return self

    def learn(
        self,
        dataset: Dataset,
        watch: Callable[[Self], float] | None = None,
        *,
        warm: Self | None = None,
        vectors: Floats | None = None,
        folder: Path | None = None,
    ) -> int:
        """Fit; ``watch`` measures the model after each pass and the best stays; returns how many passes."""
        torch_or_fail()
        onnx_or_fail("deep")
        from shopkeeper.learners.sequence import loss, passes, training

        config, size = self.config, self.config.measures
        codes = _learnable(dataset, vectors)
        known = dataset.where(dataset.person >= 0).over(_part(dataset.items, codes))
        places = np.full(dataset.n_items, -1, np.int32)
        places[codes] = np.arange(len(codes))
        ids = np.array([id_.encode() for id_ in known.items.ids], np.bytes_)
        gaps = GapCodes.learn(known)
        feed = Feed(
            known,
            size.length,
            gaps,
            batch=config.batch,
            negatives=config.negatives,
            tokens=config.tokens,
            seed=config.seed,
        )
        start = start_vectors(known, size.dim, config.seed)
        told = dataset.items.vectors if config.reads else None
        own = None if told is None else told[codes]
        if own is not None:
            read = reading(own, start, known.popularity)
            if warm is not None and warm.reading_ is not None and warm.reading_.shape == read.shape:
                read = warm.reading_
            start = amid_alike(start, own, read, known.popularity)
        network = {} if warm is None else warm._take_over(ids, start)
        trainer = training.Trainer(
            feed,
            start,
            loss.Facts(price_bands(known), None if vectors is None else vectors[codes]),
            size=size,
            cell=self.cell,
            gate=config.gate,
            dropout=dropout_for(known) if config.dropout is None else config.dropout,
            rate=config.rate,
            seed=config.seed,
        )
        trainer.warm(network)

        def take(learned: training.Learned) -> None:
            graph = encoder_graph(learned.weights, size, self.cell, config.gate)
            graph = quantised(graph) if config.int8 else graph
            self._answers = Answers(
                places,
                ids,
                learned.items,
                learned.weights,
                learned.again,
                learned.temperature,
                gaps,
                Encoder(graph, size.dim),
            )

        def value(learned: training.Learned) -> float:
            take(learned)
            return watch(self) if watch else 0.0

        until = passes.Until(config.epochs, config.seconds)
        if watch is not None:
            learned, n = passes.learn_watched(trainer, until, value)
        else:
            fingerprint = _fingerprint(self.cell, config, known)
            learned, n = passes.learn(trainer, until, folder, fingerprint)
        take(learned)
        self.reading_ = None if own is None else reading(own, learned.items, known.popularity)
        return n

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank every item the model knows; see `Recommender.recommend`."""
        candidates, scores = Ragged.empty(len(requests)), np.empty(0, np.float32)
        if self._answers is not None and len(self._answers.items):
            heard, vectors = self._heard(self._answers, requests)
            step = max(1, _BLOCK // len(self._answers.items))
            lists: list[Ints] = []
            for start in range(0, len(requests), step):
                rows = np.arange(start, min(start + step, len(requests)))
                part, asked = heard.take(rows), requests.take(rows)
                lists += self._answers.shortlists(asked, part, vectors[rows], k + TIES)
            candidates = Ragged.of(lists)
            scores = self._answers.scores(heard, vectors, candidates)
        return top_k(candidates, scores, requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        if self._answers is None:
            return np.zeros(len(candidates.items), np.float32)
        return self._answers.scores(*self._heard(self._answers, requests), candidates)

    def represent(self, requests: Requests) -> Floats:
        """Unit vector of each history; see `Represents`."""
        if self._answers is None:
            return np.zeros((len(requests), self.config.measures.dim), np.float32)
        return self._heard(self._answers, requests)[1]

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Events of the history whose items are nearest to each item, at most three."""
        if self._answers is None:
            return tuple(Evidence(self.name) for _ in items)
        heard, _ = self._heard(self._answers, request)
        return tuple(Evidence(self.name, self._answers.nearest(heard, int(item))) for item in items)

    def in_whole_numbers(self) -> Self:
        """The same model with its network in whole numbers of 8 bits; see `SequenceConfig.int8`."""
        found = type(self)(replace(self.config, int8=True))
        if self._answers is not None:
            encoder = Encoder(quantised(self._answers.encoder.model), self._answers.encoder.dim)
            found._answers = replace(self._answers, encoder=encoder)
            found.reading_ = self.reading_
        return found

    @property
    def n_weights(self) -> int:
        """Numbers in the network, those of the items not among them."""
        return 0 if self._answers is None else sum(value.size for value in self._answers.network.values())

    def save(self, folder: Path) -> None:
        """Write settings, arrays and the network as ONNX; see `Recommender.save`."""
        settings: dict[str, Any] = {"config": asdict(self.config)}
        if self._answers is None:
            write_state(folder, settings)
            return
        answers = self._answers
        settings |= {"temperature": answers.temperature, "gaps": asdict(answers.gaps)}
        network = {f"{_NETWORK}{name}": value for name, value in answers.network.items()}
        read = {} if self.reading_ is None else {"reading": self.reading_}
        write_state(
            folder,
            settings,
            places=answers.places,
            ids=answers.ids,
            items=answers.items,
            again=answers.again,
            **read,
            **network,
        )
        (folder / _ENCODER).write_bytes(answers.encoder.model)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(SequenceConfig(**settings["config"]))
        model.reading_ = arrays.get("reading")
        if "temperature" in settings:
            model._answers = Answers(
                arrays["places"],
                arrays["ids"],
                arrays["items"],
                {
                    name.removeprefix(_NETWORK): value
                    for name, value in arrays.items()
                    if name.startswith(_NETWORK)
                },
                arrays["again"],
                settings["temperature"],
                GapCodes(**settings["gaps"]),
                Encoder((folder / _ENCODER).read_bytes(), model.config.measures.dim),
            )
        return model

    def _heard(self, answers: Answers, requests: Requests) -> tuple[Heard, Floats]:
        return answers.heard(requests, self.config.measures.length)

    def _take_over(self, ids: NDArray[np.bytes_], start: Floats) -> dict[str, NDArray[np.float32]]:
        """Put known vectors into ``start``; the weights of the network, if the vectors fit."""
        answers = self._answers
        if answers is None or answers.items.shape[1] != start.shape[1]:
            return {}
        _, own, theirs = np.intersect1d(ids, answers.ids, assume_unique=True, return_indices=True)
        start[own] = answers.items[theirs]
        return answers.network


class GruSequence(Transformer):
    """What comes next, by recurrent units over the latest events: a baseline for the transformer."""

    name: ClassVar[str] = "gru"
    cell: ClassVar[str] = "gru"


def _learnable(dataset: Dataset, vectors: Floats | None) -> Ints:
    """Codes of the items a model can know: touched by somebody known, or with a given vector."""
    touched = np.zeros(dataset.n_items, bool)
    touched[dataset.item[dataset.person >= 0]] = True
    if vectors is not None:
        touched |= np.abs(vectors).max(axis=1, initial=0.0) > 0
    return np.flatnonzero(touched).astype(np.int32)


def _part(items: ItemIndex, codes: Ints) -> ItemIndex:
    return ItemIndex(tuple(items.ids[code] for code in codes.tolist()), items.table[codes.tolist()])


def _fingerprint(cell: str, config: SequenceConfig, dataset: Dataset) -> str:
    """Tells one training from another: its settings and its data."""
    events = [
        zlib.crc32(part.tobytes()) for part in (dataset.person, dataset.item, dataset.kind, dataset.time)
    ]
    return f"{cell} {config} {dataset.n_items} {events}"
