"""The networks, in torch; imported only where something is learned.

A history goes in as vectors of its items, each with what is known of the event added. After each event a unit
vector comes out that points to what comes next: ``cos(state, item) / temperature`` is the logit of an item.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from shopkeeper.core.types import EventType
from shopkeeper.learners.sequence.batches import AGAIN
from shopkeeper.learners.sequence.config import Size
from shopkeeper.learners.sequence.inputs import GAPS

_SMALL = 0.02
_STRETCH = 0.25
"""Length of an item's vector where it goes in, times sqrt(dim): a fresh block adds little beside it."""


class Network(nn.Module):
    """Hears a history; see the module.

    Parameters
    ----------
    size
        Measures.
    cell
        ``transformer`` or ``gru``.
    gate
        See `SequenceConfig`.
    dropout
        Share of values left out while learning.
    """

    def __init__(self, size: Size, cell: str, gate: bool, dropout: float) -> None:
        super().__init__()
        self.stretch = _STRETCH * math.sqrt(size.dim)
        self.kinds = nn.Embedding(len(EventType), size.dim)
        self.gaps = nn.Embedding(GAPS, size.dim)
        self.drop = nn.Dropout(dropout)
        self.body = _Recurrent(size, dropout) if cell == "gru" else _Attentive(size, gate, dropout)
        self.norm = nn.LayerNorm(size.dim)
        self.log_temperature = nn.Parameter(torch.tensor(math.log(0.1)))
        self.again = nn.Parameter(torch.zeros(AGAIN))
        self.apply(_start)
        # What an event is beside its item says nothing until learned: no harm in a log of one kind.
        nn.init.zeros_(self.kinds.weight)
        nn.init.zeros_(self.gaps.weight)

    def forward(self, vectors: Tensor, kinds: Tensor, gaps: Tensor) -> Tensor:
        """Unit vectors after each event, ``(n, length, dim)``, from unit vectors of the items heard."""
        heard = self.drop(self.stretch * vectors + self.kinds(kinds) + self.gaps(gaps))
        return functional.normalize(self.norm(self.body(heard)), dim=-1)


class _Attentive(nn.Module):
    """Causal pre-norm blocks of attention and perceptron, one on another."""

    def __init__(self, size: Size, gate: bool, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Block(size, gate, dropout) for _ in range(size.blocks))

    def forward(self, heard: Tensor) -> Tensor:
        place = torch.arange(heard.shape[1], device=heard.device)
        distance = place[:, None] - place
        for block in self.blocks:
            heard = block(heard, distance)
        return heard


class _Block(nn.Module):
    """Attention with a learned weight of each distance, then a perceptron.

    What is far counts less from the start (ALiBi: Press, Smith and Lewis 2022), by learned amounts (Raffel et
    al. 2020): a place counted from the end, whatever the length of the history.
    """

    def __init__(self, size: Size, gate: bool, dropout: float) -> None:
        super().__init__()
        dim, self.heads, self.gated = size.dim, size.heads, gate
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.mix, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 2 * dim if gate else dim), nn.Linear(dim, dim)
        if gate:
            self.gate1, self.gate2 = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.drop = nn.Dropout(dropout)
        slopes = 0.3 * 0.5 ** torch.arange(size.heads)
        self.distance = nn.Parameter(-slopes[:, None] * torch.arange(size.length).clamp(max=12))

    def forward(self, x: Tensor, distance: Tensor) -> Tensor:
        attended = self.drop(self.out(self._attend(self.norm1(x), distance)))
        x = x + (torch.sigmoid(self.gate1(x)) * attended if self.gated else attended)
        inner = self.up(self.norm2(x))
        if self.gated:
            left, right = inner.chunk(2, dim=-1)
            inner = torch.sigmoid(self.gate2(x)) * self.drop(self.down(functional.silu(left) * right))
        else:
            inner = self.drop(self.down(functional.gelu(inner)))
        return torch.add(x, inner)

    def _attend(self, x: Tensor, distance: Tensor) -> Tensor:
        n, length, dim = x.shape
        split = self.mix(x).view(n, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = split.unbind(0)
        weight = query @ key.transpose(-1, -2) / math.sqrt(dim // self.heads)
        weight = weight + self.distance[:, distance.clamp(min=0)]
        weight = weight.masked_fill(distance < 0, -torch.inf).softmax(dim=-1)
        mixed: Tensor = self.drop(weight) @ value
        return mixed.transpose(1, 2).reshape(n, length, dim)


class _Recurrent(nn.Module):
    """Gated recurrent units (Cho et al. 2014), as GRU4Rec (Hidasi and Karatzoglou 2018)."""

    def __init__(self, size: Size, dropout: float) -> None:
        super().__init__()
        self.gru = nn.GRU(size.dim, size.dim, size.blocks, batch_first=True)
        self.drop = nn.Dropout(dropout)

    def forward(self, heard: Tensor) -> Tensor:
        return torch.add(heard, self.drop(self.gru(heard)[0]))


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=_SMALL)
        nn.init.zeros_(module.bias)
