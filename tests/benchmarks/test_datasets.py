"""Converters of public datasets, on small files of the same forms."""

import polars as pl
import pytest

from benchmarks.datasets import DATASETS, main
from shopkeeper.evaluation.files import load_events, load_sessions


def people(dataset):
    return [
        [dataset.items.ids[item] for item in dataset.item[low:high]]
        for low, high in zip(dataset.offsets[:-1], dataset.offsets[1:], strict=True)
    ]


def test_beauty_keeps_users_and_the_order_of_their_items(tmp_path):
    (tmp_path / "Beauty.txt").write_text("1 7 3 5\n2 3\n10 3 7\n")
    assert main(["beauty", str(tmp_path), str(tmp_path / "out")]) == 0
    loaded = load_events(tmp_path / "out" / "events.csv")
    assert people(loaded.dataset) == [["7", "3", "5"], ["3", "7"], ["3"]]
    assert loaded.left_out == {}


def test_diginetica_keeps_sessions_and_asks_about_later_ones(tmp_path):
    (tmp_path / "train_sessions.txt").write_text("1 2\n3 4 5\n")
    (tmp_path / "test_sessions.txt").write_text("5 6 5\n")
    assert main(["diginetica", str(tmp_path), str(tmp_path / "out")]) == 0
    loaded = load_sessions(tmp_path / "out" / "events.csv", tmp_path / "out" / "test.csv")
    assert people(loaded.dataset) == [["1", "2"], ["3", "4", "5"], ["5", "6", "5"]]
    asked = loaded.dataset.person == loaded.test_people[0]
    assert loaded.dataset.time[asked].min() > loaded.dataset.time[~asked].max()


def test_online_retail_keeps_sales_of_products(tmp_path):
    rows = [
        ("489434", "85048", "BALL", 12, "2009-12-01 07:45:00", 6.95, 13085.0),
        ("C489435", "85048", "BALL", -12, "2009-12-01 07:46:00", 6.95, 13085.0),
        ("489436", "POST", "POSTAGE", 1, "2009-12-01 07:47:00", 3.0, 13085.0),
        ("489437", "22041", "RECORD", 1, "2009-12-02 07:47:00", 0.0, 13085.0),
        ("489438", "79323P", "CHERRY", 2, "2009-12-02 09:47:00", 1.0, None),
    ]
    names = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID"]
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(tmp_path / "online_retail_2009_2010.parquet")
    assert main(["online_retail", str(tmp_path), str(tmp_path / "out")]) == 0
    dataset = load_events(tmp_path / "out" / "events.csv").dataset
    assert dataset.people == ("13085",)
    assert dataset.items.ids == ("79323P", "85048")
    assert dataset.items.table["title"].to_list() == ["CHERRY", "BALL"]
    assert dataset.value.tolist() == [2.0, 12.0]


def test_office_asks_first_for_validation_and_then_for_the_test(tmp_path):
    (tmp_path / "items.jsonl").write_text('{"item_id": 7, "title": "Pen", "brand": "B", "description": ""}\n')
    (tmp_path / "valid.jsonl").write_text('{"user": "a", "history": [1, 2], "target": 3}\n')
    asked = ['{"user": "a", "history": [1, 2, 3], "target": 4}', '{"user": "b", "history": [5], "target": 6}']
    (tmp_path / "test.jsonl").write_text("\n".join(asked))
    assert main(["office", str(tmp_path), str(tmp_path / "out")]) == 0
    dataset = load_events(tmp_path / "out" / "events.csv", tmp_path / "out" / "items.csv").dataset
    assert people(dataset) == [["1", "2", "3", "4"], ["5", "6"]]
    assert set(dataset.items.table["title"].drop_nulls()) == {"Pen"}


@pytest.mark.parametrize(
    "arguments", [[], ["beauty"], ["nothing", ".", "out"], ["beauty", "no/such/folder", "out"]]
)
def test_what_is_not_understood_is_told(arguments, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert all(name in said for name in DATASETS)


def test_lastfm_keeps_plays_and_friends(tmp_path):
    (tmp_path / "user_artists.dat").write_text("userID\tartistID\tweight\n2\t51\t13883\n2\t52\t7\n4\t51\t1\n")
    (tmp_path / "user_friends.dat").write_text("userID\tfriendID\n2\t4\n4\t2\n")
    assert main(["lastfm", str(tmp_path), str(tmp_path / "out")]) == 0
    loaded = load_events(tmp_path / "out" / "events.csv")
    assert people(loaded.dataset) == [["51", "52"], ["51"]]
    assert loaded.dataset.value.tolist() == [13883.0, 7.0, 1.0]
    customers, ties = (pl.read_csv(tmp_path / "out" / f"{name}.csv") for name in ("customers", "ties"))
    assert customers.rows() == [(2, "yes"), (4, "yes")]
    assert ties.rows() == [(2, 4, "friend"), (4, 2, "friend")]
