"""Segments for whoever asks over HTTP: computed from the whole log once, kept until the log has grown."""

import threading
from functools import partial
from typing import Final

from shopkeeper.core.config import ShopConfig
from shopkeeper.data.customer_log import read_customer_log
from shopkeeper.data.store import Store
from shopkeeper.surfaces.segmentation import Segmentation, segment

_KEPT: Final = 16
"""Answers that are kept."""
_Key = tuple[str, int, int | None]


class Segments:
    """Segmentations of a shop. Safe with several threads; one computes while the others wait.

    Parameters
    ----------
    store
        The log and the catalogue.
    config
        Holds the shop's rules.
    """

    def __init__(self, store: Store, config: ShopConfig) -> None:
        self._store, self._config = store, config
        self._lock = threading.Lock()
        self._seen: tuple[int, int] = (0, 0)
        self._kept: dict[_Key, Segmentation] = {}

    def of(self, by: str, as_of: int, since: int | None) -> Segmentation:
        """See `surfaces.segmentation.segment`; the same question again is answered at once."""
        with self._lock:
            # Whoever was erased must not be found in what is kept.
            seen = self._store.last_seq(), self._store.erasures()
            if seen != self._seen:
                self._kept.clear()
                self._seen = seen
            key = (by, as_of, since)
            if key not in self._kept:
                ask = partial(segment, as_of=as_of, by=by, rules=self._config.segments, since=since)
                if len(self._kept) >= _KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = ask(read_customer_log(self._store, self._store))
            return self._kept[key]
