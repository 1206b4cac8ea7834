"""Cleaning: returns find their purchases, robots leave, gaps are filled; fast paths agree with plain ones."""

from collections import defaultdict

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.config import Cleaning
from shopkeeper.data.clean import (
    HOUR_MS,
    clean_log,
    net_purchases,
    with_prices,
    with_quantities,
    without_robots,
)
from shopkeeper.data.clean_rows import clean_rows
from shopkeeper.data.dataset import PERSON

SCHEMA = {
    PERSON: pl.String,
    c.EVENT_TYPE: pl.String,
    c.ITEM_ID: pl.String,
    c.TIMESTAMP: pl.Int64,
    c.QUANTITY: pl.Float64,
    c.PRICE: pl.Float64,
    c.TRANSACTION_ID: pl.String,
}


def frame(*rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, SCHEMA, orient="row")


def bought(person, item, time, quantity=1.0, order=None, kind="purchase", price=2.0):
    return (person, kind, item, time, quantity, price, order)


def returned(person, item, time, quantity=1.0, order=None):
    return bought(person, item, time, quantity, order, "refund")


def test_a_return_is_taken_off_the_purchase_of_its_transaction_first():
    events = frame(bought("a", "x", 1, 3, "T1"), bought("a", "x", 2, 3, "T2"), returned("a", "x", 9, 2, "T1"))

    left, matched, unmatched = net_purchases(events)

    assert left[c.QUANTITY].to_list() == [1, 3]
    assert (matched.rows, unmatched.rows) == (1, 0)


def test_else_off_the_latest_earlier_purchase_with_enough_left():
    events = frame(
        bought("a", "x", 1, 5), bought("a", "x", 2, 1), bought("a", "x", 8, 5), returned("a", "x", 4, 2)
    )

    assert net_purchases(events)[0][c.QUANTITY].to_list() == [3, 1, 5]


def test_what_came_back_whole_was_never_bought():
    events = frame(bought("a", "x", 1, 2), returned("a", "x", 2), returned("a", "x", 3))

    assert net_purchases(events)[0].is_empty()


def test_a_return_is_never_matched_across_people_items_or_time():
    events = frame(
        bought("a", "x", 5),
        bought("b", "y", 1),
        returned("a", "x", 4),
        returned("a", "y", 4),
        returned("b", "y", 9, 2),
    )

    left, matched, unmatched = net_purchases(events)

    assert (matched.rows, unmatched.rows) == (0, 3)
    assert left.equals(events)


def test_a_refund_without_an_item_takes_back_its_whole_transaction():
    events = frame(
        bought("a", "x", 1, 1, "T"), bought("a", "y", 1, 2, "T"), returned("a", None, 2, None, "T")
    )

    assert net_purchases(events)[0].is_empty()


def test_an_unknown_person_is_matched_by_transaction_alone():
    events = frame(
        bought(None, "x", 1, 1, "T"),
        returned(None, "x", 2, 1, "T"),
        bought(None, "x", 1),
        returned(None, "x", 2),
    )

    assert net_purchases(events)[0][c.EVENT_TYPE].to_list() == ["purchase", "refund"]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["purchase", "purchase", "refund", "view_item"]),
        st.sampled_from(["x", "y"]),
        st.integers(0, 6),
        st.sampled_from([1.0, 2.0, 3.0, None]),
        st.just(1.0),
        st.sampled_from([None, "T", "U"]),
    ),
    max_size=14,
)


@given(EVENTS)
def test_returns_agree_with_a_plain_search(rows):
    assert net_purchases(frame(*rows))[0].rows() == plain_net(rows)


def plain_net(rows):
    quantity = {row: 1.0 if event[4] is None else event[4] for row, event in enumerate(rows)}
    gone, touched = set(), set()
    refunds = [row for row, event in enumerate(rows) if event[1] == "refund"]
    for row in sorted(refunds, key=lambda row: (rows[row][3], row)):
        person, _, item, time, _, _, order = rows[row]
        same = [
            other
            for other, event in enumerate(rows)
            if event[1] == "purchase"
            and (event[0], event[2]) == (person, item)
            and other not in gone
            and quantity[other] >= quantity[row]
        ]
        first = [other for other in same if order is not None and rows[other][6] == order]
        second = [other for other in same if person is not None and rows[other][3] <= time]
        found = max(first or second, key=lambda other: (rows[other][3], other), default=None)
        if found is not None:
            quantity[found] -= quantity[row]
            touched.add(found)
            gone |= {row} | ({found} if not quantity[found] else set())
    return [
        (*event[:4], quantity[row] if row in touched else event[4], *event[5:])
        for row, event in enumerate(rows)
        if row not in gone
    ]


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 4)), max_size=30), st.integers(1, 5)
)
def test_robots_agree_with_a_plain_count(visits, limit):
    events = frame(*(bought(person, "x", quarter * (HOUR_MS // 3)) for person, quarter in visits))
    moments = defaultdict(list)
    for person, quarter in visits:
        moments[person].append(quarter)
    robots = {
        person
        for person, quarters in moments.items()
        if person and any(sum(start <= q < start + 3 for q in quarters) > limit for start in quarters)
    }

    kept, report = without_robots(events, limit)

    assert kept[PERSON].to_list() == [person for person, _ in visits if person not in robots]
    assert report.rows == len(events) - len(kept)


def test_gaps_are_filled_for_learning():
    events = frame(
        bought("a", "x", 1, None, price=None),
        bought("a", "x", 2, 2.0, price=3.0),
        bought("a", "x", 3, 2.0, price=5.0),
        bought("a", "y", 4, None, price=None),
        bought("a", "x", 5, None, kind="view_item", price=None),
    )

    quantities, filled = with_quantities(events)
    prices, priced = with_prices(events)

    assert quantities[c.QUANTITY].to_list() == [1, 2, 2, 1, None]
    assert prices[c.PRICE].to_list() == [4, 3, 5, None, None]
    assert (filled.rows, priced.rows) == (2, 1)


def test_a_log_with_the_needed_columns_alone_can_be_cleaned():
    needed = [PERSON, c.EVENT_TYPE, c.ITEM_ID, c.TIMESTAMP]
    events = frame(bought("a", "x", 1), returned("a", "x", 2), bought("b", "x", 3)).select(needed)

    cleaned, reports = clean_log(events, Cleaning())

    assert cleaned.rows() == [("b", "purchase", "x", 3)]
    assert {report.rule: report.rows for report in reports}["refunds"] == 1


def test_a_clean_log_passes_untouched():
    events = frame(bought("a", "x", 1), bought("b", "y", 2))

    cleaned, reports = clean_log(events, Cleaning())

    assert cleaned.equals(events)
    assert not any(report.rows for report in reports)


def test_goods_that_came_back_are_refunds_on_import():
    events = frame(
        bought("a", "x", 1, -2.0), bought("a", "x", 2, 1.0, "C123"), bought("a", "x", 3, 1.0, "Carol")
    )

    cleaned, reports = clean_rows(events)

    assert cleaned[c.EVENT_TYPE].to_list() == ["refund", "refund", "purchase"]
    assert cleaned[c.QUANTITY].to_list() == [2, 1, 1]
    assert [report.rows for report in reports] == [1, 1]
