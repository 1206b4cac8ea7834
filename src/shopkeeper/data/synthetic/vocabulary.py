"""What the generated shop sells, as words: kinds of goods, brands, styles, aspects, in English and Chinese.

``types.psv`` has a line a kind: department, category and kind (each with its Chinese), days one pack lasts,
usual price, day of the year it peaks (``.`` for none), missions it serves, domain, and pack sizes or colours.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

ASPECTS_OF: Final[dict[str, tuple[str, ...]]] = {
    "food": ("organic", "vegan", "gluten-free", "sugar-free"),
    "dairy": ("organic",),
    "care": ("organic", "vegan", "fragrance-free", "hypoallergenic"),
    "wear": ("recycled", "vegan"),
    "home": ("recycled",),
    "pet": ("organic", "gluten-free", "hypoallergenic"),
    "tech": ("recycled",),
    "book": (),
    "garden": ("organic", "recycled"),
}
"""Which aspects a good of a domain can have; no other can be asked of it."""
CONSUMED: Final = 100
"""A pack that lasts fewer days than this is used up and bought again; the rest is worn out or wanted
once more."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of goods; a need for it is what brings people to the shop."""

    department: tuple[str, str]
    category: tuple[str, str]
    name: tuple[str, str]
    days: float
    price: float
    peak: int | None
    missions: tuple[str, ...]
    domain: str
    variants: tuple[str, ...]


@cache
def kinds() -> tuple[Kind, ...]:
    """All kinds of goods."""
    return tuple(_kind(row) for row in _rows("types.psv"))


@cache
def brands() -> tuple[tuple[str, str], ...]:
    """All brands, in English and Chinese."""
    return tuple((english, chinese) for english, chinese in _rows("brands.psv"))


@cache
def styles() -> tuple[tuple[str, str], ...]:
    """All styles, in English and Chinese."""
    return tuple((english, chinese) for use, english, chinese in _rows("words.psv") if use == "style")


@cache
def aspects() -> tuple[tuple[str, str], ...]:
    """All aspects, in English and Chinese; the position of one is its bit."""
    return tuple((english, chinese) for use, english, chinese in _rows("words.psv") if use == "aspect")


@cache
def missions() -> tuple[str, ...]:
    """All missions: occasions that bring several needs together."""
    return tuple(sorted({mission for kind in kinds() for mission in kind.missions}))


def variant_in_chinese(variant: str) -> str:
    """Translate a pack size or a colour: ``3 pack`` becomes ``3件装``."""
    text = variant.replace(" x ", "×")
    for english, chinese in _units().items():
        text = re.sub(rf"\s*\b{english}\b", chinese, text)
    return text


@cache
def _units() -> dict[str, str]:
    rows = [(english, chinese) for use, english, chinese in _rows("words.psv") if use == "unit"]
    return dict(sorted(rows, key=lambda row: -len(row[0])))


def _kind(row: list[str]) -> Kind:
    days, price, peak, tags, domain, variants = row[6:]
    return Kind(
        (row[0], row[1]),
        (row[2], row[3]),
        (row[4], row[5]),
        float(days),
        float(price),
        None if peak == "." else int(peak),
        tuple(tags.split()),
        domain,
        tuple(variants.split(",")),
    )


def _rows(name: str) -> list[list[str]]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines(), delimiter="|", quoting=csv.QUOTE_NONE))
