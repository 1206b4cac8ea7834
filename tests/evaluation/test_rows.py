"""Rows by place, counted from the log."""

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.attribution import EVENT_COLUMNS
from shopkeeper.data.decisions import SHOWN_COLUMNS
from shopkeeper.evaluation.rows import own_counts, row_counts

NUMBERS = {c.SLOT: pl.Int64, c.PROBABILITY: pl.Float64, c.TIMESTAMP: pl.Int64}
PRICES = {c.TIMESTAMP: pl.Int64, c.QUANTITY: pl.Float64, c.PRICE: pl.Float64, c.VALUE: pl.Float64}
ROWS = ("for_you", "because", "new")


def frames(pages, clicks):
    shown = [
        (request, "p", surface, name, slot, item, 1.0, "", "v", 0)
        for request, surface, rows in pages
        for name, items in rows
        for slot, item in enumerate(items)
    ]
    events = [("p", "select_item", item, 1, request, None, None, None) for request, item in clicks]
    return (
        pl.DataFrame(shown, {name: NUMBERS.get(name, pl.String) for name in SHOWN_COLUMNS}, orient="row"),
        pl.DataFrame(events, {name: PRICES.get(name, pl.String) for name in EVENT_COLUMNS}, orient="row"),
    )


def test_rows_count_once_a_page_at_the_place_they_stood():
    pages = [
        ("r1", "homepage", [("style", "z"), ("because", "ab"), ("because", "cd"), ("new", "ef")]),
        ("r2", "homepage", [("for_you", "ab"), ("new", "cd")]),
        ("r3", "search", [("for_you", "ab")]),
    ]
    clicks = [("r1", "a"), ("r1", "b"), ("r1", "z"), ("r1", "e"), ("r2", "d"), ("r3", "a"), ("r2", "x")]
    answers, events = frames(pages, clicks)
    shown, clicked = row_counts(answers, events, "homepage", ROWS, 3)
    np.testing.assert_array_equal(shown, [[1, 0, 0], [0, 1, 1], [0, 1, 1]])
    np.testing.assert_array_equal(clicked, [[0, 0, 0], [0, 1, 0], [0, 1, 1]])


def test_nothing_was_shown():
    answers, events = frames([], [])
    shown, clicked = row_counts(answers, events, "homepage", ROWS, 3)
    assert shown.shape == clicked.shape == (3, 3)
    assert not shown.any()


def test_a_row_is_clicked_once_a_page_and_counts_on_its_surface():
    pages = [("r1", "homepage", [("for_you", "ab"), ("new", "c")]), ("r2", "product", [("new", "d")])]
    shown, events = frames(pages, [("r1", "a"), ("r1", "b"), ("r1", "c"), ("r2", "d")])
    assert row_counts(shown, events, "homepage", ROWS, 4)[1].sum() == 2


def test_each_ones_own_sum_to_those_of_all():
    pages = [(f"r{n}", "homepage", [("for_you", "ab"), ("new", "cd")][:: 1 - 2 * (n % 2)]) for n in range(6)]
    answers, events = frames(pages, [("r0", "a"), ("r1", "c"), ("r4", "d")])
    names = ("ann", "ann", "bob", "bob", "bob", None)
    who = pl.col(c.REQUEST_ID).replace({f"r{n}": name for n, name in enumerate(names)})
    answers = answers.with_columns(who.alias("person"))
    looked = np.array([1.0, 0.5])
    people, looks, clicked = own_counts(answers, events, "homepage", ROWS, looked)
    assert people == ["ann", "bob"]
    np.testing.assert_array_equal(looks, [[1.5, 0, 1.5], [2.5, 0, 2.0]])
    np.testing.assert_array_equal(clicked, [[1, 0, 1], [0, 0, 1]])
    shown, clicks = row_counts(answers.drop_nulls("person"), events, "homepage", ROWS, 2)
    np.testing.assert_array_equal(shown @ looked, looks.sum(0))
    np.testing.assert_array_equal(clicks.sum(1), clicked.sum(0))
