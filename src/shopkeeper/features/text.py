"""Titles and descriptions as numbers of buckets: words and pieces of words, English and Chinese.

Each word, each run of three characters within a marked word (``<tea>``), and each Chinese character and pair
of characters falls into one of a fixed number of buckets ("the hashing trick", Weinberger et al. 2009; pieces
of words as in Bojanowski et al. 2017, "Enriching word vectors with subword information"). No vocabulary is
kept, so that a word nobody wrote before has buckets too.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from zlib import crc32

import numpy as np

from shopkeeper.core.types import Ragged

_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUNS: Final = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_PIECE: Final = 3
_MOST: Final = 400
"""Characters of a text that are read: what a thing is stands in the beginning."""


def grams(texts: Sequence[str], buckets: int) -> Ragged:
    """Buckets of each text, repeats included.

    Parameters
    ----------
    texts
        Any text; an empty one has no buckets.
    buckets
        How many there are.
    """
    known: dict[str, list[int]] = {}
    rows = []
    for text in texts:
        row: list[int] = []
        for run in _RUNS.findall(text[:_MOST].lower()):
            if run not in known:
                known[run] = [crc32(piece.encode()) % buckets for piece in _pieces(run)]
            row += known[run]
        rows.append(row)
    return Ragged.of([np.array(row, np.int32) for row in rows])


def _pieces(run: str) -> Iterator[str]:
    """A word and what it is made of; a run of Chinese has no words, only its characters and pairs."""
    if "\u3400" <= run[0] <= "\ufaff":
        yield from run
        yield from (run[i : i + 2] for i in range(len(run) - 1))
        return
    marked = f"<{run}>"
    yield marked
    yield from (marked[i : i + _PIECE] for i in range(len(marked) - _PIECE + 1) if len(marked) > _PIECE)
