"""How varied lists may be: as much as costs next to nothing on what people did next."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from shopkeeper.core.types import Floats, Ints, Longs, Ragged
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases
from shopkeeper.learners.sequence.start import start_vectors
from shopkeeper.metrics.ranking import hits, ndcg
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.nearness import Nearness
from shopkeeper.surfaces.favour import DEEP
from shopkeeper.surfaces.variety import Variety, varied
from shopkeeper.training.tuning.trials import K

MOST_LOST: Final = 0.018
"""Share of NDCG@10 that a list may give up for being varied."""
GRID: Final = (0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.17, 0.22, 0.3)
_DIM: Final = 64
_CASES: Final = 1_500
_NOBODY: Final = np.zeros(0)


def nearness(dataset: Dataset) -> Nearness:
    """Where items lie by what people did; 0 for those that nobody touched."""
    vectors = start_vectors(dataset, _DIM, 0) * (dataset.popularity > 0)[:, None]
    return Nearness(vectors.astype(np.float16))


def learn_variety(model: Recommender, near: Nearness, cases: Cases) -> Nearness:
    """The same, with the strongest weight that costs at most `MOST_LOST`.

    Parameters
    ----------
    model
        What lists come from.
    near
        Where items lie.
    cases
        Later than what both were learned from.
    """
    cases = cases.sample(_CASES, 0)
    answer = model.recommend(cases.requests, DEEP)
    bounds = list(zip(answer.offsets[:-1].tolist(), answer.offsets[1:].tolist(), strict=True))
    lists = [(answer.items[low:high], answer.scores[low:high]) for low, high in bounds]
    alike = [near.alike(items) for items, _ in lists]

    def value(diversity: float) -> float:
        found = in_order(lists, alike, Variety(diversity))
        return float(ndcg(hits(Ragged.of(found), cases.truth, K)).mean())

    best, plain = 0.0, value(0.0)
    for diversity in GRID:
        if value(diversity) < (1 - MOST_LOST) * plain:
            break
        best = diversity
    return replace(near, diversity=best)


def in_order(lists: Sequence[tuple[Ints, Floats]], alike: Sequence[Floats], variety: Variety) -> list[Ints]:
    """The first `K` of each ranking as they stand once it is varied; of categories nothing is asked."""
    return [
        items[_places(scores, similarity, variety)]
        for (items, scores), similarity in zip(lists, alike, strict=True)
    ]


def _places(scores: Floats, similarity: Floats, variety: Variety) -> Longs:
    none = np.full(len(scores), -1)
    return varied(scores, similarity, none, _NOBODY, K, variety)
