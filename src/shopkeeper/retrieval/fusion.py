"""One ranking of two: what stands high by words, by meaning, or by both."""

from dataclasses import dataclass

import numpy as np

from shopkeeper.core.types import Bools, Floats, Ints

Found = tuple[Ints, Floats]
"""Codes without repeats and their scores above 0, both of shape ``(n,)``, best first."""


@dataclass(frozen=True, slots=True)
class Fused:
    """Items of either ranking, best first.

    Attributes
    ----------
    codes
        Shape ``(n,)``: each item once.
    scores
        Shape ``(n,)``: 1 for what is best in both rankings.
    by_words, by_meaning
        Shape ``(n,)``: which of them it stands in.
    """

    codes: Ints
    scores: Floats
    by_words: Bools
    by_meaning: Bools


def fuse(words: Found, meaning: Found) -> Fused:
    """The mean of both scores, each as a share of its best (Bruch, Gai and Ingber 2023); 0 where not found.

    Of equals the lower code comes first. How far ahead an item is counts, which sums of ranks forget.
    """
    codes = np.union1d(words[0], meaning[0]).astype(np.int32)
    scores = np.zeros(len(codes), np.float32)
    for found, score in (words, meaning):
        scores[np.searchsorted(codes, found)] += score / (2 * score.max(initial=1e-9))
    order = np.argsort(-scores, kind="stable")
    codes = codes[order]
    return Fused(codes, scores[order], np.isin(codes, words[0]), np.isin(codes, meaning[0]))
