"""Purses over a real ledger: never more than the budget, along the day, whatever other workers do."""

from contextlib import closing
from sqlite3 import connect

import numpy as np
import pytest

from shopkeeper.core.types import DAY_MS, Balance
from shopkeeper.data.ledger import SqlLedger
from shopkeeper.surfaces.adverts import Advert, Inventory
from shopkeeper.surfaces.purses import HOURS, Pace, Purses

HOUR = DAY_MS // HOURS
STOCK = Inventory.of(
    [
        Advert(ad_id="a", bid=0.01, daily_budget=1.0),
        Advert(ad_id="b", bid=0.01, daily_budget=0.5, campaign_id="both"),
        Advert(ad_id="c", bid=0.01, daily_budget=0.5, campaign_id="both"),
        Advert(ad_id="free", bid=0.01),
    ]
)
A, BOTH, FREE = (STOCK.accounts.index(name) for name in ("a", "both", "free"))


@pytest.fixture
def ledger(tmp_path):
    with closing(connect(tmp_path / "shop.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return SqlLedger(f"sqlite:///{tmp_path / 'shop.db'}")


def spend(purses, account, each=5_000, most=10_000):
    """Pay for showings while the purse can; how much that was."""
    total = 0
    while purses.left[account] >= each and total < most * each:
        purses.pay(account, each)
        total += each
    return total


def test_a_day_spends_the_budget_along_its_traffic(ledger):
    traffic = np.where(np.arange(HOURS) < 12, 3.0, 1.0)
    purses = Purses(ledger, STOCK, Pace(traffic, every=2 * HOUR))
    spent = []
    for hour in range(0, HOURS, 2):
        purses.refill(hour * HOUR)
        spent.append(spend(purses, A))
    assert sum(spent) == 1_000_000
    assert sum(spent[:6]) == pytest.approx(750_000, abs=60_000)
    assert max(spent) < 180_000
    purses.close()
    assert ledger.balances()["a@0"] == Balance(1_000_000, 1_000_000, 1_000_000)
    purses.refill(DAY_MS)
    assert purses.left[A] > 0
    assert "a@1" in ledger.balances()


def test_two_workers_share_and_one_alone_gets_all(ledger):
    pace = Pace(every=2 * HOUR, workers=2)
    busy, idle = Purses(ledger, STOCK, pace), Purses(ledger, STOCK, pace)
    total = 0
    for hour in range(0, HOURS, 2):
        for purses in (idle, busy):
            purses.refill(hour * HOUR)
        total += spend(busy, A)
        if hour < 6:
            total += spend(idle, A, most=2)
    assert 970_000 <= total <= 1_000_000
    for purses in (busy, idle):
        purses.close()
    assert ledger.balances()["a@0"] == Balance(1_000_000, total, total)


def test_adverts_of_one_campaign_share_one_budget_and_others_have_no_bound(ledger):
    purses = Purses(ledger, STOCK, Pace(every=DAY_MS))
    purses.refill(0)
    assert spend(purses, BOTH) == 500_000
    assert spend(purses, FREE) == 50_000_000
    assert set(ledger.balances()) == {"a@0", "both@0"}


def test_what_the_ledger_does_not_grant_is_not_spent(ledger):
    purses = Purses(ledger, STOCK, Pace(every=DAY_MS))
    purses.refill(0)
    ledger.set_budgets({"a@0": 0})
    held = int(purses.left[A])
    assert spend(purses, A) == held == 1_000_000
    purses.refill(1000)
    assert purses.left[A] == 0
