"""Forgetting: every table, every linked session, and the bytes of the file."""

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import UnknownCustomer
from shopkeeper.data.collect import collect_events
from shopkeeper.data.sources.base import FrameSource
from shopkeeper.data.store import Store
from shopkeeper.privacy.erasure import forget
from tests.data.shop import CONFIG, IDENTITY, NOW, bring_in


def rows(customer: str | None, session: str | None, count: int = 3):
    return [
        {
            c.CUSTOMER_ID: customer,
            c.SESSION_ID: session,
            c.EVENT_TYPE: "view_item",
            c.ITEM_ID: str(number),
            c.TIMESTAMP: NOW - number,
        }
        for number in range(count)
    ]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        for batch in (
            rows("gone", "login"),
            rows(None, "login", 2),
            rows("gone", None, 500),
            rows("stays", "shared"),
            rows("gone", "shared"),
            rows(None, "shared", 1),
            [{c.CUSTOMER_ID: "gone", c.EVENT_TYPE: "dance"}, {c.CUSTOMER_ID: "stays", c.EVENT_TYPE: "sing"}],
        ):
            collect_events(store, batch, config=CONFIG, identity=IDENTITY, now=NOW)
        people = pl.DataFrame({"customer_id": ["gone", "stays"], "age": [1, 2]})
        bring_in(store, FrameSource("people", [people]), kind="customers")
        audience = pl.DataFrame({"campaign_id": ["1", "1"], "customer_id": ["gone", "stays"]})
        bring_in(store, FrameSource("audience", [audience]), kind="campaigns")
        third = pl.DataFrame({"customer_id": ["third"]})
        bring_in(store, FrameSource("third", [third]), kind="customers")
        pairs = [("gone", "stays"), ("stays", "gone"), ("third", "stays")]
        ties = pl.DataFrame(pairs, ["customer_id", "other_id"], orient="row")
        bring_in(store, FrameSource("ties", [ties]), kind="ties")
        yield store


def test_a_customer_is_forgotten_in_every_table_and_in_the_bytes(store):
    gone, stays = IDENTITY.customer("gone"), IDENTITY.customer("stays")
    before = store.counts()
    assert store.find_bytes([gone]) > 0

    receipt = forget(store, gone)

    assert receipt.complete
    assert receipt.sessions == 1
    assert dict(receipt.deleted) == {
        "events": 3 + 2 + 500 + 3,
        "customers": 1,
        "campaign_customers": 1,
        "ties": 2,
        "quarantine": 1,
        "identity_links": 2,
    }
    after = store.counts()
    assert {table: before[table] - after[table] for table in receipt.deleted} == dict(receipt.deleted)
    assert store.find_bytes([gone, IDENTITY.session("login")]) == 0
    assert set(store.find_people([stays])) == set(receipt.deleted)
    assert len(store.events_of([stays])) == 3 + 1


def test_whoever_keeps_histories_is_told(store):
    assert store.erasures() == 0

    forget(store, IDENTITY.customer("gone"))

    assert store.erasures() == 1


def test_a_place_in_the_log_is_never_given_out_again(store):
    collect_events(store, rows("last", None, 1), config=CONFIG, identity=IDENTITY, now=NOW)
    place = store.last_seq()

    forget(store, IDENTITY.customer("last"))
    collect_events(store, rows("next", None, 1), config=CONFIG, identity=IDENTITY, now=NOW)

    assert store.last_seq() > place


def test_a_guest_can_be_forgotten(store):
    collect_events(store, rows(None, "guest", 4), config=CONFIG, identity=IDENTITY, now=NOW)

    assert forget(store, IDENTITY.session("guest")).rows == 4


def test_forgetting_twice_says_there_is_nobody(store):
    forget(store, IDENTITY.customer("gone"))

    with pytest.raises(UnknownCustomer):
        forget(store, IDENTITY.customer("gone"))
