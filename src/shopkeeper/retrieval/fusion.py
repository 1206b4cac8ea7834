"""One ranking of two: what stands high by words, by meaning, or by both."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import Bools, Floats, Ints

_DAMPING: Final = 60
"""Places by which first ranks are made less of; the value of the paper."""


@dataclass(frozen=True, slots=True)
class Fused:
    """Items of either ranking, best first.

    Attributes
    ----------
    codes
        Shape ``(n,)``: each item once.
    scores
        Shape ``(n,)``: 1 for what is first in both rankings.
    by_words, by_meaning
        Shape ``(n,)``: which of them it stands in.
    """

    codes: Ints
    scores: Floats
    by_words: Bools
    by_meaning: Bools


def fuse(words: Ints, meaning: Ints) -> Fused:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): the sum of 1 / (60 + rank).

    Of equals the lower code comes first.
    Ranks and not scores are added up, because BM25 has no upper end and cosines of encoders lie in ranges of
    their own.

    Parameters
    ----------
    words, meaning
        Codes, best first, without repeats.
    """
    codes = np.union1d(words, meaning).astype(np.int32)
    scores = np.zeros(len(codes), np.float32)
    for ranking in (words, meaning):
        scores[np.searchsorted(codes, ranking)] += (
            (_DAMPING + 1) / 2 / (_DAMPING + 1 + np.arange(len(ranking)))
        )
    order = np.argsort(-scores, kind="stable")
    codes = codes[order]
    return Fused(codes, scores[order], np.isin(codes, words), np.isin(codes, meaning))
