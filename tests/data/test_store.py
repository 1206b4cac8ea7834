"""The store: nothing acknowledged is lost, verdicts are right with many writers, people are found."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidConfig, InvalidRequest, ShopNotFound, StoreBusy, UnreadableSource
from shopkeeper.data import catalogue
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.schema import CUSTOMERS, EVENT_INDEXES, ITEMS
from shopkeeper.data.store import Store


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        yield store


def event(number: int, customer: str | None = None, session: str | None = None, item: str = "x"):
    values = {
        c.EVENT_ID: number.to_bytes(16, "big"),
        c.CUSTOMER_ID: customer,
        c.SESSION_ID: session,
        c.EVENT_TYPE: "view_item",
        c.ITEM_ID: item,
        c.TIMESTAMP: 1_600_000_000_000 + number,
        c.CONSENT: True,
    }
    return tuple(values.get(name) for name in c.EVENT_COLUMNS)


def items_of(store: Store, *people: str, after_seq: int = 0):
    return [row[0] for row in store.events_of(people, after_seq=after_seq, columns=(c.ITEM_ID,))]


def test_each_row_is_told_new_or_there_before(store):
    assert store.append([event(1), event(2), event(1)]) == [True, True, False]
    assert store.append([event(3), event(2)]) == [True, False]
    assert store.append([]) == []
    assert store.counts()["events"] == 3


@settings(max_examples=15)
@given(st.lists(st.lists(st.integers(0, 30), max_size=140), max_size=4))
def test_verdicts_agree_with_a_set(batches):
    with TemporaryDirectory() as folder, Store(Path(folder) / "shop.db") as store:
        seen: set[int] = set()
        for batch in batches:
            expected = []
            for number in batch:
                expected.append(number not in seen)
                seen.add(number)
            assert store.append([event(number) for number in batch]) == expected


def test_many_threads_share_commits_and_lose_nothing(store):
    batches = [[event(thread * 1000 + row % 90) for row in range(100)] for thread in range(8)] * 2

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(store.append, batches))

    assert sum(sum(batch) for batch in verdicts) == store.counts()["events"] == 8 * 90


def test_two_stores_on_one_file_write_side_by_side(tmp_path):
    path = tmp_path / "shop.db"
    with Store(path) as one, Store(path) as other, ThreadPoolExecutor(2) as pool:
        work = [(one if turn % 2 else other, [event(turn)]) for turn in range(40)]
        assert list(pool.map(lambda job: job[0].append(job[1]), work)) == [[True]] * 40
        assert one.counts()["events"] == other.counts()["events"] == 40


def test_a_failed_job_is_undone_alone(store):
    gate = threading.Event()
    waiting = store.write(lambda connection: gate.wait())
    good = store.append_later([event(1)])
    bad = store.append_later([(None, *event(2)[1:])])
    gate.set()
    waiting.result()

    assert good.result() == [True]
    with pytest.raises(UnreadableSource):
        bad.result()
    assert store.counts()["events"] == 1


def test_a_cancelled_write_leaves_the_writer_alive(store):
    gate = threading.Event()
    store.write(lambda connection: gate.wait())
    cancelled = store.append_later([event(1)])
    assert cancelled.cancel()
    gate.set()

    assert store.append([event(2)]) == [True]


def test_a_closed_store_says_so(tmp_path):
    store = Store(tmp_path / "shop.db")
    store.close()

    with pytest.raises(StoreBusy):
        store.append([event(1)])


def test_events_of_a_person_come_in_order_after_a_place(store):
    store.append([event(1, "c_a", item="x"), event(2, "c_b", item="y"), event(3, "c_a", item="z")])

    assert items_of(store, "c_a") == ["x", "z"]
    assert items_of(store, "c_a", after_seq=1) == ["z"]
    assert items_of(store, "c_nobody") == []


def test_guest_events_belong_to_the_customer_who_logged_in(store):
    store.append(
        [event(1, None, "s_1", "guest"), event(2, None, "s_2", "other"), event(3, "c_a", None, "old")]
    )
    assert items_of(store, "s_1") == ["guest"]

    store.append([event(4, "c_a", "s_1", "login")])

    assert items_of(store, "c_a") == items_of(store, "s_1") == ["guest", "old", "login"]
    assert items_of(store, "c_a", "s_2") == ["guest", "other", "old", "login"]
    assert store.scan([PERSON])[PERSON].to_list() == ["c_a", "s_2", "c_a", "c_a"]
    assert store.linked("s_1") == ("c_a", "s_1")


def test_a_session_of_two_customers_is_nobodys(store):
    store.append([event(1, None, "s_1", "guest"), event(2, "c_a", "s_1", "a"), event(3, "c_b", "s_1", "b")])

    assert items_of(store, "c_a") == ["a"]
    assert items_of(store, "s_1") == ["guest"]
    assert store.scan([PERSON])[PERSON].to_list() == ["s_1", "c_a", "c_b"]


def test_scan_reads_every_type_back(store):
    row = dict(zip(c.EVENT_COLUMNS, event(7, "c_a"), strict=True)) | {c.QUANTITY: 2.5, c.TEXT: "好"}
    store.append([tuple(row.values())])

    assert store.scan((c.SEQ, *c.EVENT_COLUMNS)).row(0, named=True) == {c.SEQ: 1} | row


def test_scan_of_an_empty_log_has_its_columns(store):
    assert store.scan([PERSON, c.ITEM_ID]).schema == {PERSON: pl.String, c.ITEM_ID: pl.String}


@pytest.mark.parametrize("columns", [["nonsense"], []])
def test_unknown_columns_are_refused(store, columns):
    with pytest.raises(InvalidRequest):
        store.scan(columns)


def test_the_newest_word_on_each_field_of_an_item_wins(store):
    def put(**fields: object) -> object:
        row = tuple(fields.get(name) for name in c.ITEM_COLUMNS)
        return store.write(lambda connection: catalogue.upsert(connection, ITEMS, [row])).result()

    assert put(item_id="1", title="Hat", price=5.0) == 1
    assert put(item_id="1", price=6.0) == 1
    assert put(item_id="1", price=6.0) == 0
    assert store.items().select(c.TITLE, c.PRICE).row(0) == ("Hat", 6.0)


def test_withdrawn_consent_takes_what_was_known_of_a_customer(store):
    for row in (("c_a", True, 1, "{}"), ("c_a", False, None, None)):
        store.write(lambda connection, row=row: catalogue.upsert(connection, CUSTOMERS, [row])).result()

    assert store.customers().row(0) == ("c_a", False, None, None)


def test_indexes_lost_in_a_killed_import_come_back(tmp_path):
    path = tmp_path / "shop.db"
    with Store(path) as store:
        store.append([event(1, "c_a")])
    with sqlite3.connect(path) as connection:
        connection.execute("DROP INDEX events_customer")
    connection.close()

    with Store(path) as store:
        job = store.write(lambda connection: connection.execute("SELECT name FROM sqlite_master").fetchall())
        assert {name for (name,) in job.result()} >= EVENT_INDEXES.keys()


def test_a_person_is_read_through_an_index(store):
    plan = store.write(
        lambda connection: connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM events WHERE customer_id = 'c_a' AND seq > 5"
        ).fetchall()
    ).result()

    assert "events_customer (customer_id=? AND rowid>?)" in plan[0][-1]


def test_a_database_of_another_version_is_refused(tmp_path):
    path = tmp_path / "shop.db"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    connection.close()

    with pytest.raises(InvalidConfig, match="version 99"):
        Store(path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "shop.db"
    path.write_text("hello " * 1000)

    with pytest.raises(UnreadableSource):
        Store(path)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(ShopNotFound):
        Store(tmp_path / "nowhere" / "shop.db")
