"""What the engine needs from outside, as protocols: the clock, the log and the catalogue."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import polars as pl

from shopkeeper.core.types import Balance, Claim, Decision

EventRow = tuple[Any, ...]
"""One event ready for the log: the 16-byte key, then the other `columns.EVENT_COLUMNS` in their order."""


class Clock(Protocol):
    """Where "now" comes from."""

    def __call__(self) -> int:
        """The present moment, epoch milliseconds."""


def system_clock() -> int:
    """The machine's own clock, epoch milliseconds."""
    return time.time_ns() // 1_000_000


class EventLog(Protocol):
    """An append-only log of events in which nothing acknowledged is ever lost."""

    def append(self, rows: Sequence[EventRow]) -> list[bool]:
        """Store rows and wait until they are on disk; for each whether it is new (else it was there)."""

    def append_later(self, rows: Sequence[EventRow]) -> "Future[list[bool]]":
        """`append` without the wait: the future is done when the rows are on disk."""

    def events_of(
        self, people: Sequence[str], *, after_seq: int = 0, columns: Sequence[str] = ()
    ) -> list[tuple[Any, ...]]:
        """Events of these pseudonyms later than a place in the log, in log order."""

    def scan(self, columns: Sequence[str], *, after_seq: int = 0) -> pl.DataFrame:
        """The whole log, or what came after a place in it, in log order."""

    def last_seq(self) -> int:
        """The place of the newest event, 0 for an empty log."""


class DecisionLog(Protocol):
    """What was answered to whom; it never keeps an answer waiting, and may lose its last second."""

    def log(self, decision: Decision) -> None:
        """Take a decision to be written soon."""

    def flush(self) -> None:
        """Write what waits."""

    def shown(self, *, since: int = 0, most: int = 1) -> pl.DataFrame:
        """The newest answers since a moment, a row for each item shown."""


class BudgetLedger(Protocol):
    """Money that is spent once, whoever spends it: no account ever gives out more than its budget.

    Amounts are whole numbers, such as millionths of a currency. A worker takes some of an account into a
    purse of its own, spends out of it without asking, and says now and then how much that was. Totals, not
    differences, are told, so that anything may be told again.
    """

    def set_budgets(self, budgets: Mapping[str, int]) -> None:
        """Say what each account may spend in all, what it spent before included."""

    def reserve(self, claims: Sequence[Claim]) -> list[int]:
        """Fill purses up to totals: for each claim what its purse has got in all, as much as there is."""

    def spend(self, totals: Mapping[str, int]) -> None:
        """Say what was spent out of each purse so far, in all; less than was said before changes nothing."""

    def release(self, purses: Sequence[str]) -> None:
        """Give back what was not spent out of purses; they may be filled again."""

    def forfeit(self, before: int) -> int:
        """Count as spent what lies in purses that nobody touched since a moment; how many there were."""

    def balances(self) -> dict[str, Balance]:
        """How much every account may spend, has given out, and has spent."""


class Catalogue(Protocol):
    """What the shop sells, knows of its customers, and offers."""

    def items(self) -> pl.DataFrame:
        """Items in `columns.ITEM_COLUMNS`."""

    def customers(self) -> pl.DataFrame:
        """Customers in `columns.CUSTOMER_COLUMNS`, by pseudonym."""

    def campaigns(self) -> pl.DataFrame:
        """Campaigns, one row each."""

    def campaign_items(self) -> pl.DataFrame:
        """Items of campaigns: campaign, item, and coupon (empty where there is none)."""

    def campaign_customers(self) -> pl.DataFrame:
        """Audiences of campaigns: campaign and pseudonym."""

    def circles(self) -> pl.DataFrame:
        """Ties as they are heard, in `columns.TIE_COLUMNS`: who hears, and whom, by pseudonym."""


class PersonalData(Protocol):
    """A place that holds data of people and can let go of it."""

    def linked(self, person: str) -> tuple[str, ...]:
        """The pseudonym itself and those known to be the same person."""

    def delete_people(self, people: Sequence[str]) -> dict[str, int]:
        """Delete every row of these pseudonyms; rows deleted by table."""

    def find_people(self, people: Sequence[str]) -> dict[str, int]:
        """Rows by table that still name one of these pseudonyms; tables without one are left out."""

    def checkpoint(self) -> bool:
        """Empty the write-ahead log; whether nobody stood in the way."""

    def compact(self) -> None:
        """Rewrite the files without what was deleted."""

    def find_bytes(self, texts: Sequence[str]) -> int:
        """How often one of these texts still occurs in the raw files."""
