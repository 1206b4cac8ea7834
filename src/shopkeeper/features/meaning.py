"""What an encoder makes of items: vectors of their titles, each distinct text read once."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import EndpointFailed
from shopkeeper.core.types import Floats
from shopkeeper.data.dataset import ItemIndex

Reader = Callable[[list[str]], Floats]
"""Turns texts into vectors, as `Encoder.encode` does."""
_LOG: Final = logging.getLogger("shopkeeper")
_READ: Final = (c.TITLE, c.CATEGORY, c.CATEGORY2, c.CATEGORY3)
"""Columns an encoder reads, in this order: what a thing is, and of which kind; see decision 052."""


def texts_of(items: ItemIndex) -> list[str]:
    """What is read of each item; empty where nothing is known."""
    table = items.table
    read = [pl.col(name).cast(pl.String).str.strip_chars() for name in _READ if name in table.columns]
    if not read:
        return [""] * len(items)
    return table.select(pl.concat_str(read, separator=". ", ignore_nulls=True)).to_series().to_list()


def readable(items: ItemIndex, read: Reader) -> ItemIndex:
    """The same items, with vectors for whoever wants them; nothing is read before.

    A service of others that fails costs the vectors, which is logged as a warning, and no more than them.
    """

    def made() -> Floats | None:
        try:
            return vectors_of(items, read)
        except EndpointFailed as error:
            _LOG.warning("Titles are learned from by their words, and not by their meaning: %s", error)
            return None

    return replace(items, read=made)


def vectors_of(items: ItemIndex, read: Reader) -> Floats:
    """What is made of items; see `ItemIndex.vectors`."""
    texts, place = np.unique(np.array(texts_of(items), dtype=object), return_inverse=True)
    return read(texts.tolist())[place]
