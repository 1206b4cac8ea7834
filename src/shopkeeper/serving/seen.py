"""What people were shown, read from the decision log: a worker keeps it and asks only for what came after."""

from collections.abc import Sequence
from threading import Lock
from typing import Final, Protocol

import numpy as np
from pydantic_core import from_json

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, Longs, distinct
from shopkeeper.serving.recent import Recent
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.fatigue import HALF_HOUR

SURFACES: Final = ("homepage", "recommendations", "product")
"""Where something is shown unasked; results of a search and a category are what somebody asked for."""
MOST_ANSWERS: Final = 100
"""Answers of a person that are looked back on, the newest."""
_HALF_LIVES: Final = 5
"""What is older, in half-lives, weighs less than a thirtieth and is passed over."""
_PERSON: Final = 50
"""Showings that take as much memory as what is remembered of a person besides."""
_NOTHING: Final = np.empty(0, np.int64)


class ShownLog(Protocol):
    """What is needed of the decision log."""

    def answers_to(
        self, people: Sequence[str], surfaces: Sequence[str], *, after_seq: int, since: int, most: int
    ) -> list[tuple[int, int, str]]:
        """Place in the log, time and rows of each answer, the newest first."""


class Erasures(Protocol):
    """What tells that people were deleted."""

    def erasures(self) -> int:
        """Changes when events are deleted."""


class Seen:
    """Showings of people, those asked for last remembered.

    Parameters
    ----------
    log
        Where answers are.
    deleted
        Tells of erasures, across which nothing is remembered.
    days
        Half-life of a showing.
    showings
        Most showings remembered, of all people together; 8 bytes each.
    """

    def __init__(self, log: ShownLog, deleted: Erasures, *, days: float, showings: int = 4_000_000) -> None:
        self._log = log
        self._deleted = deleted
        self._back = int(_HALF_LIVES * days * DAY_MS)
        self._lock = Lock()
        self._for: Assortment | None = None
        self._erasures = -1
        self._known: Recent[tuple[str, ...], tuple[int, Longs]] = Recent(showings)

    def showings(self, people: tuple[str, ...], stock: Assortment, now: int) -> Longs:
        """Items by code and half hour, as `Fatigue.showings`; up to what the log had written just now."""
        if not people:
            return _NOTHING
        erasures = self._deleted.erasures()
        with self._lock:
            if self._for is not stock or self._erasures != erasures:
                self._for, self._erasures = stock, erasures
                self._known.clear()
            seq, known = self._known.get(people) or (0, _NOTHING)
        since = now - self._back
        answers = self._log.answers_to(people, SURFACES, after_seq=seq, since=since, most=MOST_ANSWERS)
        if not answers:
            return known
        fresh = [_shown(shown, time, stock) for _, time, shown in answers]
        merged: Longs = distinct(np.concatenate([known, *fresh]))
        merged = merged[(merged & 0xFFFFFFFF) >= since // HALF_HOUR]
        with self._lock:
            if self._for is stock and self._erasures == erasures:
                self._known.put(people, (answers[0][0], merged), len(merged) + _PERSON)
        return merged


def _shown(rows: str, time: int, stock: Assortment) -> Longs:
    """Showings of one answer; items that are no longer sold are passed over."""
    ids = (item for row in from_json(rows, cache_strings="keys") for item in row[c.ITEM_ID])
    codes = np.array([code for code in map(stock.codes.get, ids) if code is not None], np.int64)
    return codes << 32 | time // HALF_HOUR
