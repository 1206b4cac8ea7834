"""When customers come by: a renewal process each, denser before the holidays and at weekends."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import DAY_MS
from shopkeeper.data.synthetic.goods import Ints
from shopkeeper.data.synthetic.people import People

_WEEKDAYS: Final = np.array([0.85, 0.8, 0.85, 0.9, 1.0, 1.0, 0.95])
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True)
class Visits:
    """Visits by rising time: customer, day, and millisecond of the day."""

    customer: Ints
    day: Ints
    moment: Ints

    def of_day(self, day: int) -> slice:
        """Positions of the visits of a day."""
        return slice(*np.searchsorted(self.day, [day, day + 1]).tolist())


def make_visits(rng: np.random.Generator, people: People, days: int) -> Visits:
    """Draw all visits within the days of the shop."""
    most = int(days / people.gap.min() * 2) + 8
    chunks = [_visits_of(rng, people, rows, days, most) for rows in _blocks(len(people), most)]
    customer, day = (np.concatenate(part) for part in zip(*chunks, strict=True))
    kept = rng.random(len(day)) < _WEEKDAYS[day % 7] * _festive(day)
    customer, day = customer[kept], day[kept]
    moment = _moments(rng, len(day))
    order = np.lexsort((customer, moment, day))
    return Visits(customer[order], day[order], moment[order])


def day_of_year(day: int) -> int:
    """Day of the year of a day of the shop, which opens on the first of January."""
    return day % 365


def _visits_of(
    rng: np.random.Generator, people: People, rows: Ints, days: int, most: int
) -> tuple[Ints, Ints]:
    gaps = rng.gamma(1.4, people.gap[rows, None] / 1.4, (len(rows), most))
    start = np.maximum(people.joined[rows], 0)[:, None]
    at = np.cumsum(gaps, axis=1) + start - gaps[:, :1] * rng.random((len(rows), 1))
    row, column = np.nonzero(at < days)
    return rows[row], np.floor(at[row, column]).astype(np.int64)


def _blocks(n: int, width: int) -> list[Ints]:
    size = max(1, 4_000_000 // width)
    return [np.arange(start, min(n, start + size)) for start in range(0, n, size)]


def _festive(day: Ints) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """1 in the weeks before the end of the year, 0.85 otherwise."""
    return np.where((day % 365 > 325) & (day % 365 < 358), 1.0, 0.85)


def _moments(rng: np.random.Generator, n: int) -> Ints:
    """Morning, lunch and evening peaks, from 6:00 to 22:30."""
    peak = rng.choice([8.5, 12.5, 20.0], n, p=[0.25, 0.25, 0.5])
    hour = np.clip(rng.normal(peak, 1.6), 6.0, 22.5)
    return (hour * _HOUR_MS).astype(np.int64) % DAY_MS
