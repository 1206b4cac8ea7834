"""Segments as a marketer meets them: sizes, lists, movement, and a rule that is tried."""

import csv
import io
from urllib.parse import quote

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.data.customer_log import read_customer_log
from shopkeeper.serving import snapshots
from shopkeeper.serving.snapshots import take_snapshot
from shopkeeper.surfaces.segmentation import segment
from shopkeeper.surfaces.snapshot import customers
from tests.serving import world
from tests.web.page_reader import Page


@pytest.fixture
def looked(service, browser_of_a_guest, monkeypatch):
    """A browser in front of a shop whose customers were looked at."""
    folder = service.store.path.parent
    monkeypatch.setattr(snapshots, "PARTS", {"customers": customers})
    take_snapshot(service.store, folder, world.NOW, 28, lambda *stage: None)
    return browser_of_a_guest


def test_before_anybody_looked_the_page_says_so(browser_of_a_guest):
    text = browser_of_a_guest.get("/dashboard/segments").text
    assert "Nobody has looked at customers yet." in text
    assert Page(text).faults == []
    assert browser_of_a_guest.get("/dashboard/segments/members?segment=new").status_code == 404


@pytest.mark.parametrize("by", ["stage", "rfm", "clusters"])
def test_sizes_are_those_of_the_whole_computation(looked, service, by):
    answer = looked.get(f"/dashboard/segments?by={by}")
    page = Page(answer.text)
    assert page.faults == []
    assert len(answer.content) < 150_000
    told = segment(read_customer_log(service.store, service.store), world.NOW, by, {})
    shown = [float(meter["value"]) for meter in page.all("meter")]
    assert shown == [pytest.approx(one.share, abs=1e-4) for one in told.segments]


def test_a_segment_is_listed_and_saved(looked, service):
    told = segment(read_customer_log(service.store, service.store), world.NOW, "rfm", {})
    largest = told.segments[0]
    asked = f"by=rfm&segment={quote(largest.segment)}"
    saved = looked.get(f"/dashboard/segments/members.csv?{asked}").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(saved)))
    expected = told.members.filter(pl.col("segment") == largest.segment)[c.CUSTOMER_ID]
    assert {row[c.CUSTOMER_ID] for row in rows} == set(expected)
    page = looked.get(f"/dashboard/segments/members?{asked}").text
    assert f'/dashboard/customers/{rows[0][c.CUSTOMER_ID]}"' in page
    assert looked.get("/dashboard/segments/members?by=rfm&segment=nothing").status_code == 404


def test_a_rule_is_tried_and_its_fault_is_told_where_it_is(looked):
    page = looked.get("/dashboard/segments?rule=" + quote("frequency >= 1")).text
    assert "100.0%" in page
    wrong = looked.get("/dashboard/segments?rule=" + quote("frequncy >= 1 and <b>")).text
    assert "did you mean frequency" in wrong
    assert "<b>" not in wrong
    listed = looked.get("/dashboard/segments/members?rule=" + quote("frequency < 0"))
    assert "0 customers." in listed.text
    assert looked.get("/dashboard/segments/members?rule=frequncy").status_code == 422


def test_sizes_over_time_are_saved(looked):
    lines = looked.get("/dashboard/charts/sizes.csv?by=stage").text.splitlines()
    assert len(lines) == 3
    assert lines[-1].startswith("2026-11-")


def test_only_a_known_horizon_and_a_page_of_ours_start_a_look(browser_of_a_guest):
    for form in ({"days": "3", "back": "/dashboard/segments"}, {"days": "28", "back": "//evil"}):
        assert browser_of_a_guest.post("/dashboard/look", data=form).status_code == 422
