"""What came true after a moment: labels look at ``as_of <= time`` alone, features at ``time < as_of``."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import DAY_MS, Bools, EventType, Floats, Longs
from shopkeeper.data.customer_log import AMOUNT, ITEM, KIND, CustomerLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.visits import LIMIT, RECENCY

LONGEST_DAYS = 3_650


class Label(Protocol):
    """Something that does or does not come true within some days."""

    @property
    def days(self) -> int:
        """Length of the window."""

    @property
    def words(self) -> str:
        """What it says, for messages."""

    def of(self, log: CustomerLog, as_of: int, profiles: pl.DataFrame) -> Bools:
        """Whether it came true for each person of ``profiles``, which are as of ``as_of``."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A purchase within the window."""

    days: int

    @property
    def words(self) -> str:
        """What it says, for messages."""
        return f"a purchase within {self.days} days"

    def of(self, log: CustomerLog, as_of: int, profiles: pl.DataFrame) -> Bools:
        """See `Label.of`."""
        return np.asarray(bought(log, as_of, self.days)[profiles[PERSON].to_numpy()] > 0)


@dataclass(frozen=True, slots=True)
class Silence:
    """No purchase within the window."""

    days: int

    @property
    def words(self) -> str:
        """What it says, for messages."""
        return f"no purchase within {self.days} days"

    def of(self, log: CustomerLog, as_of: int, profiles: pl.DataFrame) -> Bools:
        """See `Label.of`."""
        return ~Purchase(self.days).of(log, as_of, profiles)


@dataclass(frozen=True, slots=True)
class Lapse:
    """No purchase within the window, and by its end a silence longer than is usual for the person."""

    days: int

    @property
    def words(self) -> str:
        """What it says, for messages."""
        return f"no purchase within {self.days} days, and none for longer than usual"

    def of(self, log: CustomerLog, as_of: int, profiles: pl.DataFrame) -> Bools:
        """See `Label.of`."""
        silent = Silence(self.days).of(log, as_of, profiles)
        beyond = profiles[RECENCY] + self.days > profiles[LIMIT]
        return np.asarray(silent & beyond.fill_null(value=False).to_numpy())


def bought(log: CustomerLog, as_of: int, days: int) -> Longs:
    """Purchase lines of each customer within ``days`` from a moment, shape ``(n_people,)``."""
    return np.bincount(_lines(log, as_of, days)[PERSON].to_numpy(), minlength=len(log.people))


def spent(log: CustomerLog, as_of: int, days: int) -> Floats:
    """What each customer spent within ``days`` from a moment, shape ``(n_people,)``."""
    lines = _lines(log, as_of, days)
    amounts = lines[AMOUNT].fill_null(0.0).to_numpy()
    total = np.bincount(lines[PERSON].to_numpy(), amounts, minlength=len(log.people))
    return total.astype(np.float32)


def next_categories(log: CustomerLog, as_of: int, days: int, column: str) -> pl.DataFrame:
    """Categories bought on the first day of purchase within ``days`` from a moment.

    Returns
    -------
    Distinct ``person`` and ``column``, one of `CustomerLog.items`; nobody who did not buy.
    """
    lines = _lines(log, as_of, days).with_columns(((pl.col(c.TIMESTAMP) - as_of) // DAY_MS).alias("day"))
    first = lines.filter(pl.col("day") == pl.col("day").min().over(PERSON))
    told = first.join(log.items.select(column).with_row_index(ITEM), on=ITEM)
    return told.select(PERSON, column).drop_nulls().unique().sort(PERSON, column)


def _lines(log: CustomerLog, as_of: int, days: int) -> pl.DataFrame:
    window = log.within(as_of, as_of + days * DAY_MS)
    return window.filter(pl.col(KIND) == int(EventType.purchase))


def check_days(name: str, days: int) -> None:
    """Refuse a window of no days, or of more than ten years."""
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidRequest(f"{name} = {days}: must be between 1 and {LONGEST_DAYS} days.")


def check_told(truth: Bools, label: Label) -> None:
    """Refuse a label that never or always came true: nothing can be learned from it."""
    if truth.all() or not truth.any():
        what = "Everybody" if truth.all() and len(truth) else "Nobody"
        raise TooLittleData(
            f"{what} had {label.words} in all {len(truth):,} cases before as_of: "
            "there is nothing to tell apart.",
            hint="Choose another horizon, or a later moment.",
        )
