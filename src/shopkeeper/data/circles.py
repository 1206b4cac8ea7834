"""The circle of each asker: what those whom they hear like.

Who may be heard is settled where ties are kept (`data.ties`). Of a member nothing is handed on but what they
like: what they bought, wished for, shared, or rated no lower than they mostly do, of late. What they merely
looked at is nobody else's business.
"""

from typing import Final

import numpy as np

from shopkeeper.core.types import Circle, EventType, Histories, Longs, Ragged
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import RECENT, ends_before, slice_histories

MOST_LIKES: Final = 50
"""Most events of a member that tell what they like, the latest."""
_AT_ONCE: Final = 4_096
"""Members whose events are held in memory at a time."""
_KINDS: Final = np.arange(len(EventType))
_LIKED: Final = np.isin(_KINDS, (EventType.purchase, EventType.add_to_wishlist, EventType.share))
_RATED: Final = np.isin(_KINDS, (EventType.rate, EventType.review))


def likes_of(histories: Histories) -> Ragged:
    """Distinct items that each person likes, by rising code."""
    owner, n = histories.recent.rows, len(histories)
    rated = _RATED[histories.kinds]
    counts = np.bincount(owner[rated], minlength=n)
    means = np.bincount(owner[rated], histories.values[rated], n) / np.maximum(counts, 1)
    liked = _LIKED[histories.kinds] | (rated & (histories.values >= means[owner] - 1e-6))
    places = np.flatnonzero(liked)
    after = np.searchsorted(places, histories.offsets[1:])[owner[places]]
    places = places[after - np.arange(len(places)) <= MOST_LIKES]
    keys = np.unique(owner[places] << 32 | histories.items[places])
    offsets = np.searchsorted(keys, np.arange(n + 1, dtype=np.int64) << 32).astype(np.int64)
    return Ragged(offsets, (keys & 0xFFFFFFFF).astype(np.int32))


def build_circle(dataset: Dataset, people: Longs, moments: Longs) -> Circle | None:
    """Circles of these people as they stood just before a moment; None where nobody is tied to anybody.

    Parameters
    ----------
    dataset
        Sorted by person and time.
    people, moments
        Shape ``(n,)``: codes of people, and epoch milliseconds.
    """
    if not len(dataset.ties):
        return None
    found = [dataset.ties.of(*one) for one in zip(people.tolist(), moments.tolist(), strict=True)]
    offsets = np.append(0, np.cumsum([len(others) for others, _ in found])).astype(np.int64)
    others = np.concatenate([np.empty(0, np.int64), *(others for others, _ in found)])
    kinds = np.concatenate([np.empty(0, np.int8), *(kinds for _, kinds in found)])
    pairs = np.stack([others, np.repeat(moments, np.diff(offsets))])
    asked, which = np.unique(pairs, axis=1, return_inverse=True)
    return Circle(offsets, kinds, _likes_before(dataset, *asked).take(which.ravel()))


def _likes_before(dataset: Dataset, people: Longs, moments: Longs) -> Ragged:
    ends = ends_before(dataset, people, moments)
    starts = np.maximum(dataset.offsets[people], ends - RECENT)
    parts = [
        likes_of(slice_histories(dataset, starts[low : low + _AT_ONCE], ends[low : low + _AT_ONCE]))
        for low in range(0, len(people), _AT_ONCE)
    ]
    return Ragged.joined(parts)
