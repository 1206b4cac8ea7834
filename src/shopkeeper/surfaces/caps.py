"""How often each person saw each advert today; no more is kept of them than that."""

from collections.abc import Iterable

from shopkeeper.core.types import DAY_MS


class Seen:
    """Counts of one day (UTC), by person and advert; a new day forgets the last."""

    def __init__(self) -> None:
        self._day = -1
        self._counts: dict[str, dict[str, int]] = {}

    def add(self, person: str, adverts: Iterable[str], now: int) -> None:
        """Count a showing of each."""
        self._turn(now)
        counts = self._counts.setdefault(person, {})
        for advert in adverts:
            counts[advert] = counts.get(advert, 0) + 1

    def counts(self, person: str, now: int) -> dict[str, int]:
        """How often the person saw what today; empty for whoever saw nothing."""
        self._turn(now)
        return self._counts.get(person, {})

    def forget(self, people: Iterable[str]) -> None:
        """Drop what is counted of some people."""
        for person in people:
            self._counts.pop(person, None)

    def _turn(self, now: int) -> None:
        if now // DAY_MS != self._day:
            self._day = now // DAY_MS
            self._counts = {}
