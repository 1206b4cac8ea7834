"""What goes with an item: by behaviour as far as that is known, by what the catalogue says for the rest.

    score_ij = c_i * b_ij / best b_i + (1 - c_i) * m_ij / best m_i,  c_i = n_i / (n_i + k)

``b`` is what people took along, ``m`` likeness by content, ``n_i`` how many events an item has, and ``k`` how
many of them make behaviour weigh as much as content.
"""

from typing import Final

import numpy as np

from shopkeeper.core.types import Floats, Ints, Longs, Ragged, Recommendations
from shopkeeper.recommenders.base import Similar

_HALFWAY: Final = 10.0
SOURCES: Final = ("cooccurrence", "content")


def similar(behaviour: Similar, content: Similar, events: Longs, items: Ints, k: int) -> Recommendations:
    """At most ``k`` items for each item, best first, never itself.

    Parameters
    ----------
    behaviour, content
        What the formula takes as b and m.
    events
        Shape ``(len(items),)``: how many events each item has.
    items
        Codes.
    k
        Length of the lists.
    """
    known = (events / (events + _HALFWAY)).astype(np.float32)
    parts = [part.similar(items, k) for part in (behaviour, content)]
    weights = (known, np.float32(1.0) - known)
    rows = [_joined(parts, weights, row, k) for row in range(len(items))]
    lists = Ragged.of([found for found, _, _ in rows])
    nothing = np.empty(0, np.float32)
    return Recommendations(
        lists.offsets,
        lists.items,
        np.concatenate([nothing, *(scores for _, scores, _ in rows)]),
        np.concatenate([np.empty(0, np.int8), *(carriers for _, _, carriers in rows)]),
        SOURCES,
    )


def _joined(
    parts: list[Recommendations], weights: tuple[Floats, Floats], row: int, k: int
) -> tuple[Ints, Floats, "np.ndarray[tuple[int], np.dtype[np.int8]]"]:
    """Items, scores and carriers of one list."""
    found = np.unique(np.concatenate([part.lists[row] for part in parts]))
    terms = np.zeros((len(parts), len(found)), np.float32)
    for term, part, weight in zip(terms, parts, weights, strict=True):
        own = part.scores[part.offsets[row] : part.offsets[row + 1]]
        if len(own):
            term[np.searchsorted(found, part.lists[row])] = weight[row] * own / own[0]
    scores = terms.sum(axis=0)
    best = np.argsort(-scores, kind="stable")[:k]
    best = best[scores[best] > 0]
    return found[best], scores[best], terms[:, best].argmax(axis=0).astype(np.int8)
