"""What is known of customers beside what they did, as codes a model can learn from."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Ints

UNKNOWN = -1
_MOST_VALUES = 64
"""A field with more values than that tells people apart rather than groups of them; it is left out."""
_FEWEST_CUSTOMERS = 5
"""A value that fewer customers have is left out: it would single them out."""


@dataclass(frozen=True, slots=True)
class AttributeIndex:
    """The attributes of a shop's customers in a fixed order; a value's position is its code.

    Attributes
    ----------
    fields
        Names of the attributes, such as ``age`` or ``household_size``.
    values
        The values of each field.
    """

    fields: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = ()

    def encode(self, attributes: Sequence[str | None]) -> Ints:
        """Codes of customers' ``attributes`` (JSON objects), shape ``(n, n_fields)``; -1 is not known."""
        codes = [{value: code for code, value in enumerate(values)} for values in self.values]
        out = np.full((len(attributes), len(self.fields)), UNKNOWN, np.int32)
        for row, text in enumerate(attributes):
            known = _parsed(text)
            for place, field in enumerate(self.fields):
                out[row, place] = codes[place].get(known.get(field, ""), UNKNOWN)
        return out

    @classmethod
    def of(cls, attributes: Sequence[str | None]) -> Self:
        """Index the fields and values that several of these customers share."""
        counts: dict[str, Counter[str]] = {}
        for text in attributes:
            for field, value in _parsed(text).items():
                counts.setdefault(field, Counter())[value] += 1
        shared = {
            field: tuple(sorted(value for value, n in found.items() if n >= _FEWEST_CUSTOMERS))
            for field, found in sorted(counts.items())
        }
        kept = {field: values for field, values in shared.items() if 1 < len(values) <= _MOST_VALUES}
        return cls(tuple(kept), tuple(kept.values()))


def attributes_of(people: Sequence[str], customers: pl.DataFrame) -> list[str | None]:
    """``attributes`` of each person, None where nothing is known."""
    frame = pl.DataFrame({c.CUSTOMER_ID: pl.Series(people, dtype=pl.String)})
    known = customers.select(c.CUSTOMER_ID, c.ATTRIBUTES).unique(c.CUSTOMER_ID, keep="last")
    return frame.join(known, on=c.CUSTOMER_ID, how="left", maintain_order="left")[c.ATTRIBUTES].to_list()


def _parsed(text: str | None) -> dict[str, str]:
    """Fields with one plain value each."""
    if not text:
        return {}
    found = json.loads(text)
    if not isinstance(found, dict):
        return {}
    return {
        name: str(value)
        for name, value in found.items()
        if isinstance(value, str | int | float) and value != ""
    }
