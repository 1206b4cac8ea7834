from dataclasses import fields
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.config import EventWeights, ShopConfig
from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.clean import net_purchases
from shopkeeper.data.collect import collect_events
from shopkeeper.data.dataset import PERSON, build_dataset, event_weights
from shopkeeper.data.histories import RECENT, build_histories
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.privacy.identity import AsGiven
from shopkeeper.serving import live
from shopkeeper.serving.live import CART_DAYS, Deed, LiveHistories, Trail, cart_of, net_of_refunds
from shopkeeper.serving.person import Person

NOW = 1_795_428_000_000
WEIGHTS = event_weights(EventWeights())
ANNA, BEN = "c_" + "a" * 20, "c_" + "b" * 20
TAB, PHONE = "s_" + "1" * 20, "s_" + "2" * 20


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / STORE_FILE) as store:
        yield store


def put(store, *rows):
    named = [{c.EVENT_ID: uuid4().hex} | row for row in rows]
    verdicts = collect_events(store, named, config=ShopConfig(), identity=AsGiven(), now=NOW)
    assert {verdict.status for verdict in verdicts} <= {"stored"}


def row(item, kind="view_item", *, at=NOW, customer=None, session=None, **more):
    return {
        c.CUSTOMER_ID: customer,
        c.SESSION_ID: session,
        c.EVENT_TYPE: kind,
        c.ITEM_ID: item,
        c.TIMESTAMP: at,
    } | more


def dataset_of(store):
    """As training reads the log: what was taken back is taken off."""
    columns = (PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.QUANTITY, c.RATING, c.TRANSACTION_ID)
    kept, _, _ = net_purchases(store.scan(columns))
    return build_dataset(kept, weights=EventWeights())


def assert_same(one, other):
    for field in fields(one):
        np.testing.assert_array_equal(
            getattr(one, field.name), getattr(other, field.name), err_msg=field.name
        )


kinds = st.sampled_from(
    [kind.name for kind in EventType if kind is not EventType.rate] + ["purchase", "refund"]
)
events = st.lists(
    st.builds(
        lambda item, kind, at, who, quantity, order: row(
            str(item),
            kind,
            at=NOW - at,
            quantity=quantity,
            transaction_id=order if kind in ("purchase", "refund") else None,
            **({"customer": who} if who[0] == "c" else {"session": who}),
        ),
        st.integers(0, 5),
        kinds,
        st.integers(0, 50),
        st.sampled_from([ANNA, BEN, TAB]),
        st.sampled_from([None, 1, 3]),
        st.sampled_from([None, "o1", "o2"]),
    ),
    max_size=60,
)


@given(events, st.integers(0, 60))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_live_histories_equal_those_of_a_dataset_however_they_arrive(tmp_path_factory, rows, cut):
    """Read in two goes, the second on top of what is remembered."""
    with Store(tmp_path_factory.mktemp("live") / STORE_FILE) as store:
        log = LiveHistories(store)
        put(store, *rows[:cut])
        for customer in (ANNA, BEN):
            log.trail(Person(customer))
        put(store, *rows[cut:])
        dataset = dataset_of(store)
        for code, name in enumerate(dataset.people):
            person = Person(customer=name) if name[0] == "c" else Person(session=name)
            expected = build_histories(dataset, np.array([code]), np.array([NOW + 1]))
            assert_same(log.trail(person).histories(dataset.items, WEIGHTS), expected)


def test_a_long_history_is_cut_but_its_summary_is_not(store):
    put(store, *(row(str(i % 40), "purchase", at=NOW - 1000 + i, customer=ANNA) for i in range(RECENT + 150)))
    dataset = dataset_of(store)
    found = LiveHistories(store).trail(Person(ANNA)).histories(dataset.items, WEIGHTS)
    assert_same(found, build_histories(dataset, np.array([0]), np.array([NOW + 1])))
    assert len(found.items) == RECENT
    assert found.summary_counts.sum() == RECENT + 150


