"""What somebody typed, and within which bounds: the words to look for, and the prices they named."""

import math
import re
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidQuery, InvalidRequest
from shopkeeper.core.types import Bools
from shopkeeper.surfaces.assortment import Assortment

MOST_CHARACTERS: Final = 500
"""Longest query."""
_N: Final = r"(\d{1,9}(?:\.\d{1,2})?)"
_SIGN: Final = r"[$€£¥￥]"
_UNIT: Final = r"(?:dollars?|bucks|euros?|pounds|yuan|rmb|usd|eur|gbp|cny)\b"
_MONEY: Final = rf"(?:{_SIGN}\s*{_N}(?![\w.])|{_N}\s*{_UNIT})"
_YUAN: Final = r"(?:元|块钱|块)"
_END: Final = r"\s*[.!?。！？]*\s*$"
_LOW: Final = r"(?:under|below|less than|cheaper than)"
_PRICES: Final = tuple(
    (re.compile(rf"(?<!\w){pattern}" if pattern[0] == "(" else pattern, re.IGNORECASE), bounds)
    for pattern, bounds in (
        (rf"(?:between|from)\s+{_SIGN}?\s*{_N}\s*(?:and|to|-)\s*{_MONEY}", "both"),
        (rf"(?:{_LOW}|up to|at most|no more than)\s+{_MONEY}", "most"),
        (rf"(?:over|above|more than|at least)\s+{_MONEY}", "least"),
        (rf"{_LOW}\s+{_N}(?={_END})", "most"),
    )
) + tuple(
    (re.compile(pattern), bounds)
    for pattern, bounds in (
        (rf"{_N}\s*{_YUAN}?\s*[到至~-]\s*{_N}\s*{_YUAN}", "both"),
        (rf"{_N}\s*{_YUAN}?\s*(?:以下|以内|之内)", "most"),
        (rf"(?:低于|不超过|少于)\s*{_N}\s*{_YUAN}", "most"),
        (rf"{_N}\s*{_YUAN}\s*以上", "least"),
        (rf"(?:高于|超过)\s*{_N}\s*{_YUAN}", "least"),
    )
)
"""How a price is named, most telling first. A bare number counts only where money is meant."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be found.

    Attributes
    ----------
    category, brand
        Exactly these, as in the catalogue; None for any.
    min_price, max_price
        In the catalogue's own currency, both included; None for any. What has no price lies within none.
    in_stock
        Only what may be sold, or only what may not; None for both.
    """

    category: str | None = None
    brand: str | None = None
    min_price: float | None = None
    max_price: float | None = None
    in_stock: bool | None = None

    def checked(self) -> "Bounds":
        """The same.

        Raises
        ------
        InvalidRequest
            A price is not a number from 0 on, or the lowest is above the highest.
        """
        for name in ("min_price", "max_price"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise InvalidRequest(f"{name} = {value} must be a number from 0 on.")
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise InvalidRequest(
                f"min_price = {self.min_price:g} is above max_price = {self.max_price:g}.", hint="Swap them."
            )
        return self

    def within(self, stock: Assortment) -> Bools:
        """Items of an assortment that lie within, shape ``(n,)``; `NotFound` for an unknown category."""
        mask = np.ones(len(stock), bool)
        if self.category is not None:
            mask &= stock.category == stock.category_code(self.category)
        if self.brand is not None:
            mask &= np.array(stock.texts[c.BRAND], object) == self.brand
        if self.min_price is not None:
            mask &= stock.prices >= np.float32(self.min_price)
        if self.max_price is not None:
            mask &= stock.prices <= np.float32(self.max_price)
        if self.in_stock is not None:
            mask &= stock.in_stock == self.in_stock
        return mask


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query, understood.

    Attributes
    ----------
    typed
        As it came.
    words
        Without the prices it names.
    bounds
        The caller's, drawn tighter by those prices.
    """

    typed: str
    words: str
    bounds: Bounds

    @property
    def names_prices_only(self) -> bool:
        """Whether nothing but a price was asked for."""
        return self.words != self.typed and not re.search(r"\w", self.words)


def read_query(typed: str, bounds: Bounds | None = None) -> Wanted:
    """Understand what was typed.

    Raises
    ------
    InvalidQuery
        It is empty, or has more than `MOST_CHARACTERS`.
    InvalidRequest
        See `Bounds.checked`.
    """
    if not typed.strip() or len(typed) > MOST_CHARACTERS:
        told = f"has {len(typed)} characters" if typed.strip() else "is empty"
        raise InvalidQuery(f"q {told}: it must have 1 to {MOST_CHARACTERS}.", hint="Type what to look for.")
    words, bounds = typed, (bounds or Bounds()).checked()
    for pattern, kind in _PRICES:
        found = pattern.search(words)
        if found:
            prices = [float(price) for price in found.groups() if price]
            low = min(prices) if kind != "most" else None
            high = max(prices) if kind != "least" else None
            bounds = _tighter(bounds, low, high)
            words = f"{words[: found.start()]} {words[found.end() :]}"
    return Wanted(typed, words, bounds)


def _tighter(bounds: Bounds, low: float | None, high: float | None) -> Bounds:
    lows = [price for price in (bounds.min_price, low) if price is not None]
    highs = [price for price in (bounds.max_price, high) if price is not None]
    return replace(bounds, min_price=max(lows, default=None), max_price=min(highs, default=None))
