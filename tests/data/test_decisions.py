"""The decision log: what was answered is kept, nobody waits for it, and it forgets who is forgotten."""

import sqlite3

import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.types import DAY_MS, Decision, Shown
from shopkeeper.data.collect import collect_events
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.decisions import KEEP_DAYS, SHOWN_COLUMNS, Decisions
from shopkeeper.data.schema import DECISIONS
from shopkeeper.data.store import Store
from shopkeeper.privacy.erasure import forget
from shopkeeper.privacy.identity import Identity

WHO = Identity(b"k" * 32)
NOW = 1_795_428_000_000


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        yield store


@pytest.fixture
def decisions(store):
    decisions = Decisions(store, every=60)
    yield decisions
    decisions.close()


def decision(request: str, customer: str | None = None, session: str | None = None, time: int = NOW):
    rows = (
        Shown("for_you", ("x", "y"), ("blend", "drawn"), (1.0, 0.125)),
        Shown("empty", (), (), ()),
        Shown("因为", ("z",), ("",), (1.0,)),
    )
    return Decision(request, customer, session, "homepage", "v1", time, rows)


def test_every_item_shown_is_a_row_with_its_slot_and_probability(decisions):
    decisions.log(decision("r1", session="s_a"))
    assert decisions.shown().is_empty()
    assert decisions.shown().columns == list(SHOWN_COLUMNS)
    decisions.flush()

    told = ("r1", "s_a", "homepage")
    assert decisions.shown().rows() == [
        (*told, "for_you", 0, "x", 1.0, "blend", "v1", NOW),
        (*told, "for_you", 1, "y", 0.125, "drawn", "v1", NOW),
        (*told, "因为", 0, "z", 1.0, "", "v1", NOW),
    ]


def test_the_newest_answers_since_a_moment_in_their_order(decisions):
    for i in range(5):
        decisions.log(decision(f"r{i}", time=NOW + i))
    decisions.flush()

    found = decisions.shown(since=NOW + 1, most=3)[c.REQUEST_ID].unique(maintain_order=True)
    assert found.to_list() == ["r2", "r3", "r4"]


def test_what_waits_is_written_by_itself_and_at_the_end(store):
    soon = Decisions(store, every=0.01)
    soon.log(decision("r1"))
    for _ in range(500):
        if store.counts()[DECISIONS]:
            break
        soon._closed.wait(0.01)
    assert store.counts()[DECISIONS] == 1
    soon.log(decision("r2"))
    soon.close()
    soon.close()
    assert store.counts()[DECISIONS] == 2


def test_a_closed_store_costs_the_decision_and_nothing_else(tmp_path):
    store = Store(tmp_path / "shop.db")
    decisions = Decisions(store, every=60)
    store.close()
    decisions.log(decision("r1"))
    decisions.close()


def test_the_same_answer_is_kept_once(decisions):
    for _ in range(2):
        decisions.log(decision("r1"))
    decisions.flush()
    assert len(decisions.shown()) == 3


def test_old_decisions_go(decisions):
    decisions.log(decision("old", time=NOW - (KEEP_DAYS + 1) * DAY_MS))
    decisions.flush()
    decisions.log(decision("new"))
    decisions.flush()
    assert set(decisions.shown()[c.REQUEST_ID]) == {"new"}


def put_event(store, customer: str) -> None:
    row = {c.CUSTOMER_ID: customer, c.EVENT_TYPE: "view_item", c.ITEM_ID: "x", c.TIMESTAMP: NOW}
    collect_events(store, [row], config=ShopConfig(), identity=WHO, now=NOW)


def test_forgetting_covers_it(store, decisions):
    put_event(store, "a")
    gone, other = WHO.customer("a"), WHO.customer("b")
    for i, who in enumerate((gone, other)):
        decisions.log(decision(f"r{i}", customer=who))
    decisions.flush()

    receipt = forget(store, gone)

    assert receipt.deleted[DECISIONS] == 1
    assert receipt.complete
    assert set(decisions.shown()[PERSON]) == {other}


def test_who_was_forgotten_while_a_decision_waited_is_not_brought_back(store, decisions):
    put_event(store, "a")
    gone = WHO.customer("a")
    elsewhere = Decisions(store, every=60)
    elsewhere.log(decision("r1", customer=gone))
    assert forget(store, gone).complete
    elsewhere.close()

    assert store.find_people([gone]) == {}
    assert set(decisions.shown()[c.REQUEST_ID]) == {"r1"}
    assert decisions.shown()[PERSON].to_list() == [None] * 3


def test_a_shop_of_before_gets_the_table(tmp_path):
    Store(tmp_path / "shop.db").close()
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute(f"DROP TABLE {DECISIONS}")
    connection.close()
    with Store(tmp_path / "shop.db") as store:
        assert store.counts()[DECISIONS] == 0
