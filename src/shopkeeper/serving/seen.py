"""What people were shown, read from the decision log: a worker keeps it and asks only for what came after."""

from collections.abc import Sequence
from threading import Lock
from typing import Final, Protocol

import numpy as np
from pydantic_core import from_json

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, Longs
from shopkeeper.data.impressions import SURFACES
from shopkeeper.data.looks import DAYS, HALF_HOUR, MOST_ANSWERS, half_hours, once, packed
from shopkeeper.data.showings import ROWS, SLOTS
from shopkeeper.serving.recent import Recent
from shopkeeper.surfaces.assortment import Assortment

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
        self._back = int(max(_HALF_LIVES * days, DAYS) * DAY_MS)
        self._lock = Lock()
        self._for: Assortment | None = None
        self._erasures = -1
        self._known: Recent[tuple[str, ...], tuple[int, Longs]] = Recent(showings)

    def showings(self, people: tuple[str, ...], stock: Assortment, now: int) -> Longs:
        """Items, half hours and places, as `looks.packed`; up to what the log had written just now."""
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
        merged = once(np.concatenate([known, *fresh]))
        merged = merged[half_hours(merged) >= since // HALF_HOUR]
        with self._lock:
            if self._for is stock and self._erasures == erasures:
                self._known.put(people, (answers[0][0], merged), len(merged) + _PERSON)
        return merged


def _shown(rows: str, time: int, stock: Assortment) -> Longs:
    """Showings of one answer; items that are no longer sold are passed over."""
    found = [
        (code, min(row, ROWS - 1) * SLOTS + min(slot, SLOTS - 1))
        for row, shown in enumerate(from_json(rows, cache_strings="keys"))
        for slot, item in enumerate(shown[c.ITEM_ID])
        if (code := stock.codes.get(item)) is not None
    ]
    codes, places = np.array(found, np.int64).reshape(-1, 2).T
    return packed(codes, np.full(len(codes), time // HALF_HOUR), places)
