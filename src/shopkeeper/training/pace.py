"""How fast a source answers: one that holds up every page is left out, however good it is."""

import time
from statistics import median
from typing import Final

import numpy as np

from shopkeeper.data.split import Cases
from shopkeeper.recommenders.base import Recommender

MOST_MS: Final = 4.0
"""Milliseconds one request may take of one source on the machine on which costs were measured."""
_ASKED: Final = 25
_DEPTH: Final = 100


def milliseconds(model: Recommender, cases: Cases) -> float:
    """Median time of one request, asked one by one as pages ask; 0 where there are no cases."""
    asked = cases.sample(_ASKED, 0).requests
    took = []
    for row in range(len(asked)):
        start = time.perf_counter()
        model.recommend(asked.take(np.array([row])), _DEPTH)
        took.append(1e3 * (time.perf_counter() - start))
    return median(took) if took else 0.0
