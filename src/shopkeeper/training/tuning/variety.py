"""How varied lists may be: as much as costs next to nothing on what people did next."""

from dataclasses import replace
from typing import Final

import numpy as np

from shopkeeper.core.types import Ragged
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
_NO_MIX: Final = np.zeros(0)
_UNKNOWN: Final = -1
"""Category of every item: of mixes nothing is asked."""


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
    bounds = zip(answer.offsets[:-1].tolist(), answer.offsets[1:].tolist(), strict=True)
    ranked = [
        (
            items := answer.items[low:high],
            answer.scores[low:high],
            near.alike(items),
            np.full(high - low, _UNKNOWN),
        )
        for low, high in bounds
    ]

    def value(diversity: float) -> float:
        variety = Variety(diversity)
        found = [
            items[varied(scores, alike, category, _NO_MIX, K, variety)]
            for items, scores, alike, category in ranked
        ]
        return float(ndcg(hits(Ragged.of(found), cases.truth, K)).mean())

    best, plain = 0.0, value(0.0)
    for diversity in GRID:
        if value(diversity) < (1 - MOST_LOST) * plain:
            break
        best = diversity
    return replace(near, diversity=best)
