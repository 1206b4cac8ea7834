"""Files: every format and compression reads alike; what is broken is told, and the rest is kept."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.config import Limits
from shopkeeper.core.errors import (
    EmptySource,
    InvalidRequest,
    MissingFile,
    PayloadTooLarge,
    UnreadableSource,
)
from shopkeeper.data.sources import csv_file, json_lines
from shopkeeper.data.sources.base import Chunk
from shopkeeper.data.sources.csv_file import CsvFile
from shopkeeper.data.sources.opening import detect_format, open_source
from shopkeeper.data.store import Store
from tests.data.shop import bring_in, reasons, write

HEADER = "customer_id,event_type,item_id,timestamp,price\n"
GOOD = 'a,purchase,x,2020-01-01,1.5\nb,view_item,"hat, red",2020-01-02,\n'
FRAME = pl.read_csv((HEADER + GOOD).encode())
LIMITS = Limits()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        yield store


def read(path: Path, format: str | None = None) -> Chunk:
    (chunk,) = open_source(path, kind="events", limits=LIMITS, format=format).chunks()
    return chunk


def zipped(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("inside.csv"), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def parquet() -> bytes:
    file = io.BytesIO()
    FRAME.write_parquet(file)
    return file.getvalue()


CSV = (HEADER + GOOD).encode()
JSONL = FRAME.write_ndjson().encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.csv", CSV),
        ("e.csv", b"\xef\xbb\xbf" + CSV),
        ("e.csv", CSV.replace(b"\n", b"\r\n")),
        ("e.csv", CSV.rstrip(b"\n")),
        ("e.csv", CSV.decode().encode("utf-16")),
        ("e.tsv", FRAME.write_csv(separator="\t").encode()),
        ("e.csv", FRAME.write_csv(separator=";").encode()),
        ("e.csv.gz", gzip.compress(CSV, mtime=0)),
        ("e.csv.bz2", bz2.compress(CSV)),
        ("e.csv.xz", lzma.compress(CSV)),
        ("e.csv.zip", zipped(CSV)),
        ("misnamed.csv", gzip.compress(CSV, mtime=0)),
        ("e.jsonl", JSONL),
        ("e.ndjson.gz", gzip.compress(JSONL, mtime=0)),
        ("e.json", json.dumps(FRAME.to_dicts()).encode()),
        ("nameless", JSONL),
        ("e.parquet", parquet()),
        ("nameless", parquet()),
        ("e.parquet.gz", gzip.compress(parquet(), mtime=0)),
    ],
)
def test_every_format_is_stored_alike(store, tmp_path, name, content):
    report = bring_in(store, write(tmp_path / name, content))

    assert (report.stored, report.quarantined) == (2, 0)
    stored = store.scan([c.EVENT_TYPE, c.ITEM_ID, c.PRICE]).rows()
    assert stored == [("purchase", "x", 1.5), ("view_item", "hat, red", None)]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("empty.csv", b"", EmptySource),
        ("header.csv", HEADER.encode(), EmptySource),
        ("blank.csv", b"\n\n", EmptySource),
        ("twice.csv", b"a,a\n1,2\n", UnreadableSource),
        ("empty.csv.gz", gzip.compress(b"", mtime=0), EmptySource),
        ("cut.csv.gz", gzip.compress(CSV * 1000, mtime=0)[:-20], UnreadableSource),
        ("no.csv.zip", b"PK\x03\x04 not a zip", UnreadableSource),
        ("broken.parquet", b"PAR1 nothing PAR1", UnreadableSource),
        ("named.parquet", CSV, UnreadableSource),
        ("zeros.csv", b"a,b\n\x00\x01", UnreadableSource),
        (
            "gbk.csv",
            HEADER.encode() + "客户,purchase,商品,2020-01-01,1\n".encode("gbk") * 50,
            UnreadableSource,
        ),
        ("gbk.jsonl", '{"user_id": "客户"}\n'.encode("gbk") * 50, UnreadableSource),
        ("broken.json", b"[{]", UnreadableSource),
        ("nameless", b"hello", UnreadableSource),
        ("bomb.csv.gz", gzip.compress(CSV + b"0" * 250_000_000, 1, mtime=0), PayloadTooLarge),
        ("bomb.csv.zip", zipped(CSV + b"0" * 250_000_000), PayloadTooLarge),
        ("bomb.jsonl.gz", gzip.compress(b"[" * 250_000_000, 1, mtime=0), PayloadTooLarge),
    ],
)
def test_what_cannot_be_read_is_told_and_leaves_the_shop_as_it_was(store, tmp_path, name, content, error):
    with pytest.raises(error) as caught:
        bring_in(store, write(tmp_path / name, content))

    assert caught.value.hint
    assert store.counts()["events"] <= 2


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(MissingFile, match="nowhere"):
        open_source(tmp_path / "nowhere.csv", kind="events", limits=LIMITS)
    with pytest.raises(UnreadableSource):
        open_source(tmp_path, kind="events", limits=LIMITS)


def test_an_unknown_format_is_told(tmp_path):
    with pytest.raises(InvalidRequest, match="parquet"):
        open_source(write(tmp_path / "e.csv", CSV), kind="events", limits=LIMITS, format="xlsx")


def test_single_bad_lines_are_set_aside_and_the_rest_is_kept(store, tmp_path):
    lines = [
        b"a,purchase,x,2020-01-01,1",
        b"a,purchase,x,2020-01-01",
        b"a,purchase,\xff,2020-01-01,1",
        b"",
        b'a,purchase,"two\nlines",2020-01-01,1',
        b'a,purchase,"never closed,2020-01-01,1',
        b"a,purchase,y,2020-01-01,1",
        b'a,purchase,5" pipe,2020-01-01,1',
        b'a,purchase,x"y",2020-01-01,1',
        b"a,purchase," + b"l" * 4_000_001 + b",2020-01-01,1",
        b"a,purchase,z,2020-01-01,1",
    ]

    report = bring_in(store, write(tmp_path / "e.csv", HEADER.encode() + b"\n".join(lines)))

    assert report.rows_read == 10
    assert reasons(report)["broken_encoding"] == [4]
    assert reasons(report)["line_too_long"] == [12]
    assert reasons(report)["wrong_columns"][:2] == [3, 8]
    assert {"x", "y", "z", "two\nlines"} <= set(store.scan([c.ITEM_ID])[c.ITEM_ID])


def test_an_endless_line_takes_bounded_memory_and_is_told(store, tmp_path):
    endless = HEADER.encode() + b"a" * 60_000_000 + b"\n" + GOOD.encode()

    report = bring_in(store, write(tmp_path / "e.csv", endless))

    assert (report.stored, reasons(report)) == (2, {"line_too_long": [2]})


def test_bad_json_lines_are_set_aside_and_the_rest_is_kept(store, tmp_path):
    good = b'{"user_id": "a", "item_id": 1, "timestamp": 1600000000, "price": "2.5"}'
    deep = b"[" * 100_000 + b"]" * 100_000
    lines = [good, b'{"a": ', b"[1]", b"", b'{"user_id": "\xff"}', deep, good.replace(b"1,", b'"y",', 1)]

    report = bring_in(store, write(tmp_path / "e.jsonl", b"\n".join(lines)))

    assert report.stored == 2
    assert reasons(report) == {"invalid_json": [2, 6], "not_a_row": [3], "broken_encoding": [5]}


def test_json_values_of_mixed_types_keep_their_meaning(store, tmp_path):
    rows = [
        {"user_id": "a", "item_id": "x", "timestamp": "2020-01-01", "price": "2.5"},
        {"user_id": 1, "item_id": 7, "timestamp": 1_600_000_000, "price": 3, "quantity": True},
        {"user_id": {"id": 1}, "item_id": 7, "timestamp": 1_600_000_000},
        {"user_id": "\ud800", "item_id": "\ud800x", "timestamp": 1_600_000_000.5},
    ]

    report = bring_in(store, write(tmp_path / "e.jsonl", "\n".join(map(json.dumps, rows))))

    assert reasons(report) == {"not_a_number": [2], "not_text": [3]}
    assert store.scan([c.PRICE])[c.PRICE].to_list() == [2.5, None]


FIELD = st.text(st.sampled_from('ab,"\n\r客 '), max_size=4)


@settings(max_examples=150)
@given(st.lists(st.lists(FIELD, min_size=3, max_size=3), min_size=1, max_size=12), st.integers(20, 60))
def test_well_formed_csv_is_read_like_pythons_reader(rows, block):
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["x", "y", "z"], *rows])
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = write(Path(folder) / "e.csv", file.getvalue())
        patch.setattr("shopkeeper.data.sources.stream.BLOCK", block)
        patch.setattr(csv_file, "CHUNK_ROWS", 3)
        chunks = list(CsvFile(path, LIMITS).chunks())

    assert not any(chunk.broken for chunk in chunks)
    read = [row for chunk in chunks for row in chunk.rows.rows()]
    assert read == [tuple(field or None for field in row) for row in rows]


def test_chunks_number_their_lines_through(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "CHUNK_ROWS", 4)
    monkeypatch.setattr("shopkeeper.data.sources.stream.BLOCK", 50)
    path = write(tmp_path / "e.csv", "a,b\n" + "".join(f"{n},x\n" for n in range(40)))

    chunks = list(CsvFile(path, LIMITS).chunks())

    assert [line for chunk in chunks for line in chunk.lines] == list(range(2, 42))
    assert max(len(chunk.rows) for chunk in chunks) <= 4


def test_json_lines_come_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lines, "CHUNK_ROWS", 10)
    path = write(tmp_path / "e.jsonl", "".join(f'{{"a": {n}}}\n' for n in range(5)))

    chunks = list(open_source(path, kind="events", limits=LIMITS).chunks())

    assert [chunk.lines.to_list() for chunk in chunks] == [[1, 2], [3, 4], [5]]


EXPORTED = {
    "event_name": "purchase",
    "event_timestamp": 1_600_000_000_000_000,
    "user_id": "u1",
    "user_pseudo_id": "9.8",
    "event_params": [
        {"key": "ga_session_id", "value": {"int_value": 5}},
        {"key": "currency", "value": {"string_value": "EUR"}},
    ],
    "ecommerce": {"transaction_id": "T1", "purchase_revenue": 12.5},
    "items": [
        {"item_id": "A", "price": 2.0, "quantity": 2, "coupon": "(not set)"},
        {"item_id": "B", "price": 8.5, "quantity": None},
    ],
    "privacy_info": {"analytics_storage": "Yes"},
}
SENT = {
    "client_id": "9.8",
    "user_id": "u1",
    "timestamp_micros": "1600000000000000",
    "events": [
        {"name": "add_to_cart", "params": {"currency": "EUR", "items": [{"item_id": "A", "quantity": 2}]}},
        {"name": "search", "params": {"search_term": "hat", "session_id": "5"}},
    ],
}


def test_ga4_export_becomes_a_row_an_item(store, tmp_path):
    lines = [EXPORTED, {"event_name": "page_view", "event_params": [], "event_timestamp": 1}]
    path = write(tmp_path / "ga4.json", "\n".join(map(json.dumps, lines)))
    assert detect_format(path, LIMITS) == "ga4"

    report = bring_in(store, path)

    columns = [
        c.EVENT_TYPE,
        c.ITEM_ID,
        c.TIMESTAMP,
        c.QUANTITY,
        c.CURRENCY,
        c.VALUE,
        c.TRANSACTION_ID,
        c.COUPON,
    ]
    assert store.scan(columns).rows() == [
        ("purchase", "A", 1_600_000_000_000, 2, "EUR", 12.5, "T1", None),
        ("purchase", "B", 1_600_000_000_000, None, "EUR", 12.5, "T1", None),
    ]
    assert "1 page_view" in "\n".join(report.notes)


@pytest.mark.parametrize("as_array", [True, False])
def test_measurement_protocol_bodies_are_read(store, tmp_path, as_array):
    path = write(tmp_path / "mp.json", json.dumps([SENT] if as_array else SENT))

    bring_in(store, path)

    assert store.scan([c.EVENT_TYPE, c.ITEM_ID, c.QUANTITY, c.SEARCH_TERM]).rows() == [
        ("add_to_cart", "A", 2, None),
        ("search", None, None, "hat"),
    ]


def test_refused_ga4_consent_takes_the_person_away(store, tmp_path):
    refused = SENT | {"consent": {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}}

    report = bring_in(store, write(tmp_path / "mp.json", json.dumps(refused)))

    assert report.anonymous == report.stored == 2
