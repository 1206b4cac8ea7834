"""How well lists find the truth: one value a request, over the whole catalogue, never over sampled negatives.

Notation: ``k`` the cut, ``T`` the truth of a request, ``h_r`` 1 where the item at rank ``r`` (from 1) is in
``T``, else 0. Relevance is binary. A list shorter than ``k`` misses at the ranks it leaves empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Bools, Longs, Ragged

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hits:
    """Where lists of at most ``k`` items meet the truth.

    Attributes
    ----------
    found
        Shape ``(n, k)``: whether the item at each rank is in the truth; False past the end of a list.
    sizes
        Shape ``(n,)``: number of items in the truth, at least 1.
    """

    found: Bools
    sizes: Longs

    @property
    def k(self) -> int:
        """Length of a full list."""
        return int(self.found.shape[1])

    def at(self, k: int) -> "Hits":
        """The same lists cut at a smaller ``k``."""
        return Hits(self.found[:, :k], self.sizes)

    def take(self, rows: Longs) -> "Hits":
        """These requests, in this order."""
        return Hits(self.found[rows], self.sizes[rows])


def hits(lists: Ragged, truth: Ragged, k: int) -> Hits:
    """Compare lists with the truth.

    Parameters
    ----------
    lists
        Item codes of ``n`` answers, best first. An item given twice counts at its first rank only.
    truth
        Distinct item codes of ``n`` truths.
    k
        The cut, at least 1.

    Returns
    -------
    Hits
        O((lists + truth) log truth) time.
    """
    found = np.zeros((len(lists), k), np.bool_)
    rows = lists.rows
    ranks = np.arange(len(lists.items), dtype=np.int64) - lists.offsets[rows]
    kept = ranks < k
    asked = rows[kept] << 32 | lists.items[kept]
    known = np.unique(truth.keys)
    _, first = np.unique(asked, return_index=True)
    first_time = np.zeros(len(asked), np.bool_)
    first_time[first] = True
    found[rows[kept], ranks[kept]] = first_time & _in_sorted(asked, known)
    return Hits(found, truth.lengths)


def precision(hits: Hits) -> Values:
    """Share of the list that is in the truth: ``sum_r h_r / k``.

    Source: van Rijsbergen, Information Retrieval, 1979, ch. 7; cut at k as in trec_eval (P_k).
    """
    return np.asarray(hits.found.sum(axis=1) / hits.k, np.float64)


def recall(hits: Hits) -> Values:
    """Share of the truth that is in the list: ``sum_r h_r / |T|``.

    Source: van Rijsbergen, Information Retrieval, 1979, ch. 7; cut at k as in trec_eval (recall_k).
    """
    return np.asarray(hits.found.sum(axis=1) / hits.sizes, np.float64)


def f1(hits: Hits) -> Values:
    """Harmonic mean of precision and recall: ``2 P R / (P + R) = 2 sum_r h_r / (k + |T|)``.

    Source: van Rijsbergen, Information Retrieval, 1979, ch. 7 (F with equal weights).
    """
    return np.asarray(2.0 * hits.found.sum(axis=1) / (hits.k + hits.sizes), np.float64)


def hit_rate(hits: Hits) -> Values:
    """1 where the list holds anything of the truth, else 0: ``max_r h_r``.

    Source: Deshpande and Karypis, Item-based top-N recommendation algorithms, TOIS 2004.
    """
    return np.asarray(hits.found.any(axis=1), np.float64)


def ndcg(hits: Hits) -> Values:
    """Discounted gain relative to the best possible list of length k.

    ``sum_r h_r / log2(r + 1)`` divided by ``sum_{r <= min(k, |T|)} 1 / log2(r + 1)``.

    Source: Jarvelin and Kekalainen, Cumulated gain-based evaluation of IR techniques, TOIS 2002, with binary
    gains and the discount of Burges et al., ICML 2005.
    """
    discount = 1.0 / np.log2(np.arange(2, hits.k + 2))
    ideal = np.cumsum(discount)[np.minimum(hits.sizes, hits.k) - 1]
    return np.asarray((hits.found @ discount) / ideal, np.float64)


def mrr(hits: Hits) -> Values:
    """Reciprocal rank of the first hit, 0 without one: ``1 / min{r <= k: h_r = 1}``.

    Source: Voorhees, The TREC-8 question answering track report, 1999.
    """
    first = hits.found.argmax(axis=1)
    return np.asarray(hits.found.any(axis=1) / (first + 1.0), np.float64)


def average_precision(hits: Hits) -> Values:
    """Mean of the precision at each hit: ``sum_r h_r P_r / min(k, |T|)``; its mean over requests is MAP.

    Source: Buckley and Voorhees, SIGIR 2000; normalised by ``min(k, |T|)`` so that a perfect list gives 1.
    """
    ranks = np.arange(1, hits.k + 1)
    precisions = np.cumsum(hits.found, axis=1) / ranks
    total = (precisions * hits.found).sum(axis=1)
    return np.asarray(total / np.minimum(hits.sizes, hits.k), np.float64)


RANKING: Final[Mapping[str, Callable[[Hits], Values]]] = {
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "hit_rate": hit_rate,
    "ndcg": ndcg,
    "mrr": mrr,
    "map": average_precision,
}
"""Every metric by the name it has in files and reports."""


def _in_sorted(values: Longs, domain: Longs) -> Bools:
    """Which values occur in a sorted domain."""
    if not len(domain):
        return np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(domain, values), len(domain) - 1)
    return np.asarray(domain[places] == values)
