"""Results by row, counted plainly."""

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.data.attribution import EVENT_COLUMNS
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.decisions import SHOWN_COLUMNS
from shopkeeper.evaluation.feedback import results

SHOWN = {
    name: pl.Int64 if name in (c.SLOT, c.TIMESTAMP) else pl.Float64 if name == c.PROBABILITY else pl.String
    for name in SHOWN_COLUMNS
}
EVENTS = {
    name: pl.Int64
    if name == c.TIMESTAMP
    else pl.Float64
    if name in (c.QUANTITY, c.PRICE, c.VALUE)
    else pl.String
    for name in EVENT_COLUMNS
}


def shown(request: str, person: str | None, row: str, items: str, version: str = "v1"):
    return [
        (request, person, "homepage", row, slot, item, 1.0, "", version, 0) for slot, item in enumerate(items)
    ]


def test_each_row_and_version_has_its_own_figures():
    placed = pl.DataFrame(
        [
            *shown("r1", "a", "for_you", "abcd"),
            *shown("r1", "a", "new", "ef"),
            *shown("r2", "b", "for_you", "abcd"),
            *shown("r3", None, "for_you", "ab", version="v2"),
        ],
        SHOWN,
        orient="row",
    )
    events = pl.DataFrame(
        [
            ("a", "select_item", "a", 1, "r1", None, None, None),
            ("a", "add_to_cart", "a", 2, "r1", None, None, None),
            ("a", "purchase", "a", 3, None, 2.0, 4.0, None),
            ("b", "select_item", "b", 1, "r2", None, None, None),
            ("b", "select_item", "b", 2, "r2", None, None, None),
            (None, "select_item", "e", 1, "r3", None, None, None),
        ],
        EVENTS,
        orient="row",
    )

    first, *others = results(placed, events)

    assert (first.row, first.model_version, first.impressions, first.people) == ("for_you", "v1", 8, 2)
    assert (first.clicks, first.carts, first.purchases, first.revenue) == (2, 1, 1, 8.0)
    assert first.click_through.value == pytest.approx(0.25)
    assert first.revenue_per_thousand.value == pytest.approx(1000)
    assert {(one.row, one.model_version, one.clicks) for one in others} == {
        ("new", "v1", 0),
        ("for_you", "v2", 0),
    }


def test_nothing_shown_has_no_results():
    empty = pl.DataFrame(schema=SHOWN)
    assert empty[PERSON].is_empty()
    assert results(empty, pl.DataFrame(schema=EVENTS)) == ()
