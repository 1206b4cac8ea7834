"""How a sequence model is built and learned, and what follows from the data alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Size:
    """The measures of a network.

    Attributes
    ----------
    dim
        Width of every vector.
    blocks
        Layers, one on another.
    heads
        Ways of attention in a block.
    length
        Events of a history that are heard, the latest.
    """

    dim: int
    blocks: int
    heads: int
    length: int


SIZES: Final[Mapping[str, Size]] = {
    "tiny": Size(64, 1, 1, 50),
    "small": Size(128, 1, 2, 50),
    "medium": Size(128, 2, 2, 100),
    "base": Size(256, 4, 4, 200),
}
"""Sizes by name."""


@dataclass(frozen=True, slots=True)
class SequenceConfig:
    """How a sequence model is built and learned.

    Attributes
    ----------
    size
        One of `SIZES`.
    gate
        Whether each sublayer is gated, ``x + sigmoid(W x) * sublayer(x)`` with a SwiGLU in place of the plain
        perceptron: the LiGR block (Borisyuk et al. 2024), which gains on long, dense histories.
    dropout
        Share of values left out while learning; None leaves it to `dropout_for`.
    rate
        Step of Adam (Kingma and Ba 2015).
    negatives
        Items drawn evenly for each step, against which all its answers stand.
    batch
        Histories a step.
    epochs
        Passes over the data.
    tokens
        Most events learned from in one pass; where there are more, each pass draws its own.
    seconds
        Time after which no further pass begins.
    reads
        Whether items of few events start amid those whose texts mean the same, see `start`.
    int8
        Whether the network answers in whole numbers of 8 bits: smaller, somewhat quicker, not quite the same.
    seed
        Of everything drawn.
    """

    size: str = "small"
    gate: bool = False
    dropout: float | None = None
    rate: float = 1e-3
    negatives: int = 4096
    batch: int = 128
    epochs: int = 12
    tokens: int = 2_000_000
    seconds: float = 900.0
    reads: bool = False
    int8: bool = False
    seed: int = 0

    @property
    def measures(self) -> Size:
        """The measures behind the name of the size."""
        return SIZES[self.size]


def dropout_for(dataset: Dataset) -> float:
    """Dropout by how often the data show an item: .5 up to 16 events an item, .07 less with each doubling.

    Public logs behind the line: .5 suits 16 events an item, .2 suits 290.
    """
    seen = dataset.popularity[dataset.popularity > 0]
    mean = float(seen.mean()) if len(seen) else 1.0
    return round(float(np.clip(0.5 - 0.07 * np.log2(max(mean, 1.0) / 16.0), 0.1, 0.5)), 3)
