"""How alike items are by what people do with them: what a varied list keeps apart.

One vector an item, by what it occurs with (`learners.sequence.start`), and the weight that a list gives to
being varied, as training chose it (`training.tuning.variety`).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from shopkeeper.core.types import Floats, Ints, Longs
from shopkeeper.recommenders.files import read_state, write_state

Halves = np.ndarray[tuple[int, ...], np.dtype[np.float16]]


@dataclass(frozen=True)
class Nearness:
    """Vectors of a catalogue, and what they are used for.

    Attributes
    ----------
    vectors
        Shape ``(n_items, dim)``, rows of length 1; 0 where nobody touched an item.
    diversity
        How much a list gives up for being varied where the shop does not say; see `surfaces.variety`.
    """

    vectors: Halves = field(default_factory=lambda: np.empty((0, 0), np.float16))
    diversity: float = 0.0

    def __len__(self) -> int:
        return len(self.vectors)

    def alike(self, items: Ints | Longs) -> Floats:
        """Cosine of each pair of these items, shape ``(m, m)``, at least 0."""
        vectors = self.vectors[items].astype(np.float32)
        return np.asarray(np.maximum(vectors @ vectors.T, 0), np.float32)

    def save(self, folder: Path) -> None:
        """Write both."""
        write_state(folder, {"diversity": self.diversity}, vectors=self.vectors)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; nothing where there is no such folder."""
        if not folder.is_dir():
            return cls()
        settings, arrays = read_state(folder)
        return cls(arrays["vectors"], settings["diversity"])
