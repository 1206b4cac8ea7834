"""Events are credited to the answers they follow from, compared with a plain way of doing so."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.data.attribution import BOUGHT, CARRY_MS, CARTED, CLICKED, EVENT_COLUMNS, REVENUE, attribute
from shopkeeper.data.dataset import PERSON

REQUESTS, ITEMS, PEOPLE = ("r1", "r2"), ("x", "y", "z"), ("a", "b", None)
STEPS = {"select_item": CLICKED, "view_item": CLICKED, "add_to_cart": CARTED, "purchase": BOUGHT}
SHOWN = {c.REQUEST_ID: pl.String, c.ROW: pl.String, c.ITEM_ID: pl.String}
EVENTS = {
    name: pl.Int64
    if name == c.TIMESTAMP
    else pl.Float64
    if name in (c.QUANTITY, c.PRICE, c.VALUE)
    else pl.String
    for name in EVENT_COLUMNS
}
PLACES = st.lists(
    st.tuples(st.sampled_from(REQUESTS), st.sampled_from(("one", "two")), st.sampled_from(ITEMS)), max_size=8
)
HAPPENED = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from((*STEPS, "search", "refund")),
        st.sampled_from((*ITEMS, None)),
        st.integers(0, 3 * CARRY_MS),
        st.sampled_from((*REQUESTS, "r9", None)),
        st.sampled_from((None, 2.0)),
        st.sampled_from((None, 5.0)),
        st.sampled_from((None, 7.0)),
    ),
    max_size=25,
    unique_by=lambda row: row[3],
)


def plainly(places, happened):
    """For each place: clicked, carted, bought and revenue."""
    known = {(request, item) for request, _, item in places}
    credits = []
    for person, kind, item, time, request, quantity, price, value in happened:
        if kind not in STEPS or item is None:
            continue
        worth = price * (quantity or 1) if price is not None else value
        if (request, item) in known:
            credits.append((time, request, item, STEPS[kind], worth))
        elif kind == "purchase" and request is None and person is not None:
            led = [
                (t, r)
                for p, k, i, t, r, *_ in happened
                if p == person
                and i == item
                and (r, i) in known
                and STEPS.get(k) in (CLICKED, CARTED)
                and 0 <= time - t <= CARRY_MS
            ]
            if led:
                credits.append((time, max(led)[1], item, BOUGHT, worth))
    found, seen = [], set()
    for request, _, item in places:
        mine = sorted(c for c in credits if c[1:3] == (request, item)) if (request, item) not in seen else []
        seen.add((request, item))
        steps = {credit[3] for credit in mine}
        spent = next((credit[4] for credit in mine if credit[3] == BOUGHT), None)
        found.append((CLICKED in steps, CARTED in steps, BOUGHT in steps, spent or 0.0))
    return found


@given(PLACES, HAPPENED)
def test_as_told_plainly(places, happened):
    shown = pl.DataFrame(places, SHOWN, orient="row")
    events = pl.DataFrame(happened, EVENTS, orient="row")
    assert attribute(shown, events).select(CLICKED, CARTED, BOUGHT, REVENUE).rows() == plainly(
        places, happened
    )


@given(PLACES, HAPPENED)
def test_an_event_told_twice_counts_once(places, happened):
    shown = pl.DataFrame(places, SHOWN, orient="row")
    events = pl.DataFrame(happened, EVENTS, orient="row")
    twice = pl.concat([events, events])
    assert attribute(shown, twice).equals(attribute(shown, events))


def test_a_purchase_of_another_person_is_not_claimed():
    shown = pl.DataFrame([("r1", "one", "x")], SHOWN, orient="row")
    clicked = ("a", "select_item", "x", 1, "r1", None, None, None)
    for person, bought in (("a", True), ("b", False)):
        events = pl.DataFrame(
            [clicked, (person, "purchase", "x", 2, None, 3.0, 2.5, None)], EVENTS, orient="row"
        )
        found = attribute(shown, events)
        assert found[BOUGHT].to_list() == [bought]
        assert found[REVENUE].to_list() == [7.5 * bought]
        assert events[PERSON].to_list() == ["a", person]
