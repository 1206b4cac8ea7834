"""What a learned sequence model answers with: vectors of items, the network, and the sums between them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Floats, Ints, Longs, Ragged, Requests
from shopkeeper.learners.sequence.batches import again_code
from shopkeeper.learners.sequence.encoder import Encoder
from shopkeeper.learners.sequence.inputs import GapCodes, Heard, hear

TIES: Final = 8
"""Items beyond ``k`` that are scored again exactly, since a product of matrices rounds in its own way."""
_FAINTEST: Final = -80.0
"""Exponent below which a score would be no number of 32 bits."""


@dataclass(frozen=True)
class Answers:
    """What a fitted model answers with.

    Attributes
    ----------
    places
        Shape ``(n_items,)``: row of each item in ``items``, -1 for one the model does not know.
    ids
        Ids of the rows, UTF-8.
    items
        Unit vectors, ``(n, dim)``.
    network
        Weights of the network, by name.
    again
        What is added for an item of the history, by `again_code`.
    temperature
        See `loss`.
    gaps
        Codes of time.
    encoder
        The network as it answers.
    """

    places: Ints
    ids: NDArray[np.bytes_]
    items: Floats
    network: dict[str, NDArray[np.float32]]
    again: Floats
    temperature: float
    gaps: GapCodes
    encoder: Encoder

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which items the model knows."""
        return np.asarray(self.places >= 0)

    @cached_property
    def codes(self) -> Ints:
        """Item code of each row."""
        return np.flatnonzero(self.known).astype(np.int32)

    def heard(self, requests: Requests, length: int) -> tuple[Heard, Floats]:
        """The latest ``length`` known events of each history, items by row, and its vector."""
        heard = hear(requests.histories, requests.as_of, self.known, self.gaps, length)
        if heard.items.size:
            rows = np.where(heard.filled, self.places[heard.items], 0).astype(np.int32)
            heard = Heard(rows, heard.kinds, heard.gaps, heard.lengths)
        return heard, self.encoder(self.items, heard)

    def shortlists(self, requests: Requests, heard: Heard, vectors: Floats, n: int) -> list[Ints]:
        """The ``n`` eligible items of each request with the highest logits, by rising code."""
        likeness = vectors @ self.items.T
        request, row, again = self._own(heard)
        likeness[request, row] += again * np.float32(self.temperature)
        codes = self.codes
        if requests.allowed is not None:
            likeness[:, ~requests.allowed[codes]] = -np.inf
        if requests.exclude is not None:
            known = self.known[requests.exclude.items]
            excluded = self.places[requests.exclude.items[known]]
            likeness[requests.exclude.rows[known], excluded] = -np.inf
        found = []
        for line, length in zip(likeness, heard.lengths.tolist(), strict=True):
            if not length:
                found.append(codes[:0])
                continue
            bound = np.partition(line, len(line) - n)[len(line) - n] if n < len(line) else -np.inf
            found.append(codes[(line >= bound) & (line > -np.inf)])
        return found

    def scores(self, heard: Heard, vectors: Floats, candidates: Ragged) -> Floats:
        """exp((cos - 1) / temperature + again) of each candidate, the same to the last bit in any batch."""
        out = np.zeros(len(candidates.items), np.float32)
        if not len(candidates.items) or not len(self.places):
            return out
        owner, rows = candidates.rows, self.places[candidates.items]
        told = np.flatnonzero((rows >= 0) & (heard.lengths[owner] > 0))
        owner, rows = owner[told], rows[told].astype(np.int64)
        logit = (np.einsum("nd,nd->n", self.items[rows], vectors[owner]) - 1.0) / np.float32(self.temperature)
        request, row, again = self._own(heard)
        keys, wanted = request << 32 | row, owner << 32 | rows
        order = np.argsort(keys, kind="stable")
        if len(keys):
            place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
            logit += np.where(keys[order][place] == wanted, again[order][place], np.float32(0.0))
        out[told] = np.exp(np.maximum(logit, _FAINTEST))
        return out

    def nearest(self, heard: Heard, item: int) -> tuple[int, ...]:
        """At most three items of one history, by falling cosine to an item."""
        row, own = int(self.places[item]), np.unique(heard.items[heard.filled])
        if row < 0 or not len(own):
            return ()
        likeness = self.items[own] @ self.items[row]
        return tuple(int(self.codes[own[place]]) for place in np.argsort(-likeness, kind="stable")[:3])

    def _own(self, heard: Heard) -> tuple[Longs, Longs, Floats]:
        """Request, item row and ``again`` of each distinct item of the histories."""
        latest = heard.filled & (heard.latest() > heard.items.shape[1])
        request, place = np.nonzero(latest)
        since = again_code(heard.lengths[request] - 1 - place)
        return request, heard.items[request, place].astype(np.int64), self.again[since]
