"""Purses: what one worker may spend without asking, refilled in blocks from the ledger as the day goes on.

A ceiling on what an account has given out rises with the day's traffic, for all workers together; a worker
tops its purse up to one block under it. Nothing is shown that the purse cannot pay, so no budget is overspent
whatever the other workers do.
"""

import secrets
import threading
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.ports import BudgetLedger
from shopkeeper.core.types import DAY_MS, Bools, Claim, Longs
from shopkeeper.surfaces.adverts import Inventory

Doubles = NDArray[np.float64]

HOURS: Final = 24
_FREE: Final = 2**62
_SHOWINGS: Final = 2.0
"""Dear showings that a block must hold at least, or a small budget could never pay one."""
_LIKELY: Final = 0.1
"""Click probability of a dear showing."""


@dataclass(frozen=True)
class Pace:
    """How a day's budget is spread.

    Attributes
    ----------
    traffic
        Shape ``(24,)``: share of a day's requests in each hour, UTC.
    every
        Milliseconds between two refills: how far ahead a purse is filled.
    workers
        How many share the budgets.
    """

    traffic: Doubles = field(default_factory=lambda: np.full(HOURS, 1 / HOURS))
    every: int = 60_000
    workers: int = 1

    def share(self, now: int) -> float:
        """Of the day's traffic, what is over by a moment of the day; 1 from its end on."""
        edges = np.append(0.0, np.cumsum(self.traffic))
        return float(np.interp(now / DAY_MS * HOURS, np.arange(HOURS + 1), edges / edges[-1]))


class Purses:
    """One worker's purses, by place of their accounts.

    Parameters
    ----------
    ledger
        Where the money is.
    inventory
        Whose accounts; those without a budget pay whatever they bid.
    pace
        How the day is spread.
    worker
        Name of this worker, no other's.

    Attributes
    ----------
    left
        Shape ``(n_accounts,)``: millionths that may be spent without asking.
    lock
        To be held while paying.
    """

    def __init__(
        self,
        ledger: BudgetLedger,
        inventory: Inventory,
        pace: Pace,
        worker: str | None = None,
    ) -> None:
        self._ledger = ledger
        self._pace = pace
        self._worker = worker or secrets.token_hex(6)
        accounts, budgets = inventory.accounts, inventory.budgets
        self._accounts = accounts
        self._budget = np.array([budgets.get(name, _FREE) for name in accounts], np.int64)
        self._bound: Bools = self._budget < _FREE
        self._largest = np.zeros(len(accounts))
        np.maximum.at(self._largest, inventory.account, inventory.bid * _LIKELY)
        self._day = -1
        self.lock = threading.Lock()
        self.left: Longs = np.where(self._bound, 0, _FREE)
        self._held: Longs = np.zeros(len(accounts), np.int64)
        self._spent: Longs = np.zeros(len(accounts), np.int64)
        self._told: Longs = np.zeros(len(accounts), np.int64)

    def pay(self, account: int, charge: int) -> None:
        """Take a charge out of a purse that has it."""
        if self._bound[account]:
            self.left[account] -= charge
            self._spent[account] += charge

    def refill(self, now: int) -> None:
        """Say what was spent, give back what lies idle, and fill up for the time until the next refill.

        A new day begins with its budgets. Only one thread may do this; others pay meanwhile.
        """
        with self.lock:
            if now // DAY_MS != self._day:
                self._begin(now // DAY_MS)
            spent = self._spent.copy()
            idle, places, totals, ceiling = self._wanted(now % DAY_MS)
        self._tell(spent)
        self._ledger.release([self._purse(place) for place in idle.tolist()])
        claims = [
            Claim(self._purse(place), self._name(place), int(totals[place]), int(ceiling[place]))
            for place in places.tolist()
        ]
        held = self._ledger.reserve(claims)
        with self.lock:
            self._held[places] = held
            self._settle()

    def close(self) -> None:
        """Say what was spent and give back the rest."""
        with self.lock:
            self._close()

    def _begin(self, day: int) -> None:
        self._close()
        self._day = day
        for part in (self._held, self._spent, self._told):
            part[:] = 0
        named = {
            self._name(place): int(self._budget[place]) for place in np.flatnonzero(self._bound).tolist()
        }
        self._ledger.set_budgets(named)

    def _wanted(self, gone: int) -> tuple[Longs, Longs, Longs, Longs]:
        """Purses with too much in them, those to fill, up to what in all, and the ceilings of accounts.

        Whoever runs low gets its fair share of what the day has released so far, or twice what it used last;
        whoever does not gets twice what it used, and leaves the rest to other workers. Idle purses are
        emptied before they are filled: from then on they pay nothing until the ledger has answered.
        """
        before, ahead = (self._pace.share(min(gone + wait, DAY_MS)) for wait in (0, self._pace.every))
        ceiling = np.where(self._bound, self._budget * ahead, 0.0)
        fair = ceiling / self._pace.workers - self._spent
        usual = np.where(self._bound, self._budget * (ahead - before), 0.0) / self._pace.workers
        used = self._spent - self._told
        low = self.left < np.maximum(self._largest, used)
        block = np.where(low, np.maximum(fair, np.maximum(usual, 2.0 * used)), 2.0 * used)
        block = np.maximum(block, _SHOWINGS * self._largest)
        idle = np.flatnonzero(self._bound & (self.left > 2 * block))
        self._held[idle] = self._spent[idle]
        self.left[idle] = 0
        places = np.flatnonzero(self._bound & (self._held - self._spent < block))
        return idle, places, self._spent + block.astype(np.int64), ceiling.astype(np.int64)

    def _close(self) -> None:
        self._tell(self._spent.copy())
        places = np.flatnonzero(self._held > self._spent)
        self._ledger.release([self._purse(place) for place in places.tolist()])
        self._held[places] = self._spent[places]
        self._settle()

    def _tell(self, spent: Longs) -> None:
        places = np.flatnonzero(spent > self._told)
        self._ledger.spend({self._purse(place): int(spent[place]) for place in places.tolist()})
        self._told = spent

    def _settle(self) -> None:
        self.left = np.where(self._bound, self._held - self._spent, _FREE)

    def _name(self, place: int) -> str:
        return f"{self._accounts[place]}@{self._day}"

    def _purse(self, place: int) -> str:
        return f"{self._worker}:{self._name(place)}"
