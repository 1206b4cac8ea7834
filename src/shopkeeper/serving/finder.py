"""What search needs, built beside the requests: nobody waits for it, and it follows the catalogue."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final

import polars as pl

from shopkeeper.core.errors import CorruptModel, NotIndexed, ShopkeeperError
from shopkeeper.core.types import Floats
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.derived import completed
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.cache import VECTORS, Cached
from shopkeeper.features.meaning import texts_of, vectors_of
from shopkeeper.features.searchable import searchable
from shopkeeper.learners.queries import Adaptation, Adapted
from shopkeeper.retrieval.kept import alone, fingerprint
from shopkeeper.retrieval.vectors import Neighbours, name_of
from shopkeeper.retrieval.words import Words
from shopkeeper.serving.showroom import LiveCatalogue
from shopkeeper.surfaces.search import Index

EncoderChoice = Callable[[list[str]], Encoder[str] | None]
"""The encoder that fits a catalogue by its titles; None where queries cannot be read at once."""
_PATIENCE: Final = 5.0
"""Seconds that a search waits for the very first index."""
_CLOSING: Final = 10.0
_LOG: Final = logging.getLogger("shopkeeper")


class _StoppedError(Exception):
    """The service closes."""


class OneAtATime:
    """An encoder that several threads may ask."""

    def __init__(self, encoder: Encoder[str]) -> None:
        self._encoder, self._lock = encoder, Lock()

    @property
    def id(self) -> str:
        """See `Encoder.id`."""
        return self._encoder.id

    @property
    def dim(self) -> int:
        """See `Encoder.dim`."""
        return self._encoder.dim

    def encode(self, values: Sequence[str]) -> Floats:
        """See `Encoder.encode`."""
        with self._lock:
            return self._encoder.encode(values)


class Finder:
    """Builds the index when somebody first searches, and anew when texts of the catalogue change.

    Building takes a thread of its own. Words come first, and are searched alone until vectors are there; an
    index that serves goes on serving until the next is whole. Of several processes over one cache one reads
    the catalogue, and the others share what it kept. What cannot be read by meaning is logged as a warning
    and found by words.

    Parameters
    ----------
    catalogue
        The live catalogue.
    cache
        The shop's folder of what can be made again; None keeps everything in memory.
    choose
        The encoder that fits; None for words alone.
    adapted
        How queries and items are read, where the live model has learned it.
    every
        Seconds between two looks at whether an item has changed.
    """

    def __init__(
        self,
        catalogue: LiveCatalogue,
        cache: Path | None = None,
        choose: EncoderChoice | None = None,
        adapted: Callable[[], Adaptation | None] = lambda: None,
        *,
        every: float = 0.5,
    ) -> None:
        self._catalogue, self._cache, self._choose, self._every = catalogue, cache, choose, every
        self._adapted = adapted
        self._looked, self._content = float("-inf"), ""
        self._seen: tuple[int, Adaptation | None] = (-1, None)
        self._index: Index | None = None
        self._lock, self._first, self._stop = Lock(), Event(), Event()
        self._builder: Thread | None = None

    def index(self) -> Index:
        """What there is to search by; starts what has to be built, and waits only for the very first words.

        Raises
        ------
        NotIndexed
            They are not there within some seconds.
        """
        self._follow(self._every)
        self._first.wait(_PATIENCE)
        return self._ready()

    def whole(self) -> Index:
        """The same, once it is whole; raises `NotIndexed` where it cannot be built."""
        for _ in range(2):  # what is being built may be older than the catalogue
            builder = self._follow(0.0)
            if builder is not None:
                builder.join()
        return self._ready()

    def close(self) -> None:
        """Stop building."""
        self._stop.set()
        if self._builder is not None:
            self._builder.join(_CLOSING)

    def _ready(self) -> Index:
        if self._index is None:
            raise NotIndexed(
                "Search is still getting ready.",
                hint="Try again shortly. If that lasts, delete the shop's cache folder.",
            )
        return self._index

    def _follow(self, every: float) -> Thread | None:
        """Start building where the catalogue has changed; the thread that builds."""
        with self._lock:
            busy = self._builder is not None and self._builder.is_alive()
            if not busy and not self._stop.is_set() and monotonic() - self._looked >= every:
                self._looked = monotonic()
                seen = self._catalogue.items_version(), self._adapted()
                if seen != self._seen:
                    self._seen = seen
                    self._builder = Thread(target=self._build, name="search index", daemon=True)
                    self._builder.start()
            return self._builder

    def _build(self) -> None:
        try:
            self._renew(completed(self._catalogue.items()))
        except _StoppedError:
            pass
        except Exception:
            # A thread has nobody to tell; pages go on, and the next search tries again.
            _LOG.exception("The search index could not be built.")
            self._seen = (-1, None)
        finally:
            self._first.set()

    def _renew(self, table: pl.DataFrame) -> None:
        items, fields = ItemIndex(tuple(table["item_id"].to_list()), table), searchable(table)
        texts = texts_of(items)
        adaptation = self._seen[1]
        learned = "" if adaptation is None else adaptation.name
        content = fingerprint({**fields, "item_id": items.ids, "text": texts, "learned": [learned]})
        if content == self._content:
            return
        folder = None if self._cache is None else self._cache / "search"
        index = Index(items.ids, Words.of(fields, folder))
        if self._index is None:
            self._index = index
            self._first.set()
        self._index, self._content = self._with_meaning(index, items, texts, adaptation), content

    def _with_meaning(
        self, index: Index, items: ItemIndex, texts: list[str], adaptation: Adaptation | None
    ) -> Index:
        """The index with vectors, or as it is where none can be had."""
        try:
            encoder = self._choose(sorted(set(texts))) if self._choose is not None and texts else None
            if encoder is None or self._cache is None:
                return index
            if adaptation is not None and adaptation.encoder != encoder.id:
                adaptation = None  # the shop has changed its encoder since
            neighbours = self._neighbours(
                encoder, adaptation, items, fingerprint({"text": texts}), self._cache
            )
        except ShopkeeperError as error:
            _LOG.warning("Search goes by words alone: %s", error)
            return index
        if adaptation is None:
            return Index(index.ids, index.words, neighbours, OneAtATime(encoder))
        reader = OneAtATime(Adapted(encoder, adaptation))
        return Index(index.ids, index.words, neighbours, reader, adaptation.least)

    def _neighbours(
        self,
        encoder: Encoder[str],
        adaptation: Adaptation | None,
        items: ItemIndex,
        content: str,
        cache: Path,
    ) -> Neighbours:
        """What is kept, or else made by whichever process comes first."""
        reader = encoder.id if adaptation is None else Adapted(encoder, adaptation).id
        folder = cache / "search"
        kept = folder / name_of(reader, content)
        with suppress(NotIndexed, CorruptModel):
            return Neighbours.load(kept, reader)
        with alone(folder, lambda: self._go_on(0, 0)):
            with suppress(NotIndexed, CorruptModel):
                return Neighbours.load(kept, reader)
            with Cached(encoder, cache / VECTORS) as cached:
                vectors = vectors_of(items, lambda texts: cached.encode(texts, self._go_on))
            if adaptation is not None:
                vectors = adaptation.projection.of(vectors)
            neighbours = Neighbours.of(vectors, reader, content)
            neighbours.save(folder)
        return neighbours

    def _go_on(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _StoppedError
