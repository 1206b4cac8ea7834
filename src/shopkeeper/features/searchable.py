"""What an item can be found by: its texts in fields, in every language the catalogue has them in."""

from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.derived import DERIVED, attributes_of

_OTHER: Final = "_zh"
_KINDS: Final = (c.CATEGORY, c.CATEGORY2, c.CATEGORY3)
_UNSAID: Final = (DERIVED, *c.RESERVED)


def searchable(items: pl.DataFrame) -> dict[str, list[str]]:
    """Texts of items by field: title, brand, category (of all levels), attributes, description.

    A Chinese value among the attributes, such as ``title_zh``, stands in the field it translates.

    Parameters
    ----------
    items
        The catalogue, in whatever of `columns.ITEM_COLUMNS` it has.
    """
    attributes = [attributes_of(text) for text in _column(items, c.ATTRIBUTES)]

    def field(*names: str) -> list[str]:
        columns = [_column(items, name) for name in names]
        columns += [[_said(one.get(name + _OTHER)) for one in attributes] for name in names]
        return [" ".join(filter(None, row)) for row in zip(*columns, strict=True)]

    return {
        "title": field(c.TITLE),
        "brand": field(c.BRAND),
        "category": field(*_KINDS),
        "attributes": [_values(one) for one in attributes],
        "description": field(c.DESCRIPTION),
    }


def _column(items: pl.DataFrame, name: str) -> list[str]:
    if name not in items.columns:
        return [""] * len(items)
    return items[name].cast(pl.String).fill_null("").to_list()


def _values(attributes: dict[str, object]) -> str:
    """The words among what is told of an item; other languages stand in the fields they translate."""
    told = [value for name, value in attributes.items() if name not in _UNSAID and not name.endswith(_OTHER)]
    return " ".join(filter(None, map(_said, told)))


def _said(value: object) -> str:
    """A text, or several; numbers and marks alone are nothing to search for."""
    if isinstance(value, list):
        return " ".join(filter(None, map(_said, value)))
    return value if isinstance(value, str) else ""
