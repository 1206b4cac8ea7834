"""From scored candidates to ranked lists, the same way for every recommender."""

from itertools import pairwise
from typing import Final

import numpy as np

from shopkeeper.core.types import Bools, Floats, Ints, Longs, Ragged, Recommendations, Requests, blank

_SPARE: Final = 2
"""Times as many as wanted among which there are enough, as a rule, that may be answered."""


def eligible(candidates: Ragged, requests: Requests) -> Bools:
    """Which candidates may be answered: allowed and not excluded; aligned with ``candidates.items``."""
    if requests.allowed is None:
        keep = np.ones(len(candidates.items), bool)
    else:
        keep = requests.allowed.take(candidates.items)
    if requests.exclude is not None and len(requests.exclude.items):
        keep &= ~contains(requests.exclude, candidates)
    return keep


def contains(lists: Ragged, candidates: Ragged) -> Bools:
    """Which candidates stand in the list of the same row; aligned with ``candidates.items``.

    One scratch array marks a row's list, so the cost is linear where sorting all pairs would not be.
    """
    found = np.zeros(len(candidates.items), bool)
    size = max(int(lists.items.max(initial=-1)), int(candidates.items.max(initial=-1))) + 1
    marked = blank(size, np.bool_)
    for row in np.flatnonzero((lists.lengths > 0) & (candidates.lengths > 0)).tolist():
        low, high = candidates.offsets[row], candidates.offsets[row + 1]
        marked[lists[row]] = True
        found[low:high] = marked[candidates.items[low:high]]
        marked[lists[row]] = False
    return found


def at(lists: Ragged, scores: Floats, candidates: Ragged) -> Floats:
    """Score of each candidate in the list of the same row, 0 where it is not there.

    ``lists`` rise by item code within each row, and ``scores`` stand beside ``lists.items``.
    """
    if not len(lists.items):
        return np.zeros(len(candidates.items), np.float32)
    alone = len(lists) == 1
    if alone and len(candidates.items) > len(lists.items):
        # Many are sooner found in a table over the catalogue than by halving each.
        table = blank(1 + max(int(lists.items[-1]), int(candidates.items.max())), np.float32)
        table[lists.items] = scores
        found = table.take(candidates.items)
        table[lists.items] = 0.0
        return found
    keys, wanted = (lists.items, candidates.items) if alone else (lists.keys, candidates.keys)
    place = keys.searchsorted(wanted)
    found = keys.take(place, mode="clip") == wanted
    return np.where(found, scores.take(place, mode="clip"), np.float32(0.0))


def top_k(candidates: Ragged, scores: Floats, requests: Requests, k: int, source: str) -> Recommendations:
    """Best ``k`` eligible candidates with a positive score, a row a request.

    Equal scores stand by rising item code. Candidates of a row are distinct.
    """
    scores = np.where(eligible(candidates, requests), scores, np.float32(0.0))
    chosen = [
        start + _best(candidates.items[start:end], scores[start:end], k)
        for start, end in _slices(candidates.offsets)
    ]
    return answered(candidates, scores, chosen, source)


def first_k(candidates: Ragged, scores: Floats, requests: Requests, k: int, source: str) -> Recommendations:
    """`top_k` of candidates that stand in their order already."""
    keep = eligible(candidates, requests) & (scores > 0)
    chosen = [start + np.flatnonzero(keep[start:end])[:k] for start, end in _slices(candidates.offsets)]
    return answered(candidates, scores, chosen, source)


def answered(candidates: Ragged, scores: Floats, chosen: list[Longs], source: str) -> Recommendations:
    """The candidates at some places, best first, a row a request."""
    offsets = np.zeros(len(chosen) + 1, np.int64)
    np.cumsum([len(places) for places in chosen], out=offsets[1:])
    places = np.concatenate(chosen) if chosen else np.empty(0, np.int64)
    sources = np.zeros(len(places), np.int8)
    return Recommendations(
        offsets, candidates.items[places], scores[places].astype(np.float32), sources, (source,)
    )


def leading(candidates: Ragged, scores: Floats, requests: Requests, n: int) -> Longs:
    """`strongest` of what may be answered."""
    if requests.allowed is None and requests.exclude is None:
        return strongest(candidates, scores, n)
    if len(candidates) == 1:
        # As a rule those few may all be answered, or enough of some more: all others need not be looked at.
        few = strongest(candidates, scores, n)
        if eligible(taken(candidates, few), requests).all():
            return few
        some = strongest(candidates, scores, _SPARE * n)
        kept = some[eligible(taken(candidates, some), requests)]
        if len(kept) >= n or len(some) < _SPARE * n:
            return kept[strongest(taken(candidates, kept), scores.take(kept), n)]
    return strongest(candidates, np.where(eligible(candidates, requests), scores, np.float32(0.0)), n)


def taken(candidates: Ragged, places: Longs) -> Ragged:
    """The candidates at these rising places."""
    return Ragged(places.searchsorted(candidates.offsets).astype(np.int64), candidates.items.take(places))


def strongest(candidates: Ragged, scores: Floats, n: int) -> Longs:
    """Places of the ``n`` candidates of each row with the highest positive score, in rising order.

    Of equal scores the lower item code is taken. Candidates of a row rise by item code.
    """
    chosen = [_strongest(scores[start:end], n) + start for start, end in _slices(candidates.offsets)]
    if len(chosen) == 1:
        return chosen[0]
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)


def _strongest(scores: Floats, n: int) -> Longs:
    """`strongest` of one row."""
    bound = np.partition(scores, len(scores) - n)[len(scores) - n] if len(scores) > n else np.float32(0.0)
    places = (scores >= bound if bound > 0 else scores > 0).nonzero()[0]
    if len(places) > n:
        level = np.flatnonzero(scores.take(places) == bound)
        places = np.delete(places, level[n - len(places) :])
    return places


def _best(items: Ints, scores: Floats, k: int) -> Longs:
    """Positions of the best ``k`` above 0 by falling score, then rising item code."""
    bound = np.partition(scores, len(scores) - k)[len(scores) - k] if len(scores) > k else 0.0
    positions = (scores >= bound if bound > 0 else scores > 0).nonzero()[0]
    order = np.lexsort((items.take(positions), -scores.take(positions)))
    return positions.take(order[:k])


def _slices(offsets: Longs) -> list[tuple[int, int]]:
    return list(pairwise(offsets.tolist()))
