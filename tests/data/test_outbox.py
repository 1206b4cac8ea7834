"""The outbox: who gets no message, what is kept of one, what came back, and that it is forgotten too."""

from dataclasses import replace
from functools import partial

import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data import catalogue, outbox
from shopkeeper.data.outbox import SENT, WAITING, Message, Rest
from shopkeeper.data.schema import CUSTOMERS, MESSAGES
from shopkeeper.data.store import Store

NOW = 1_000 * DAY_MS


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        yield store


def message(name, customer, at=NOW):
    return Message(name, customer, "remind", 1.5, 0.02, at)


def put(store, *messages, rest=14, caps=()):
    return store.write(partial(outbox.put, messages=messages, rest=Rest(rest, *caps))).result()


def consent(store, customer, given):
    rows = [(customer, given, None, None)]
    store.write(partial(catalogue.upsert, table=CUSTOMERS, rows=rows)).result()


def test_a_message_waits_once_and_is_read_back(store):
    first = message("m_1", "c_a")
    assert put(store, first, message("m_2", "c_a"), message("m_3", "c_b")) == 2
    assert store.read(outbox.waiting) == [first, message("m_3", "c_b")]
    assert store.read(partial(outbox.resting, as_of=NOW, rest=Rest(14))) == {"c_a", "c_b"}
    assert store.read(outbox.history)["message_id"].to_list() == ["m_1", "m_3"]


def test_whoever_was_written_to_lately_rests(store):
    put(store, message("m_1", "c_a"))
    sent = Message("m_1", "c_a", "remind", 1.5, 0.02, NOW, SENT, 1, "csv:x", NOW, None)
    store.write(partial(outbox.mark, messages=[sent])).result()
    assert store.read(outbox.waiting) == []
    assert put(store, message("m_2", "c_a", NOW + 13 * DAY_MS)) == 0
    assert put(store, message("m_3", "c_a", NOW + 15 * DAY_MS)) == 1


def test_without_consent_nothing_is_sent(store):
    consent(store, "c_no", 0)
    consent(store, "c_yes", 1)
    assert put(store, message("m_1", "c_no"), message("m_2", "c_yes"), message("m_3", "c_new")) == 2
    consent(store, "c_yes", 0)
    refused = [
        store.read(partial(outbox.refusal, message=one, now=NOW, rest=Rest(14)))
        for one in store.read(outbox.waiting)
    ]
    assert refused == [outbox.WITHDRAWN, ""]


def test_nobody_gets_more_than_the_cap(store):
    for day in (0, 2):
        put(store, message(f"m_{day}", "c_a", NOW + day * DAY_MS), rest=1, caps=(2, 7))
        sent = replace(message(f"m_{day}", "c_a"), status=SENT, sent_at=NOW + day * DAY_MS)
        store.write(partial(outbox.mark, messages=[sent])).result()
    assert put(store, message("m_5", "c_a", NOW + 5 * DAY_MS), rest=1, caps=(2, 7)) == 0
    later = partial(outbox.resting, as_of=NOW + 5 * DAY_MS)
    assert store.read(partial(later, rest=Rest(1, 2, 7))) == {"c_a"}
    assert store.read(partial(later, rest=Rest(1, 3, 7))) == set()
    assert put(store, message("m_8", "c_a", NOW + 8 * DAY_MS), rest=1, caps=(2, 7)) == 1


def test_whoever_is_held_out_rests_and_waits_for_nothing(store):
    held = replace(message("m_1", "c_a"), status=outbox.HELD_OUT, campaign_id="spring", items=("i1", "i2"))
    assert put(store, held) == 1
    assert store.read(outbox.waiting) == []
    assert put(store, message("m_2", "c_a", NOW + DAY_MS)) == 0
    assert put(store, message("m_3", "c_a", NOW + 15 * DAY_MS)) == 1
    told = store.read(outbox.history).row(0, named=True)
    assert (told["campaign_id"], told["items"]) == ("spring", '["i1", "i2"]')
    assert store.read(outbox.counts) == {WAITING: 1, outbox.HELD_OUT: 1}


