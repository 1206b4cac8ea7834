"""Imports: counts add up, repeats survive, nothing is stored twice, and a killed import can be finished."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.config import Privacy, ShopConfig
from shopkeeper.core.errors import InvalidRequest, MissingColumn
from shopkeeper.data.collect import collect_events
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.sources.base import FrameSource
from shopkeeper.data.sources.json_columns import column_of
from shopkeeper.data.store import Store
from tests.data.shop import CONFIG, IDENTITY, NOW, bring_in, reasons, write


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        yield store


VALUES = {
    c.CUSTOMER_ID: st.sampled_from(["a", "b", None, "", "x" * 300, 5]),
    c.SESSION_ID: st.sampled_from(["s", None]),
    c.EVENT_TYPE: st.sampled_from(["purchase", "view", "view_item", "dance", None]),
    c.ITEM_ID: st.sampled_from(["x", "y", None, 3]),
    c.TIMESTAMP: st.sampled_from([NOW, NOW // 1000, "2020-01-01", "never", -3, NOW * 2, None]),
    c.QUANTITY: st.sampled_from([1, 0, -2, "3", "many", None]),
    c.PRICE: st.sampled_from([1.5, math.nan, -1, "2.50", None]),
    c.EVENT_ID: st.sampled_from([None, None, "e1", "e2"]),
    c.CONSENT: st.sampled_from([None, True, "no"]),
}
ROWS = st.lists(st.fixed_dictionaries(VALUES), min_size=1, max_size=30)


def source_of(rows: list[dict[str, Any]]) -> FrameSource:
    frame = pl.DataFrame([column_of(name, [row[name] for row in rows]) for name in VALUES])
    return FrameSource("random", frame.iter_slices(7))


@settings(max_examples=25)
@given(ROWS)
def test_every_row_is_stored_a_duplicate_or_set_aside(rows):
    with TemporaryDirectory() as folder, Store(Path(folder) / "shop.db") as store:
        first = bring_in(store, source_of(rows))
        again = bring_in(store, source_of(rows))
        counts = store.counts()

    assert first.rows_read == again.rows_read == len(rows)
    assert again.stored == 0
    assert again.quarantined == first.quarantined
    assert counts["events"] == first.stored
    assert counts["quarantine"] == first.quarantined


def test_columns_that_come_later_in_a_source_are_kept(tmp_path):
    bought = {c.CUSTOMER_ID: "a", c.EVENT_TYPE: "purchase", c.ITEM_ID: "tea", c.TIMESTAMP: NOW}
    took = {c.CUSTOMER_ID: "a", c.EVENT_TYPE: "select_promotion", c.TIMESTAMP: NOW, c.PROMOTION_ID: "m1"}
    frames = [pl.DataFrame([row]) for row in (bought, took)]
    with Store(tmp_path / "shop.db") as store:
        bring_in(store, FrameSource("two kinds", frames))
        assert store.scan((c.EVENT_TYPE, c.PROMOTION_ID)).rows() == [
            ("purchase", None),
            ("select_promotion", "m1"),
        ]


@settings(max_examples=25)
@given(ROWS)
def test_a_batch_over_http_is_stored_like_the_same_rows_from_a_file(rows):
    rows = [row | {c.EVENT_TYPE: "purchase", c.TIMESTAMP: row[c.TIMESTAMP] or NOW} for row in rows]
    with TemporaryDirectory() as folder, Store(Path(folder) / "shop.db") as store:
        verdicts = collect_events(store, rows, config=CONFIG, identity=IDENTITY, now=NOW)
        again = collect_events(store, rows, config=CONFIG, identity=IDENTITY, now=NOW)
        report = bring_in(store, source_of(rows))

    states = [verdict.status for verdict in verdicts]
    assert "stored" not in [verdict.status for verdict in again]
    assert report.stored == 0
    assert report.quarantined == states.count("rejected")


def test_real_repeats_survive_and_a_second_import_adds_nothing(store, tmp_path):
    line = "a,purchase,x,2020-01-01,1\n"
    path = write(tmp_path / "e.csv", "customer_id,event_type,item_id,timestamp,quantity\n" + line * 3)

    assert bring_in(store, path).stored == 3
    again = bring_in(store, path)

    assert (again.stored, again.duplicates) == (0, 3)
    assert store.counts()["events"] == 3


def test_the_report_says_what_was_guessed_done_and_refused(store, tmp_path):
    path = write(
        tmp_path / "retail.csv",
        "Invoice,StockCode,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "536365,85123A,6,12/1/2010 8:26,2.55,17850,UK\n"
        "C53637,85123A,1,12/1/2010 9:26,2.55,17850,UK\n"
        "536366,85123A,-2,12/1/2010 10:26,2.55,17850,UK\n"
        "536367,85123A,1,12/1/2010 11:26,NaN,17850,UK\n",
    )

    report = bring_in(store, path)

    text = "\n".join(report.lines())
    assert reasons(report) == {"not_a_number": [5]}
    assert "customer_id = 'Customer ID'" in text
    assert "every row counts as purchase" in text
    assert "month/day/year" in text
    assert "Left out the columns 'Country'" in text
    assert "1 purchases on cancelled invoices" in text
    assert "1 rows of negative quantity became refunds" in text
    events = store.scan([c.EVENT_TYPE, c.QUANTITY, c.TIMESTAMP])
    assert events[c.EVENT_TYPE].to_list() == ["purchase", "refund", "refund"]
    assert events[c.QUANTITY].to_list() == [6, 1, 2]
    assert events[c.TIMESTAMP][0] == 1_291_191_960_000


def test_a_day_above_twelve_tells_the_order_of_a_date(store, tmp_path):
    path = write(tmp_path / "e.csv", "user,item_id,date\na,x,13/01/2020\na,y,02/01/2020\n")

    bring_in(store, path)

    assert store.scan([c.TIMESTAMP])[c.TIMESTAMP].to_list() == [1_578_873_600_000, 1_577_923_200_000]


def test_raw_ids_never_reach_the_file(store, tmp_path):
    path = write(
        tmp_path / "e.csv",
        "customer_id,session_id,event_type,item_id,timestamp\n"
        "raw-customer,raw-session,view_item,x,2020-01-01\n"
        "raw-customer,raw-session,dance,x,2020-01-01\n"
        "raw-customer,raw-session,view_item,x\n",
    )
    rows = [{"customer_id": "raw-customer", "event_type": "dance", "session_id": "raw-session"}]

    bring_in(store, path)
    collect_events(store, rows, config=CONFIG, identity=IDENTITY, now=NOW)

    assert store.find_bytes(["raw-customer", "raw-session"]) == 0
    assert store.find_bytes([IDENTITY.customer("raw-customer")]) > 0


def test_without_consent_a_row_is_kept_without_its_person(store, tmp_path):
    path = write(
        tmp_path / "e.csv",
        "customer_id,session_id,event_type,item_id,timestamp,consent\n"
        "a,s,view_item,x,2020-01-01,no\nb,t,view_item,y,2020-01-01,yes\nd,u,view_item,z,2020-01-01,\n",
    )

    report = bring_in(store, path, config=ShopConfig(privacy=Privacy(assume_consent=False)))

    assert report.anonymous == 2
    assert store.scan([PERSON])[PERSON].to_list() == [None, IDENTITY.customer("b"), None]


def test_rows_without_anybody_are_kept_and_counted(store, tmp_path):
    path = write(tmp_path / "e.csv", "customer_id,event_type,item_id,timestamp\n,view_item,x,2020-01-01\n")

    report = bring_in(store, path)

    assert (report.stored, report.anonymous) == (1, 1)


def test_items_keep_their_other_columns_as_attributes(store, tmp_path):
    path = write(
        tmp_path / "feed.csv",
        "id,title,price,availability,color\n1,Shoe,15.00 USD,in stock,red\n1,Shoe,15.00 USD,in stock,red\n",
    )

    report = bring_in(store, path, kind="items")

    assert (report.stored, report.duplicates) == (1, 1)
    row = store.items().row(0, named=True)
    assert (row[c.PRICE], row[c.CURRENCY], row[c.IN_STOCK]) == (15.0, "USD", True)
    assert row[c.ATTRIBUTES] == '{"color": "red"}'


def test_attributes_of_its_own_are_read_as_such_beside_other_columns(store, tmp_path):
    path = write(
        tmp_path / "feed.jsonl",
        '{"item_id": "1", "title": "Beer", "attributes": {"age_restricted": true}, "color": "amber"}\n'
        '{"item_id": "2", "title": "Ale", "attributes": "{\\"title_zh\\": \\"麦酒\\"}"}\n'
        '{"item_id": "3", "title": "Odd", "attributes": "no object"}\n',
    )

    report = bring_in(store, path, kind="items")

    assert (report.stored, report.quarantined) == (2, 1)
    assert sorted(store.items()[c.ATTRIBUTES].to_list()) == [
        '{"age_restricted": true, "color": "amber"}',
        '{"title_zh": "麦酒"}',
    ]


def test_campaign_rows_are_laid_out_by_item_and_customer(store, tmp_path):
    path = write(
        tmp_path / "c.csv",
        "campaign_id,title,start_date,end_date,product_id,coupon_upc,household_id\n"
        "1,Spring,2017-03-01,2017-04-01,x,9,\n1,,,,y,9,\n1,,,,,,raw\n1,,,,,,raw\n2,Back,2017-03-01,2017-02-01,,,\n",
    )

    report = bring_in(store, path, kind="campaigns")

    assert (report.stored, report.duplicates, reasons(report)) == (3, 1, {"reversed_dates": [6]})
    assert store.campaigns()[c.TITLE].to_list() == ["Spring"]
    assert store.campaign_items().rows() == [("1", "x", "9"), ("1", "y", "9")]
    assert store.campaign_customers().rows() == [("1", IDENTITY.customer("raw"))]


def test_customers_without_consent_keep_nothing_else(store, tmp_path):
    path = write(tmp_path / "c.csv", "user_id,age,consent\n1,30,yes\n2,40,no\n")

    bring_in(store, path, kind="customers")

    kept = dict(store.customers().select(c.CUSTOMER_ID, c.ATTRIBUTES).rows())
    assert kept == {IDENTITY.customer("1"): '{"age": "30"}', IDENTITY.customer("2"): None}


def test_given_columns_win_over_guesses(store, tmp_path):
    path = write(tmp_path / "e.csv", "user_id,buyer,sku,at\n1,2,x,2020-01-01\n")

    bring_in(store, path, mapping={"customer_id": "buyer", "timestamp": "at"})

    assert store.scan([c.CUSTOMER_ID]).item() == IDENTITY.customer("2")


@pytest.mark.parametrize(
    ("mapping", "error"),
    [({"colour": "a"}, InvalidRequest), ({"item_id": "nowhere"}, MissingColumn), ({}, MissingColumn)],
)
def test_a_mapping_that_cannot_be_is_told(store, tmp_path, mapping, error):
    with pytest.raises(error):
        bring_in(store, write(tmp_path / "e.csv", "a,b\n1,2\n"), mapping=mapping)
    assert store.counts()["events"] == 0


def test_an_unknown_kind_is_refused(store, tmp_path):
    with pytest.raises(InvalidRequest, match="parrots"):
        bring_in(store, write(tmp_path / "e.csv", "a\n1\n"), kind="parrots")


IMPORTER = """
import sys
from pathlib import Path
import shopkeeper.data.sources.base, shopkeeper.data.sources.csv_file as csv_file
csv_file.CHUNK_ROWS = 2_000
from shopkeeper.data.store import Store
from tests.data.shop import bring_in
def progress(done, total):
    print(done, flush=True)
with Store(Path(sys.argv[1])) as store:
    bring_in(store, Path(sys.argv[2]), progress=progress)
"""


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_killed_import_keeps_what_it_acknowledged_and_can_be_finished(tmp_path, chunks):
    rows = 40_000
    lines = "".join(f"{row % 97},purchase,{row % 11},{1_600_000_000 + row // 5},1\n" for row in range(rows))
    path = write(tmp_path / "e.csv", "customer_id,event_type,item_id,timestamp,quantity\n" + lines)
    command = [sys.executable, "-c", IMPORTER, str(tmp_path / "shop.db"), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(chunks)][-1]
        os.kill(process.pid, signal.SIGKILL)

    with Store(tmp_path / "shop.db") as store:
        survived = store.counts()["events"]
        report = bring_in(store, path)

        assert acknowledged <= survived < rows
        assert (report.duplicates, report.stored) == (survived, rows - survived)
        assert store.counts()["events"] == rows
