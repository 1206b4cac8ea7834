"""What happened in a shop, counted and compared with the plain way of counting."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.activity import STEPS, arrivals, funnel, places, retention
from shopkeeper.data.dataset import PERSON

KINDS = ("view_item", "add_to_cart", "begin_checkout", "purchase", "search")
SCHEMA = {PERSON: pl.String, c.EVENT_TYPE: pl.String, c.TIMESTAMP: pl.Int64, c.ITEM_LIST_ID: pl.String}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(("a", "b", "c", None)),
        st.sampled_from(KINDS),
        st.integers(0, 60 * DAY_MS),
        st.sampled_from(("for_you", "popular", None)),
    ),
    max_size=40,
)


def frame(rows) -> pl.DataFrame:
    return pl.DataFrame(rows, SCHEMA, orient="row")


@given(ROWS)
def test_arrivals_are_counted_by_day_and_kind(rows):
    found = arrivals(frame(rows), 1000)
    told = {
        (kind, day): count
        for kind, counts in zip(found.kinds, found.counts, strict=True)
        for day, count in zip(found.days, counts, strict=True)
        if count
    }
    plain: dict[tuple[str, object], int] = {}
    for _, kind, time, _ in rows:
        key = (kind, datetime.fromtimestamp(time / 1000, UTC).date())
        plain[key] = plain.get(key, 0) + 1
    assert told == plain
    assert all(b - a == timedelta(1) for a, b in zip(found.days, found.days[1:], strict=False))


@given(ROWS)
def test_a_later_step_counts_as_the_earlier_ones_too(rows):
    steps = [step.visits for step in funnel(frame(rows), 1000)]
    order = [kind.name for kind in STEPS]
    visits: dict[tuple[str, int], int] = {}
    for person, kind, time, _ in rows:
        if person is not None and kind in order:
            visit = (person, time // DAY_MS)
            visits[visit] = max(visits.get(visit, 0), order.index(kind))
    assert steps == [sum(furthest >= place for furthest in visits.values()) for place in range(len(order))]


@given(ROWS)
def test_who_came_back_is_counted_week_by_week(rows):
    weeks: dict[int, set[str]] = {}
    for person, _, time, _ in rows:
        if person is not None:
            weeks.setdefault(time // (7 * DAY_MS), set()).add(person)
    plain = [(len(weeks[w]), len(weeks[w] & weeks.get(w + 1, set()))) for w in sorted(weeks)[:-1]]
    assert [(week.people, week.returned) for week in retention(frame(rows))] == plain


def test_places_tell_clicks_and_what_came_of_them():
    rows = [
        ("a", "select_item", DAY_MS, "for_you"),
        ("a", "add_to_cart", DAY_MS, "for_you"),
        ("b", "select_item", DAY_MS, "for_you"),
        ("b", "select_item", DAY_MS, "popular"),
        ("b", "purchase", DAY_MS, None),
    ]
    found = places(frame(rows), 30)
    assert [(one.name, one.clicks, one.carts, one.purchases) for one in found] == [
        ("for_you", 2, 1, 0),
        ("popular", 1, 0, 0),
    ]
