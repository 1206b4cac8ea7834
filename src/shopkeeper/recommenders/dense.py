"""Ranking by recommenders that have a score for every item, a request at a time in bounded memory."""

from collections.abc import Callable
from typing import Final

import numpy as np

from shopkeeper.core.types import Floats, Ints, Ragged, Recommendations, Requests
from shopkeeper.recommenders.select import top_k

LIVE: Final = 2_000_000
"""Numbers in the vectors of all items up to which ranking them all is quick enough for a live request."""


def rank(scores: Callable[[int], Floats], requests: Requests, k: int, source: str) -> Recommendations:
    """Best ``k`` items of each request.

    Parameters
    ----------
    scores
        Score of every item for the request of this number, shape ``(n_items,)``; may be changed.
    requests, k, source
        As for `select.top_k`.
    """
    found = [best(scores(row), requests, row, k) for row in range(len(requests))]
    items = Ragged.of([part for part, _ in found])
    values = np.concatenate([part for _, part in found]) if found else np.empty(0, np.float32)
    return top_k(items, values, requests, k, source)


def best(scores: Floats, requests: Requests, row: int, k: int) -> tuple[Ints, Floats]:
    """Eligible items with a positive score that hold the best ``k``, by rising code, and their scores."""
    if requests.allowed is not None:
        scores[~requests.allowed] = 0.0
    if requests.exclude is not None:
        scores[requests.exclude[row]] = 0.0
    n = len(scores)
    bound = np.partition(scores, n - k)[n - k] if 0 < k < n else np.float32(0.0)
    items = np.flatnonzero((scores >= bound) & (scores > 0)).astype(np.int32)
    return items, scores[items]