def test_an_event_of_another_process_is_in_the_very_next_trail(store):
    here = LiveHistories(store)
    assert here.trail(Person(ANNA)).deeds == ()
    with Store(store.path) as elsewhere:
        put(elsewhere, row("a", customer=ANNA))
        assert [deed.item_id for deed in here.trail(Person(ANNA)).deeds] == ["a"]
        put(elsewhere, row("b", customer=ANNA, at=NOW - 5))
        assert [deed.item_id for deed in here.trail(Person(ANNA)).deeds] == ["b", "a"]


def test_nothing_is_read_twice(store, monkeypatch):
    put(store, *(row(str(i), customer=ANNA) for i in range(50)))
    log = LiveHistories(store)
    read = []
    plain = store.events_of

    def counted(*people, **bounds):
        rows = plain(*people, **bounds)
        read.append(rows)
        return rows

    monkeypatch.setattr(store, "events_of", counted)
    first = log.trail(Person(ANNA))
    assert log.trail(Person(ANNA)) is first
    assert [len(rows) for rows in read] == [50, 1]


def test_what_was_erased_elsewhere_is_gone_here_too(store):
    log = LiveHistories(store)
    put(store, row("a", customer=ANNA), row("b", customer=BEN))
    assert log.trail(Person(ANNA)).deeds
    with Store(store.path) as elsewhere:
        elsewhere.delete_people([ANNA])
    assert log.trail(Person(ANNA)).deeds == ()
    put(store, row("c", customer=ANNA))
    assert [deed.item_id for deed in log.trail(Person(ANNA)).deeds] == ["c"]


def test_a_guest_who_logs_in_brings_the_session_along(store):
    log = LiveHistories(store)
    put(store, row("a", session=TAB))
    assert log.trail(Person(ANNA)).deeds == ()
    put(store, row("b", session=TAB, customer=ANNA, at=NOW + 1))
    assert [deed.item_id for deed in log.trail(Person(ANNA)).deeds] == ["a", "b"]
    assert [deed.item_id for deed in log.trail(Person(session=TAB)).deeds] == ["a", "b"]
    assert [deed.item_id for deed in log.trail(Person(ANNA, TAB)).deeds] == ["a", "b"]


def test_a_session_of_two_customers_tells_neither_about_the_other(store):
    put(
        store,
        row("guest", session=TAB),
        row("a", session=TAB, customer=ANNA),
        row("b", session=TAB, customer=BEN),
    )
    log = LiveHistories(store)
    assert [deed.item_id for deed in log.trail(Person(ANNA, TAB)).deeds] == ["a"]
    assert [deed.item_id for deed in log.trail(Person(BEN, TAB)).deeds] == ["b"]


def test_a_session_not_yet_linked_counts_for_the_customer_who_brings_it(store):
    put(store, row("a", customer=ANNA), row("b", session=PHONE, at=NOW + 1))
    assert [deed.item_id for deed in LiveHistories(store).trail(Person(ANNA, PHONE)).deeds] == ["a", "b"]


def test_only_the_last_people_are_remembered(store):
    put(store, row("a", customer=ANNA), row("b", customer=BEN))
    log = LiveHistories(store, events=1)
    first = log.trail(Person(ANNA))
    log.trail(Person(BEN))
    again = log.trail(Person(ANNA))
    assert again == first
    assert again is not first


def test_forgotten_people_are_read_anew(store):
    put(store, row("a", customer=ANNA))
    log = LiveHistories(store)
    first = log.trail(Person(ANNA))
    log.forget([ANNA])
    assert log.trail(Person(ANNA)) is not first


def test_nobody_has_no_history(store):
    put(store, row("a"))
    assert LiveHistories(store).trail(Person()) == Trail()


