"""The live catalogue laid along the live model: built anew when either changes, shared by all requests."""

import logging
from threading import Lock, Thread
from time import monotonic, thread_time
from typing import Final, Protocol

import polars as pl

from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.derived import completed
from shopkeeper.recommenders.model import Model
from shopkeeper.surfaces.assortment import Assortment, lay_out

_LOG = logging.getLogger("shopkeeper")
_HOPELESS: Final = 5
"""Times the patience that a catalogue took last, from which on nobody waits for it."""


class LiveCatalogue(Protocol):
    """What is needed of the catalogue."""

    def items(self) -> pl.DataFrame:
        """Items in `columns.ITEM_COLUMNS`."""

    def items_version(self) -> int:
        """Changes whenever an item does."""


class Showroom:
    """The assortment for a model.

    Laying out a large catalogue takes seconds. Where one was laid out for the same model before, requests go
    on with that until the new one is there; a new model has its own made by `prepare` before it serves.

    Parameters
    ----------
    catalogue
        The live catalogue.
    currency
        Currency of prices that name none.
    every
        Seconds between two looks at whether an item has changed.
    patience
        Seconds that requests wait for a changed catalogue, from when it is begun. Where the last one took
        several times as much of the processor, nobody waits in vain.
    """

    def __init__(
        self, catalogue: LiveCatalogue, *, currency: str, every: float = 0.5, patience: float = 0.1
    ) -> None:
        self._catalogue = catalogue
        self._currency = currency
        self._every = every
        self._patience = patience
        self._looked = float("-inf")
        self._version = -1
        self._built: tuple[tuple[Model | None, int, Assortment], ...] = ()
        self._lock = Lock()
        self._builder: Thread | None = None
        self._begun = float("-inf")
        self._took = 0.0

    def assortment(self, model: Model | None) -> Assortment:
        """Everything that can be shown, by the codes of this model."""
        version = self._newest()
        built = self._of(model)
        if built is None:
            return self._build(model, version)
        if built[0] == version:
            return built[1]
        self._rebuild(model, version)
        return (self._of(model) or built)[1]

    def prepare(self, model: Model) -> None:
        """Lay out the catalogue for a model that is about to serve."""
        self._build(model, self._newest())

    def _of(self, model: Model | None) -> tuple[int, Assortment] | None:
        return next(((version, stock) for known, version, stock in self._built if known is model), None)

    def _build(self, model: Model | None, version: int) -> Assortment:
        with self._lock:
            built = self._of(model)
            if built is not None and built[0] == version:
                return built[1]
            begun = thread_time()
            items = model.items if model else ItemIndex.of([])
            stock = lay_out(items, completed(self._catalogue.items()), currency=self._currency)
            stock.warm()
            self._took = thread_time() - begun
            # The model before may still be answering somebody.
            others = [entry for entry in self._built if entry[0] is not model]
            self._built = ((model, version, stock), *others[:1])
            return stock

    def _rebuild(self, model: Model | None, version: int) -> None:
        """Have it built by a thread, one at a time, and wait for that a moment."""
        builder = self._builder
        if builder is None or not builder.is_alive():
            builder = Thread(target=self._try_build, args=(model, version), name="showroom", daemon=True)
            self._builder, self._begun = builder, monotonic()
            builder.start()
        if self._took < _HOPELESS * self._patience:
            builder.join(max(0.0, self._begun + self._patience - monotonic()))

    def _try_build(self, model: Model | None, version: int) -> None:
        try:
            self._build(model, version)
        except ShopkeeperError as error:  # What was laid out before goes on serving; the next request tries.
            _LOG.warning("The catalogue could not be read: %s", error)

    def _newest(self) -> int:
        if monotonic() - self._looked >= self._every:
            self._version = self._catalogue.items_version()
            self._looked = monotonic()
        return self._version
