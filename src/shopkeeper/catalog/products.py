"""What the catalogue says of products, in one language."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.encoders.schemas import LONGEST_TAG

_KINDS: Final = (c.CATEGORY, c.CATEGORY2, c.CATEGORY3, c.BRAND)
_TEXTS: Final = (c.TITLE, *_KINDS, c.DESCRIPTION)
_MOST_CHARACTERS: Final = 500
"""Of a text that a model is shown."""


@dataclass(frozen=True, slots=True)
class Product:
    """What the catalogue says of one item, in one language.

    Attributes
    ----------
    texts
        By column; empty ones are left out.
    tags
        Those the shop keeps itself.
    reserved
        Whether nothing is to be concluded from it.
    """

    texts: dict[str, str]
    tags: tuple[str, ...]
    reserved: bool

    def without_brand(self, name: str) -> str:
        """A text; the brand is known beside it."""
        text, brand = self.texts.get(name, ""), self.texts.get(c.BRAND)
        edge = r"\b" if brand and brand.isascii() else ""
        return re.sub(f"{edge}{re.escape(brand)}{edge}", " | ", text, flags=re.I) if brand else text

    def words(self, tags: Sequence[str]) -> tuple[str, ...]:
        """What may be said of people who took it: nothing of what is reserved."""
        kinds = [self.texts[name] for name in _KINDS if name in self.texts]
        return () if self.reserved else tuple(word for word in (*kinds, *tags) if len(word) <= LONGEST_TAG)


def products_of(items: ItemIndex, language: str) -> list[Product]:
    """Each item of a catalogue; ``language`` is ``en`` or ``zh``."""
    columns = [name for name in (*_TEXTS, c.ATTRIBUTES) if name in items.table.columns]
    if not columns:
        return [Product({}, (), False)] * len(items)
    return [_product(row, language) for row in items.table.select(columns).iter_rows(named=True)]


def _product(row: dict[str, Any], language: str) -> Product:
    found = json.loads(row.get(c.ATTRIBUTES) or "{}")
    attributes = found if isinstance(found, dict) else {}

    def told(name: str) -> Any:
        return attributes.get(f"{name}_{language}") or row.get(name) or attributes.get(name)

    texts = {name: str(told(name))[:_MOST_CHARACTERS] for name in _TEXTS if told(name)}
    given = told(c.TAGS)
    tags = tuple(tag for tag in given if isinstance(tag, str)) if isinstance(given, list) else ()
    return Product(texts, tags, any(attributes.get(key) is True for key in c.RESERVED))