def test_unknown_items_and_kinds_without_weight_are_left_out(store):
    put(
        store, row("a", customer=ANNA), row("new", customer=ANNA), row("a", "remove_from_cart", customer=ANNA)
    )
    items = build_dataset(store.scan((PERSON, c.ITEM_ID, c.TIMESTAMP)).filter(item_id="a")).items
    trail = LiveHistories(store).trail(Person(ANNA))
    assert len(trail.deeds) == 3
    assert trail.histories(items, WEIGHTS).items.tolist() == [0]


def deeds(*entries):
    return [Deed(NOW + i, item, EventType[kind], 1.0, *rest) for i, (item, kind, *rest) in enumerate(entries)]


def test_a_refund_takes_back_the_last_purchase_of_its_order():
    history = deeds(
        ("a", "purchase", 1, "o1"), ("a", "purchase", 1, "o2"), ("b", "purchase"), ("a", "refund", 1, "o1")
    )
    assert [(deed.item_id, deed.transaction) for deed in net_of_refunds(history)] == [
        ("a", "o2"),
        ("b", None),
    ]


def test_a_refund_of_a_part_leaves_the_rest():
    (kept,) = net_of_refunds(deeds(("a", "purchase", 3), ("a", "refund", 1)))
    assert kept.value == 2.0


def test_a_refund_of_a_whole_order_takes_back_all_of_it(store):
    put(
        store,
        row("a", "purchase", customer=ANNA, transaction_id="o1"),
        row("b", "purchase", customer=ANNA, transaction_id="o1"),
        row("c", "purchase", customer=ANNA, transaction_id="o2"),
        row(None, "refund", at=NOW + 1, customer=ANNA, transaction_id="o1"),
    )
    trail = LiveHistories(store).trail(Person(ANNA))
    assert [deed.item_id for deed in trail.deeds] == ["a", "b", "c"]
    assert [deed.item_id for deed in trail.kept] == ["c"]


def test_cart_holds_what_was_added_and_neither_removed_nor_bought():
    history = deeds(
        ("a", "add_to_cart", 2),
        ("b", "add_to_cart"),
        ("a", "add_to_cart"),
        ("c", "add_to_cart", 3),
        ("c", "remove_from_cart", 1),
        ("d", "add_to_cart"),
        ("d", "remove_from_cart"),
        ("e", "add_to_cart"),
        ("e", "purchase"),
        ("f", "purchase"),
    )
    assert cart_of(history, NOW) == {"b": 1.0, "a": 3.0, "c": 2.0}
    assert list(cart_of(history, NOW)) == ["b", "a", "c"]
    assert cart_of(history, NOW + CART_DAYS * DAY_MS + 100) == {}


def test_a_model_of_another_catalogue_gets_codes_of_its_own(store):
    put(store, row("b", customer=ANNA))
    one = build_dataset(store.scan((PERSON, c.ITEM_ID, c.TIMESTAMP))).items
    put(store, row("a", customer=ANNA))
    two = build_dataset(store.scan((PERSON, c.ITEM_ID, c.TIMESTAMP))).items
    trail = LiveHistories(store).trail(Person(ANNA))
    assert trail.histories(one, WEIGHTS).items.tolist() == [0]
    assert trail.histories(two, WEIGHTS).items.tolist() == [1, 0]
    assert live.histories_of([], two, WEIGHTS).summary_items.tolist() == []


def test_an_event_that_is_deleted_leaves_every_worker_s_memory(store):
    here, there = LiveHistories(store), LiveHistories(store)
    put(store, *(row(item, customer=ANNA, at=NOW + i) for i, item in enumerate("abc")))
    for log in (here, there):
        assert [deed.item_id for deed in log.trail(Person(ANNA)).deeds] == ["a", "b", "c"]
    assert store.delete_events([ANNA], ["b"], ("view_item", 5)) == 0
    assert store.delete_events([ANNA], ["b"]) == 1
    for log in (here, there):
        assert [deed.item_id for deed in log.trail(Person(ANNA)).deeds] == ["a", "c"]