def test_a_shop_made_before_gets_the_columns_that_came_later(tmp_path):
    path = tmp_path / "shop.db"
    with Store(path) as store:
        put(store, message("m_1", "c_a"))
        for name in ("campaign_id", "items"):
            store.write(partial(drop, name=name)).result()
    with Store(path) as store:
        assert store.read(outbox.waiting) == [message("m_1", "c_a")]


def test_forgetting_a_customer_forgets_their_messages(store):
    put(store, message("m_1", "c_a"), message("m_2", "c_b"))
    assert store.find_people(["c_a"]) == {MESSAGES: 1}
    assert store.delete_people(["c_a"])[MESSAGES] == 1
    assert [one.message_id for one in store.read(outbox.waiting)] == ["m_2"]


def drop(connection, name):
    connection.execute(f"ALTER TABLE {MESSAGES} DROP COLUMN {name}")


def test_a_shop_made_before_there_was_an_outbox_gets_one(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        store.write(lambda connection: connection.execute(f"DROP TABLE {MESSAGES}")).result()
    with Store(tmp_path / "shop.db") as store:
        assert put(store, message("m_1", "c_a")) == 1


def test_what_came_back_is_counted_by_action(store):
    put(store, *(message(f"m_{number}", f"c_{number}") for number in range(4)))
    done = [
        Message(f"m_{number}", f"c_{number}", "remind", 1.5, 0.02, NOW, SENT, 1, "csv:x", NOW)
        for number in range(3)
    ]
    store.write(partial(outbox.mark, messages=done)).result()
    rows = [
        ("c_0", "purchase", NOW + DAY_MS, "m_0"),
        ("c_1", "view_item", NOW + DAY_MS, "m_1"),
        ("c_2", "purchase", NOW - DAY_MS, None),
        ("c_2", "purchase", NOW + 30 * DAY_MS, None),
    ]
    columns = (c.CUSTOMER_ID, c.EVENT_TYPE, c.TIMESTAMP, c.REQUEST_ID)
    events = [
        (
            number.to_bytes(16, "big"),
            *(dict(zip(columns, row, strict=True)).get(name) for name in c.EVENT_COLUMNS[1:]),
        )
        for number, row in enumerate(rows)
    ]
    store.append(events)
    told = store.read(partial(outbox.outcomes, days=14))
    assert told.rows() == [("remind", 3, 2, 1)]
    assert len(store.read(outbox.waiting)) == 1
    assert store.read(outbox.waiting)[0].status == WAITING


def test_what_messages_changed_is_told_beside_those_held_out(store):
    kept = [
        replace(
            message(f"m_{place}", f"c_{place}"), status=status, campaign_id="spring", expected_profit=place
        )
        for place, status in enumerate((SENT, SENT, outbox.HELD_OUT, WAITING))
    ]
    kept = [replace(one, campaign_id="spring", sent_at=NOW if one.status == SENT else None) for one in kept]
    alone = replace(message("m_9", "c_9"), status=SENT, sent_at=NOW)  # Nobody was held out beside it.
    assert put(store, *kept, alone) == 5
    bought = partial(buy, customer="c_1", at=NOW + DAY_MS)
    store.write(bought).result()
    told = partial(outbox.trial, days=28)
    assert len(store.read(partial(told, now=NOW + 27 * DAY_MS))) == 0
    assert store.read(partial(told, now=NOW + 28 * DAY_MS)).rows() == [
        ("spring", 0.0, True, False),
        ("spring", 1.0, True, True),
        ("spring", 2.0, False, False),
    ]


def buy(connection, customer, at):
    columns = f"{c.EVENT_ID}, {c.CUSTOMER_ID}, {c.EVENT_TYPE}, {c.TIMESTAMP}"
    connection.execute(f"INSERT INTO events ({columns}) VALUES (?, ?, 'purchase', ?)", (b"x", customer, at))
