"""Products that are listed twice: near in meaning, and nothing that tells them apart.

Every product is compared with every other, a block of rows at a time: exact, and n²·d steps.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Floats, Longs

_BLOCK: Final = 1024
_NEAR: Final = 0.75
"""Least cosine of two titles."""
_SHARED: Final = 0.75
"""Least share of words (of Chinese: characters) in common."""
_SAME: Final = 0.95
"""Cosine from which a word may stand for another (``T-shirt``, ``Tshirt``)."""
_PRICE_GAP: Final = 0.25
"""Largest difference of prices, of the higher one."""
_WORD: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two products that look like one.

    Attributes
    ----------
    first, second
        Rows, the first below the second.
    likeness
        Mean of the cosine and the share of words in common, 0 to 1.
    """

    first: int
    second: int
    likeness: float


def near_duplicates(
    vectors: Floats,
    titles: Sequence[str],
    brands: Sequence[str | None] = (),
    prices: Sequence[float | None] = (),
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Duplicate]:
    """Pairs of products that are near-duplicates, the most alike first.

    The titles must be near and share their words; one may say more than the other, but not something else,
    nor other numbers (sizes, models). Where both have a brand or a price, these must agree.

    Parameters
    ----------
    vectors
        Shape ``(n, d)``: unit vectors of the titles; zeros are near to nothing.
    titles, brands, prices
        Of the same products; no brands or prices at all is nothing to disagree on.
    progress
        Told of rows compared.
    """
    listing = _Listing.of(titles, brands, prices)
    found = []
    for start in range(0, len(vectors), _BLOCK):
        near = vectors[start : start + _BLOCK] @ vectors[start:].T
        i, j = np.nonzero(np.triu(near >= _NEAR, 1))
        shared = listing.shared(start + i, start + j, near[i, j])
        likeness = (near[i, j] + shared) / 2
        found += [
            Duplicate(start + int(i[pair]), start + int(j[pair]), float(likeness[pair]))
            for pair in np.flatnonzero(shared >= _SHARED)
        ]
        progress(min(start + _BLOCK, len(vectors)), len(vectors))
    return sorted(found, key=lambda pair: (-pair.likeness, pair.first, pair.second))


@dataclass(frozen=True, slots=True)
class _Listing:
    """What tells products apart: words (products x words), codes of numbers and brands, and prices."""

    words: sparse.csr_array
    numbers: Longs
    brands: Longs
    prices: Floats

    @classmethod
    def of(
        cls, titles: Sequence[str], brands: Sequence[str | None], prices: Sequence[float | None]
    ) -> "_Listing":
        words = [sorted(set(_WORD.findall(title.lower()))) for title in titles]
        numbers = [" ".join(word for word in some if any(map(str.isdigit, word))) for some in words]
        place = {word: at for at, word in enumerate(sorted({word for some in words for word in some}))}
        offsets = np.cumsum([0, *map(len, words)])
        entries = np.array([place[word] for some in words for word in some], np.int64)
        return cls(
            sparse.csr_array((np.ones(len(entries)), entries, offsets), shape=(len(titles), len(place))),
            _coded(numbers),
            _coded([(brand or "").strip().lower() for brand in brands or [None] * len(titles)]),
            np.array([price or np.nan for price in prices or [None] * len(titles)], np.float32),
        )

    def shared(self, i: Longs, j: Longs, near: Floats) -> Floats:
        """Share of words that each pair has in common; 0 where something else tells the two apart."""
        apart = self.numbers[i] != self.numbers[j]
        apart |= (self.brands[i] != self.brands[j]) & (self.brands[i] >= 0) & (self.brands[j] >= 0)
        higher = np.maximum(self.prices[i], self.prices[j])
        apart |= np.abs(self.prices[i] - self.prices[j]) > _PRICE_GAP * higher
        out = np.zeros(len(i), np.float32)
        alike = np.flatnonzero(~apart)
        one, other = self.words[i[alike]], self.words[j[alike]]
        both, of_one, of_other = one.multiply(other).sum(axis=1), one.sum(axis=1), other.sum(axis=1)
        replaced = (both < np.minimum(of_one, of_other)) & (near[alike] < _SAME)
        out[alike] = np.where(replaced, 0.0, both / np.maximum(of_one + of_other - both, 1))
        return out


def _coded(values: Sequence[str]) -> Longs:
    """A number for each distinct value, -1 for the empty one."""
    codes = {value: code for code, value in enumerate(dict.fromkeys(filter(None, values)))}
    return np.array([codes.get(value, -1) for value in values], np.int64)
