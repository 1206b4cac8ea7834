"""The live catalogue laid along the live model: built anew when either changes, shared by all requests."""

from threading import Lock
from time import monotonic
from typing import Protocol

import polars as pl

from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.derived import completed
from shopkeeper.recommenders.model import Model
from shopkeeper.surfaces.assortment import Assortment, lay_out


class LiveCatalogue(Protocol):
    """What is needed of the catalogue."""

    def items(self) -> pl.DataFrame:
        """Items in `columns.ITEM_COLUMNS`."""

    def items_version(self) -> int:
        """Changes whenever an item does."""


class Showroom:
    """The assortment for a model.

    Parameters
    ----------
    catalogue
        The live catalogue.
    currency
        Currency of prices that name none.
    every
        Seconds between two looks at whether an item has changed.
    """

    def __init__(self, catalogue: LiveCatalogue, *, currency: str, every: float = 0.5) -> None:
        self._catalogue = catalogue
        self._currency = currency
        self._every = every
        self._looked = float("-inf")
        self._version = -1
        self._built: tuple[Model | None, int, Assortment] | None = None
        self._lock = Lock()

    def assortment(self, model: Model | None) -> Assortment:
        """Everything that can be shown, by the codes of this model."""
        version = self._newest()
        built = self._built
        if built is None or built[0] is not model or built[1] != version:
            with self._lock:
                built = self._built
                if built is None or built[0] is not model or built[1] != version:
                    built = self._built = (model, version, self._lay_out(model))
        return built[2]

    def _newest(self) -> int:
        if monotonic() - self._looked >= self._every:
            self._version = self._catalogue.items_version()
            self._looked = monotonic()
        return self._version

    def _lay_out(self, model: Model | None) -> Assortment:
        items = model.items if model else ItemIndex.of([])
        return lay_out(items, completed(self._catalogue.items()), currency=self._currency)
