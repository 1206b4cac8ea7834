"""From files to datasets: rows read = rows used + rows left out, and ids, order and catalogue survive."""

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import EmptySource, MissingColumn
from shopkeeper.core.types import EventType
from shopkeeper.evaluation.files import load_events, load_sessions


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def people(dataset):
    """Item ids of each person in order."""
    return {
        key: [dataset.items.ids[item] for item in dataset.item[low:high]]
        for key, low, high in zip(dataset.people, dataset.offsets[:-1], dataset.offsets[1:], strict=True)
    }


def test_equal_times_keep_the_order_of_the_file(tmp_path):
    rows = "".join(f"u,{item},2020-01-01\n" for item in "zaymb")
    loaded = load_events(write(tmp_path / "e.csv", f"customer_id,item_id,timestamp\n{rows}"))
    assert people(loaded.dataset) == {"u": list("zaymb")}


def test_without_kinds_every_event_counts_one(tmp_path):
    loaded = load_events(write(tmp_path / "e.csv", "customer_id,item_id,timestamp\nu,1,5\n"))
    assert loaded.dataset.kind.tolist() == [EventType.view_item]
    assert loaded.dataset.weights[EventType.view_item] == 1.0
    assert loaded.dataset.time.tolist() == [5000]


def test_kinds_are_weighed_and_unknown_ones_left_out(tmp_path):
    rows = ["u,1,5,purchase", "u,2,6,View_Item", "u,3,7,teleport", "u,4,8,refund"]
    text = "\n".join(["customer_id,item_id,timestamp,event_type", *rows])
    loaded = load_events(write(tmp_path / "e.csv", text))
    assert people(loaded.dataset) == {"u": ["1", "2"]}
    assert loaded.left_out == {"event_type is none of the known names": 1}
    assert loaded.dataset.weights[EventType.purchase] == 1.0


def test_unusable_rows_are_left_out_and_counted(tmp_path):
    text = (
        "customer_id,item_id,timestamp\nu,1,2020-01-01\nu,2,soon\nu,3,later\nu,,2020-01-01\n,4,2020-01-02\n"
    )
    loaded = load_events(write(tmp_path / "e.csv", text))
    assert sorted(loaded.left_out.values()) == [1, 2]
    assert len(loaded.dataset) == 2
    assert people(loaded.dataset) == {"u": ["1"]}, "a row without a person belongs to nobody"


def test_a_customer_is_a_person_and_so_is_a_session_without_one(tmp_path):
    text = "customer_id,session_id,item_id,timestamp\nu,s1,1,1\n,s2,2,2\nu,s2,3,3\n"
    assert people(load_events(write(tmp_path / "e.csv", text)).dataset) == {"s2": ["2"], "u": ["1", "3"]}


def test_ids_of_parquet_and_csv_agree(tmp_path):
    frame = pl.DataFrame({c.CUSTOMER_ID: [1.0, 2.0, None], c.ITEM_ID: [7, 8, 9], c.TIMESTAMP: [1, 2, 3]})
    frame.write_parquet(tmp_path / "e.parquet")
    frame.with_columns(pl.col(c.CUSTOMER_ID).cast(pl.Int64)).write_csv(tmp_path / "e.csv")
    one, other = load_events(tmp_path / "e.parquet").dataset, load_events(tmp_path / "e.csv").dataset
    assert people(one) == people(other) == {"1": ["7"], "2": ["8"]}


def test_item_columns_of_the_events_make_the_catalogue(tmp_path):
    text = "customer_id,item_id,timestamp,title,price\nu,1,9,new,2.5\nu,1,5,old,1\nv,1,10,,\nv,2,1,two,x\n"
    table = load_events(write(tmp_path / "e.csv", text)).dataset.items.table
    assert table[c.TITLE].to_list() == ["new", "two"]
    assert table[c.PRICE].to_list() == [2.5, None]


def test_a_file_of_items_is_the_catalogue(tmp_path):
    events = write(tmp_path / "e.csv", "customer_id,item_id,timestamp,title\nu,1,9,from events\n")
    items = write(tmp_path / "i.csv", "item_id,title,price,colour\n1,one,3,red\n5,five,4,blue\n,none,1,x\n")
    found = load_events(events, items).dataset.items
    assert found.ids == ("1", "5")
    assert found.table[c.TITLE].to_list() == ["one", "five"]
    assert "colour" not in found.table.columns


def test_test_sessions_come_last_and_share_the_catalogue(tmp_path):
    train = write(tmp_path / "a.csv", "session_id,item_id,timestamp\ns1,1,1\ns1,2,2\ns2,2,3\n")
    test = write(tmp_path / "b.csv", "session_id,item_id,timestamp\ns1,2,10\ns1,9,11\ns0,oops,never\n")
    loaded = load_sessions(train, test)
    assert [loaded.dataset.people[person] for person in loaded.test_people] == ["1s1"]
    assert people(loaded.dataset) == {"0s1": ["1", "2"], "0s2": ["2"], "1s1": ["2", "9"]}
    assert loaded.dataset.items.ids == ("1", "2", "9")
    assert list(loaded.left_out.values()) == [1]
    assert "(test file)" in next(iter(loaded.left_out))


def test_sessions_are_told_apart_by_session_before_customer(tmp_path):
    text = "customer_id,session_id,item_id,timestamp\nu,s1,1,1\nu,s2,2,2\n"
    events = write(tmp_path / "e.csv", text)
    assert set(people(load_sessions(events, events).dataset)) == {"0s1", "0s2", "1s1", "1s2"}


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("customer_id,item_id", "timestamp"),
        ("customer_id,timestamp", "item_id"),
        ("item_id,timestamp", "customer_id or session_id"),
        ("user;item;time", "item_id, timestamp, customer_id or session_id"),
    ],
)
def test_missing_columns_are_named(tmp_path, header, missing):
    path = write(tmp_path / "e.csv", f"{header}\n" + ",".join("1" for _ in header.split(",")) + "\n")
    with pytest.raises(MissingColumn, match=missing):
        load_events(path)


def test_a_file_with_no_usable_row_is_told_with_the_reason(tmp_path):
    path = write(tmp_path / "e.csv", "customer_id,item_id,timestamp\nu,1,soon\n")
    with pytest.raises(EmptySource, match="timestamp is neither"):
        load_events(path)


def test_a_file_of_items_needs_ids(tmp_path):
    events = write(tmp_path / "e.csv", "customer_id,item_id,timestamp\nu,1,9\n")
    with pytest.raises(MissingColumn, match="item_id"):
        load_events(events, write(tmp_path / "i.csv", "title\none\n"))
    with pytest.raises(EmptySource, match="names no item"):
        load_events(events, write(tmp_path / "j.csv", "item_id,title\n,one\n"))


@pytest.mark.parametrize("kind", ["", "teleport"])
def test_a_file_whose_kinds_are_all_unknown_is_told(tmp_path, kind):
    path = write(tmp_path / "e.csv", f"customer_id,item_id,timestamp,event_type\nu,1,5,{kind}\n")
    with pytest.raises(EmptySource, match="event_type is none of the known names"):
        load_events(path)
