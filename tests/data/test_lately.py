"""The end of the log, read on and never stale."""

import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.data.collect import collect_events
from shopkeeper.data.lately import Lately
from shopkeeper.data.refusals import refusals
from shopkeeper.data.store import Store
from shopkeeper.privacy.erasure import forget
from shopkeeper.privacy.identity import Identity

WHO = Identity(b"k" * 32)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        yield store


def put(store, person: str, *items: str) -> None:
    rows = [
        {
            c.CUSTOMER_ID: person,
            c.EVENT_TYPE: "view_item",
            c.ITEM_ID: item,
            c.TIMESTAMP: 1_700_000_000_000 + i,
        }
        for i, item in enumerate(items)
    ]
    collect_events(store, rows, config=ShopConfig(), identity=WHO, now=1_800_000_000_000)


def test_the_newest_events_are_held_and_read_on(store):
    lately = Lately(store, newest=3)
    assert lately.events().is_empty()
    put(store, "a", "1", "2")
    assert lately.events()[c.ITEM_ID].to_list() == ["1", "2"]
    put(store, "b", "3", "4")
    assert lately.events()[c.ITEM_ID].to_list() == ["2", "3", "4"]
    assert lately.events() is lately.events()


def test_who_was_erased_is_gone_from_it(store):
    lately = Lately(store)
    put(store, "a", "1")
    put(store, "b", "2")
    assert len(lately.events()) == 2
    forget(store, WHO.customer("a"))
    assert lately.events()[c.ITEM_ID].to_list() == ["2"]


def test_rows_set_aside_are_told_by_reason_with_examples(store):
    rows = [{c.EVENT_TYPE: "nonsense", c.ITEM_ID: str(i)} for i in range(5)] + [{c.EVENT_TYPE: "purchase"}]
    collect_events(store, rows, config=ShopConfig(), identity=WHO, now=1_800_000_000_000)
    found = store.read(refusals)
    assert sum(one.rows for one in found) == 6
    assert found[0].rows == 5
    assert len(found[0].examples) == 3
    assert all(example.message for one in found for example in one.examples)
