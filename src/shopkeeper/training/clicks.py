"""Learns click probabilities of adverts from what was shown and what was clicked."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import TooLittleData
from shopkeeper.core.types import EventType, Floats
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.store import Store
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.cache import VECTORS, Cached
from shopkeeper.propensity.click_features import HEARD, advert, context, meanings
from shopkeeper.propensity.clicks import ClickModel, Learned, Showings
from shopkeeper.surfaces.adverts import Advert

FOLDER: Final = "ads"
"""Within the shop's folder: the click model."""
SURFACE: Final = "ads"
MOST: Final = 500_000
"""Answers that are learned from, the newest."""
CLICK: Final = EventType.select_promotion.name
Progress = Callable[[str, int, int], None]
Reader = Callable[[list[str]], Encoder[str] | None]
"""The encoder that fits texts; None where none is at hand."""


def learn_clicks(
    store: Store, adverts: Sequence[Advert], read: Reader, cache: Path, progress: Progress
) -> tuple[ClickModel, dict[str, Learned]]:
    """Learn from the decision log; a click is an event ``select_promotion`` that echoes the answer.

    Parameters
    ----------
    store
        Log and decisions.
    adverts
        Those there are; showings of others are passed over.
    read
        What reads their texts.
    cache
        Folder where vectors are kept.
    progress
        Told of stages.

    Raises
    ------
    TooLittleData
        There are too few clicks, or no adverts.
    """
    if not adverts:
        raise TooLittleData("The shop has no adverts.", hint="Write them into the file that ads.file names.")
    decisions = Decisions(store)
    try:
        shown = decisions.shown(most=MOST).filter(pl.col(c.SURFACE) == SURFACE)
    finally:
        decisions.close()
    places = {one.ad_id: place for place, one in enumerate(adverts)}
    shown = shown.filter(pl.col(c.ITEM_ID).is_in(list(places))).sort(c.TIMESTAMP, maintain_order=True)
    columns = (PERSON, c.EVENT_TYPE, c.ITEM_ID, c.PROMOTION_ID, c.REQUEST_ID, c.TIMESTAMP)
    events = store.scan(columns)
    clicks = events.filter((pl.col(c.EVENT_TYPE) == CLICK) & pl.col(c.REQUEST_ID).is_not_null())
    clicked = set(clicks.select(c.REQUEST_ID, pl.coalesce(c.PROMOTION_ID, c.ITEM_ID)).iter_rows())
    encoder, vectors = _meanings(adverts, read, cache)
    features = _features(adverts, vectors)
    past = _Past(events, store.items())
    contexts = [
        context(now, row, past.categories(person, now))
        for person, row, now in shown.select(PERSON, c.ROW, c.TIMESTAMP).iter_rows()
    ]
    came = [pair in clicked for pair in shown.select(c.REQUEST_ID, c.ITEM_ID).iter_rows()]
    told = [features[places[name]] for name in shown[c.ITEM_ID]]
    return ClickModel.fit(Showings(contexts, told, np.array(came, bool)), encoder, progress)


def features_of(adverts: Sequence[Advert], read: Reader, cache: Path, encoder: str) -> list[dict[str, float]]:
    """Features of adverts; without the meaning of their texts where another encoder reads them by now."""
    now, vectors = _meanings(adverts, read, cache)
    return _features(adverts, vectors if now == encoder else None)


def _features(adverts: Sequence[Advert], vectors: Floats | None) -> list[dict[str, float]]:
    return [
        advert(
            one.ad_id,
            one.advertiser,
            one.account,
            one.category,
            None if vectors is None or not one.text else vectors[place],
        )
        for place, one in enumerate(adverts)
    ]


def _meanings(adverts: Sequence[Advert], read: Reader, cache: Path) -> tuple[str, Floats | None]:
    """Name of the encoder, and `meanings` of the texts; none where no advert has one."""
    texts = [one.text for one in adverts]
    encoder = read(texts) if any(texts) else None
    if encoder is None:
        return "", None
    with Cached(encoder, cache / VECTORS) as cached:
        return cached.id, meanings(cached.encode(texts))


class _Past:
    """What everybody did, for any moment."""

    def __init__(self, events: pl.DataFrame, items: pl.DataFrame) -> None:
        known = dict(items.select(c.ITEM_ID, c.CATEGORY).iter_rows())
        self._times: dict[str, list[int]] = {}
        self._categories: dict[str, list[str | None]] = {}
        mine = events.filter(pl.col(PERSON).is_not_null() & pl.col(c.ITEM_ID).is_not_null())
        ordered = mine.sort(c.TIMESTAMP, maintain_order=True).select(PERSON, c.TIMESTAMP, c.ITEM_ID)
        for person, time, item in ordered.iter_rows():
            self._times.setdefault(person, []).append(time)
            self._categories.setdefault(person, []).append(known.get(item))

    def categories(self, person: str | None, now: int) -> list[str | None]:
        """Of the last items somebody touched before a moment."""
        if person is None or person not in self._times:
            return []
        end = bisect_left(self._times[person], now)
        return self._categories[person][max(0, end - HEARD) : end]
