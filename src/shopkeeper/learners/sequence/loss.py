"""The loss: a sampled softmax over cosines, in which the items of a window stand for themselves.

    loss = - log exp(l_y) / sum of exp(l_j) over the answer y, the drawn items and the items of the window
    l_j  = cos(state, e_j) / temperature + log(items / drawn)       for an item new to the window
    l_j  = cos(state, e_j) / temperature + again[how long ago]      for an item of the window

All questions of a step share the items drawn (Klenitskiy and Vasilev 2023 show what a softmax over many
negatives does for such networks). Each drawn item stands for items / drawn of its kind, hence the offset; the
window's own items, which are hardly ever drawn, stand for themselves, and ``again`` learns whether people
come back to what they just saw. An item's vector is ``e_j``: a row of its own, plus its price band's, plus
what a projection makes of a given vector, at length 1.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from shopkeeper.core.types import Floats, Ints
from shopkeeper.learners.sequence.batches import Batch
from shopkeeper.learners.sequence.inputs import BANDS
from shopkeeper.learners.sequence.network import Network

_NEVER: Final = -1e9
"""Logit of what does not count; finite, for where nothing counts there is a gradient all the same."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of items beside what people do with them.

    Attributes
    ----------
    bands
        Shape ``(n_items,)``: price bands, see `inputs.price_bands`.
    vectors
        Shape ``(n_items, width)``: from elsewhere, say an encoder of text; None for none.
    """

    bands: Ints
    vectors: Floats | None = None


class Model(nn.Module):
    """The network with what turns facts into vectors."""

    def __init__(self, network: Network, facts: Facts, dim: int) -> None:
        super().__init__()
        self.network = network
        # An unknown price says nothing: were it learned, all items of many shops would have it in common.
        self.bands = nn.Embedding(BANDS, dim, padding_idx=0)
        nn.init.zeros_(self.bands.weight)
        self.band: Tensor
        self.register_buffer("band", torch.from_numpy(facts.bands.astype(np.int64)), persistent=False)
        self.given: Tensor | None
        self.register_buffer("given", _standard(facts.vectors), persistent=False)
        if self.given is not None:
            self.project = nn.Linear(self.given.shape[1], dim, bias=False)
            nn.init.normal_(self.project.weight, std=0.1 / math.sqrt(dim))

    def forward(self, raw: Tensor, rows: Tensor) -> Tensor:
        """Unit vectors of items from their own rows of the table and their facts."""
        vectors = raw + self.bands(self.band[rows])
        if self.given is not None:
            vectors = vectors + self.project(self.given[rows])
        return functional.normalize(vectors, dim=-1)

    def loss(self, items: Tensor, batch: Batch) -> Tensor:
        """The module's formula, from unit vectors of the items of a step."""

        def here(array: NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(np.asarray(array)).to(items.device)

        network = self.network
        heard = functional.embedding(here(batch.heard.items), items)
        states = network(heard, here(batch.heard.kinds), here(batch.heard.gaps))
        row, place = here(batch.row), here(batch.place)
        asked = states[row, place] / network.log_temperature.exp()
        right = (asked * functional.embedding(here(batch.targets), items)).sum(dim=1)
        again = here(batch.target_again)
        right = right + torch.where(again >= 0, network.again[again.clamp(min=0)], batch.offset)
        drawn = asked @ items[here(batch.negatives)].T + batch.offset
        question, column = here(batch.taken[0]), here(batch.taken[1])
        drawn = drawn.index_put_((question, column), drawn.new_tensor(_NEVER))
        own = (states @ heard.transpose(1, 2))[row, place] / network.log_temperature.exp()
        own = own + network.again[here(batch.own_again)]
        own = own.masked_fill(~here(batch.own), _NEVER)
        against = [right, drawn.logsumexp(dim=1), own.logsumexp(dim=1)]
        surprise = torch.stack(against, dim=1).logsumexp(dim=1) - right
        return torch.mean(surprise)


def _standard(vectors: Floats | None) -> Tensor | None:
    """Given vectors at length 1."""
    return (
        None
        if vectors is None
        else functional.normalize(torch.from_numpy(vectors.astype(np.float32)), dim=-1)
    )
