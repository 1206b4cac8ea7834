"""Lists in which the scores of some items count more, or less: what ``boost`` and ``bury`` do."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from shopkeeper.core.types import Bools, Floats, Ints, Ragged, Recommendations, Requests
from shopkeeper.recommenders.base import Ranks

DEEP: Final = 100
"""How far a list is looked at before anything is asked again; as much as a blend's sources bring anyway."""


@dataclass(frozen=True, slots=True)
class Factors:
    """What the scores of items are multiplied by.

    Attributes
    ----------
    values
        Shape ``(n,)``, above 0.
    levels
        The distinct values, falling.
    """

    values: Floats
    levels: tuple[float, ...]

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Factors with their levels."""
        return cls(values, tuple(np.unique(values)[::-1].tolist()))


def favoured(
    recommender: Ranks, requests: Requests, allowed: Bools, k: int, factors: Factors | None
) -> Recommendations:
    """The best ``k`` of what is allowed by score times factor, for a batch of one.

    Items of one factor stand in the order of their scores, so the best ``k`` lie among the best ``k`` of each
    factor. A factor is asked for by itself only where an item of it that lies below what was looked at could
    still come in; its items then get the scores they have in the whole list.
    """
    whole = replace(requests, allowed=allowed)
    if factors is None:
        return recommender.recommend(whole, k)
    found = recommender.recommend(whole, max(k, DEEP))
    own = factors.values[: len(allowed)]
    if len(found.items) == max(k, DEEP):
        last = np.sort(found.scores * own[found.items])[-k]
        open_levels = [level for level in factors.levels if level * float(found.scores[-1]) > last]
        parts = [
            recommender.recommend(replace(requests, allowed=allowed & (own == np.float32(level))), k)
            for level in open_levels
        ]
        found = _joined(recommender, whole, [found, *parts])
    return reordered(found, found.scores * own[found.items], k)


def reordered(found: Recommendations, scores: Floats, k: int) -> Recommendations:
    """The best ``k`` of an answer to one request under other scores; equal ones by rising item code."""
    places = np.lexsort((found.items, -scores))[:k]
    offsets = np.array([0, len(places)], np.int64)
    chosen = scores[places].astype(np.float32)
    return Recommendations(offsets, found.items[places], chosen, found.sources[places], found.source_names)


def _joined(recommender: Ranks, whole: Requests, parts: list[Recommendations]) -> Recommendations:
    """One answer of several, each item once, scored as in the whole list."""
    first = parts[0]
    names = tuple(dict.fromkeys(name for part in parts for name in part.source_names))
    sources = [
        np.array([names.index(name) for name in part.source_names], np.int8)[part.sources] for part in parts
    ]
    _, places = np.unique(np.concatenate([part.items for part in parts]), return_index=True)
    items: Ints = np.concatenate([part.items for part in parts])[places]
    told = np.isin(items, first.items)
    scores = np.concatenate([part.scores for part in parts])[places]
    if not told.all():
        scores[~told] = recommender.score(whole, Ragged.of([items[~told]]))
    offsets = np.array([0, len(items)], np.int64)
    return Recommendations(offsets, items, scores, np.concatenate(sources)[places], names)
