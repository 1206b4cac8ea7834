"""Lists that are varied: not ten of one kind, and of kinds as mixed as what the person takes.

Place t of a list, counted from 0, goes to the item with the highest

    (1 - d - c) * g_t * score_i / best score - d * mean over chosen j of sim_ij - c * KL(p || q_i)

``sim`` is how alike two items are: the first two terms are maximal marginal relevance (Carbonell and
Goldstein 1998), with the mean, for which lists are measured, in place of the most alike. ``g_t`` is
1 / log2(t + 2), what a place is worth to NDCG, so that the first places are hardly moved. ``p`` is the mix of
categories in the person's history, ``q_i`` that of the list with item i, smoothed as .99 q + .01 p:
calibration, chosen greedily as Steck (2018, "Calibrated recommendations") does.

How alike items are, people tell by what they do with them (`recommenders.nearness`). A model that was not
asked for that leaves what the catalogue says: one entry for each level of the category path and for the
brand, and the number of entries two items share over the root of the product of how many each has.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Floats, Ints, Longs

Numbers = NDArray[np.floating[Any]]
_SMOOTH: Final = 0.01


@dataclass(frozen=True, slots=True)
class Variety:
    """How much a list may give up for being varied.

    Attributes
    ----------
    diversity, calibration
        ``d`` and ``c`` of the module's formula; together at most 1.
    """

    diversity: float = 0.0
    calibration: float = 0.0

    def __bool__(self) -> bool:
        return self.diversity > 0 or self.calibration > 0

    def but(self, diversity: float | None, calibration: float | None) -> "Variety":
        """The same with other weights, where they are told."""
        return Variety(
            self.diversity if diversity is None else diversity,
            self.calibration if calibration is None else calibration,
        )


AS_RANKED: Final = Variety()
"""Gives up nothing."""


def alike(entries: Ints) -> Floats:
    """Cosine of each pair of item vectors, shape ``(m, m)``.

    Parameters
    ----------
    entries
        Shape ``(m, fields)``: number of the one entry of each field, -1 for none.
    """
    known = entries >= 0
    shared = ((entries[:, None, :] == entries[None, :, :]) & known[:, None, :]).sum(axis=2)
    sizes = np.sqrt(known.sum(axis=1))
    return np.asarray(shared / np.maximum(np.outer(sizes, sizes), 1.0), np.float32)


def varied(
    scores: Floats, similarity: Floats, category: Ints, mix: Numbers, k: int, variety: Variety
) -> Longs:
    """Places of the next ``k`` items of a ranking, in their new order.

    Parameters
    ----------
    scores
        Shape ``(m,)``, above 0 and falling.
    similarity
        Shape ``(m, m)``: how alike items are, 0 to 1.
    category
        Shape ``(m,)``: category of each item, -1 for none; such an item changes no mix.
    mix
        Shape ``(categories,)``: share of each in the person's history; all 0 calibrates to nothing.
    k
        Length of the list.
    variety
        What it may give up.
    """
    weight = 1.0 - variety.diversity - variety.calibration
    base = weight * np.asarray(scores, np.float64) / max(float(scores[0]), 1e-12) if len(scores) else scores
    together, counts = np.zeros(len(scores)), np.zeros(len(mix))
    free = np.ones(len(scores), bool)
    chosen: list[int] = []
    for place in range(min(k, len(scores))):
        value = base / math.log2(place + 2) - variety.diversity / max(place, 1) * together
        if variety.calibration and mix.any():
            value = value - variety.calibration * _distance(mix, counts, category)
        best = int(np.argmax(np.where(free, value, -np.inf)))
        chosen.append(best)
        free[best] = False
        together += similarity[best]
        if category[best] >= 0:
            counts[category[best]] += 1
    return np.array(chosen, np.int64)


def _distance(mix: Numbers, counts: Numbers, category: Ints) -> Numbers:
    """KL(p || q) with each candidate added to what was chosen, shape ``(m,)``."""
    total = counts.sum()
    one_more = _terms(mix, counts, total + 1)
    added = one_more.sum() + _terms(mix, counts + 1, total + 1) - one_more
    as_it_is = _terms(mix, counts, max(total, 1)).sum()
    return np.asarray(np.where(category >= 0, added[category], as_it_is))


def _terms(mix: Numbers, counts: Numbers, total: float) -> Numbers:
    """The terms of KL(p || .99 q + .01 p); 0 where p is."""
    smoothed = (1 - _SMOOTH) * counts / total + _SMOOTH * mix
    out = np.zeros(len(mix))
    some = mix > 0
    out[some] = mix[some] * np.log(mix[some] / smoothed[some])
    return out
