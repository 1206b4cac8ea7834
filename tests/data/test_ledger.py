"""The budget ledger on every server: what it grants, says again, and never lets be spent twice."""

import inspect
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from sqlite3 import connect
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.errors import InvalidRequest, MissingFile, StoreBusy, UnreadableSource
from shopkeeper.core.types import Balance, Claim
from shopkeeper.data.ledger import SqlLedger
from tests import reach

KINDS = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.server("postgresql")),
    pytest.param("mysql", marks=pytest.mark.server("mysql")),
]


def file_url(folder):
    path = f"{folder}/shop.db"
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return f"sqlite:///{path}"


@pytest.fixture(params=KINDS, scope="module")
def url(request, tmp_path_factory):
    """Of an empty database; tests keep out of each other's way by the names of their accounts."""
    if request.param == "sqlite":
        yield file_url(tmp_path_factory.mktemp("ledger"))
        return
    with reach.fresh_database(request.param) as found:
        yield found


@pytest.fixture
def ledger(url):
    return SqlLedger(url, clock=lambda: 1000)


def test_what_is_there_is_granted_and_no_more(ledger):
    ledger.set_budgets({"a": 100, "A": 7})
    claims = [Claim("a1", "a", 60), Claim("a2", "a", 60), Claim("A1", "A", 60), Claim("a3", "a", 60)]
    assert ledger.reserve(claims) == [60, 40, 7, 0]
    assert ledger.balances()["a"] == Balance(100, 100, 0)


def test_whatever_is_said_again_changes_nothing(ledger):
    ledger.set_budgets({"b": 100})
    for _ in range(2):
        assert ledger.reserve([Claim("b1", "b", 30)]) == [30]
        ledger.spend({"b1": 20})
        ledger.spend({"b1": 10})
        assert ledger.balances()["b"] == Balance(100, 30, 20)
    for _ in range(2):
        ledger.release(["b1"])
        assert ledger.balances()["b"] == Balance(100, 20, 20)
    assert ledger.reserve([Claim("b1", "b", 25)]) == [25]
    ledger.set_budgets({"b": 22})
    assert ledger.reserve([Claim("b2", "b", 5)]) == [0]


def test_a_ceiling_holds_back_what_is_for_later(ledger):
    ledger.set_budgets({"c": 100})
    assert ledger.reserve([Claim("c1", "c", 50, ceiling=20)]) == [20]
    assert ledger.reserve([Claim("c1", "c", 50, ceiling=35), Claim("c2", "c", 9, ceiling=35)]) == [35, 0]
    assert ledger.reserve([Claim("c1", "c", 50, ceiling=900)]) == [50]


def test_a_dead_workers_purse_counts_as_spent(ledger, url):
    ledger.set_budgets({"d": 100})
    ledger.reserve([Claim("d1", "d", 40), Claim("d2", "d", 40)])
    ledger.spend({"d1": 15, "d2": 40})
    assert ledger.forfeit(before=1000) == 0
    late = SqlLedger(url, clock=lambda: 2000)
    assert late.forfeit(before=2000) >= 1
    assert late.forfeit(before=2000) == 0
    assert late.balances()["d"] == Balance(100, 80, 80)
    late.spend({"d1": 30})
    assert late.balances()["d"] == Balance(100, 80, 80)


def test_nonsense_is_refused_and_nothing_of_it_kept(ledger):
    ledger.set_budgets({"e": 100})
    ledger.reserve([Claim("e1", "e", 10)])
    for wrong in (
        lambda: ledger.reserve([Claim("e2", "e", 5), Claim("x", "nobody", 5)]),
        lambda: ledger.reserve([Claim("e2", "e", -5)]),
        lambda: ledger.spend({"e1": 11}),
        lambda: ledger.spend({"nothing": 1}),
        lambda: ledger.release(["nothing"]),
        lambda: ledger.set_budgets({"e": -1}),
    ):
        with pytest.raises(InvalidRequest):
            wrong()
    assert ledger.balances()["e"] == Balance(100, 10, 0)


def test_many_threads_share_one_budget(url):
    ledger = SqlLedger(url)
    ledger.set_budgets({"f": 90, "g": 50})

    def work(number):
        # Both orders: whoever locks must not wait for one who waits for them.
        names = ("f", "g") if number % 2 else ("g", "f")
        return sum(ledger.reserve([Claim(f"{name}{number}", name, 11) for name in names]))

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(18))) == 140


def work(url, name):
    """Spend of one account in blocks as long as there is anything; how much it was."""
    ledger, spent = SqlLedger(url), 0
    for _ in range(8):
        held = ledger.reserve([Claim(name, "p", spent + 9)])[0]
        spent += min(7, held - spent)
        ledger.spend({name: spent})
    ledger.release([name])
    return spent


WORKER = f"""
import sys
from shopkeeper.core.types import Claim
from shopkeeper.data.ledger import SqlLedger
{inspect.getsource(work)}
print(work(sys.argv[1], "p1"))
"""


def test_two_processes_never_overspend(url):
    ledger = SqlLedger(url)
    ledger.set_budgets({"p": 90})
    with subprocess.Popen([sys.executable, "-c", WORKER, url], stdout=subprocess.PIPE) as other:
        deadline = time.monotonic() + 60
        while not ledger.balances()["p"].taken and time.monotonic() < deadline:
            time.sleep(0.01)
        spent = [work(url, "p2"), int(other.communicate()[0])]
    assert other.returncode == 0
    assert ledger.balances()["p"] == Balance(90, 90, 90)
    assert sum(spent) == 90


steps = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "spend", "release", "budget"]), st.integers(0, 2), st.integers(0, 40)
    ),
    max_size=12,
)


@settings(max_examples=5)
@given(steps)
def test_agrees_with_a_plain_book(todo):
    """One account, three purses, by hand."""
    budget, amount, spent = 50, [0, 0, 0], [0, 0, 0]
    with TemporaryDirectory() as folder:
        ledger = SqlLedger(file_url(folder))
        ledger.set_budgets({"a": budget})
        ledger.reserve([Claim(str(purse), "a", 0) for purse in range(3)])
        for what, purse, number in todo:
            if what == "reserve":
                amount[purse] += max(0, min(number - amount[purse], budget - sum(amount)))
                assert ledger.reserve([Claim(str(purse), "a", number)]) == [amount[purse]]
            elif what == "spend":
                spent[purse] = max(spent[purse], min(number, amount[purse]))
                ledger.spend({str(purse): min(number, amount[purse])})
            elif what == "release":
                amount[purse] = spent[purse]
                ledger.release([str(purse)])
            else:
                budget = number
                ledger.set_budgets({"a": budget})
            assert ledger.balances() == {"a": Balance(budget, sum(amount), sum(spent))}


def test_what_is_no_database_is_told(tmp_path):
    with pytest.raises(MissingFile):
        SqlLedger(f"sqlite:///{tmp_path / 'nowhere.db'}")
    with pytest.raises(StoreBusy, match="did not answer"):
        SqlLedger("postgresql://user:hunter2@127.0.0.1:1/shop")
    (tmp_path / "text.db").write_text("hello " * 500)
    with pytest.raises(UnreadableSource, match="could not be used"):
        SqlLedger(f"sqlite:///{tmp_path / 'text.db'}")
