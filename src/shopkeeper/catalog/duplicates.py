"""Products that are listed twice: near in meaning, and nothing that tells them apart.

Every product is compared with every other, a block of rows at a time: exact, and n²·d steps.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import Floats

_BLOCK: Final = 1024
_NEAR: Final = 0.75
"""Least cosine of two titles."""
_SHARED: Final = 0.6
"""Least share of words (of Chinese: characters) in common."""
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

    The titles must be near and share their words, must not name different numbers (sizes, models), and where
    both have a brand or a price, these must agree.

    Parameters
    ----------
    vectors
        Shape ``(n, d)``: unit vectors of the titles; zeros are near to nothing.
    titles, brands, prices
        Of the same products; no brands or prices at all is nothing to disagree on.
    progress
        Told of rows compared.
    """
    words = [_words(title) for title in titles]
    numbers = [frozenset(word for word in some if any(map(str.isdigit, word))) for some in words]
    found = []
    for start in range(0, len(vectors), _BLOCK):
        near = vectors[start : start + _BLOCK] @ vectors[start:].T
        for i, j in zip(*np.nonzero(near >= _NEAR), strict=True):
            a, b = start + int(i), start + int(j)
            if a >= b or numbers[a] != numbers[b] or _differ(brands, a, b) or _far(prices, a, b):
                continue
            shared = len(words[a] & words[b]) / max(len(words[a] | words[b]), 1)
            if shared >= _SHARED:
                found.append(Duplicate(a, b, (float(near[i, j]) + shared) / 2))
        progress(min(start + _BLOCK, len(vectors)), len(vectors))
    return sorted(found, key=lambda pair: (-pair.likeness, pair.first, pair.second))


def _words(title: str) -> frozenset[str]:
    return frozenset(_WORD.findall(title.lower()))


def _differ(brands: Sequence[str | None], a: int, b: int) -> bool:
    if not brands:
        return False
    one, other = brands[a], brands[b]
    return bool(one and other and one.strip().lower() != other.strip().lower())


def _far(prices: Sequence[float | None], a: int, b: int) -> bool:
    if not prices:
        return False
    one, other = prices[a], prices[b]
    return bool(one and other and abs(one - other) > _PRICE_GAP * max(one, other))
