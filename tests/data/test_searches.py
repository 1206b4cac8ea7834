"""What was looked at after a search, against a plain walk through everybody's events."""

from operator import itemgetter

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.searches import clicked

KINDS = ["search", "view_item", "select_item", "add_to_cart", "purchase", "view_item_list", "refund"]
MINUTE = 60_000


def log(rows):
    columns = {
        PERSON: pl.String,
        c.EVENT_TYPE: pl.String,
        c.ITEM_ID: pl.String,
        c.TIMESTAMP: pl.Int64,
        c.SEARCH_TERM: pl.String,
    }
    return pl.DataFrame(rows, schema=columns, orient="row")


def walked(rows):
    """The same, one event after the other."""
    found = []
    for person in sorted({row[0] for row in rows if row[0] is not None}):
        term, start = "", 0
        seen: set[str | None] = set()
        for _, kind, item, time, typed in sorted(
            (row for row in rows if row[0] == person), key=itemgetter(3)
        ):
            if kind == "search":
                term, start, seen = typed or "", time, set()
            elif kind in KINDS[1:5] and item not in (None, *seen) and time - start <= 30 * MINUTE:
                seen.add(item)
                found += [(term, item, start)] if term.strip() else []
    return sorted(found)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["u", "v", None]),
            st.sampled_from(KINDS),
            st.sampled_from(["a", "b", None]),
            st.integers(0, 90).map(lambda minute: minute * MINUTE),
            st.sampled_from(["tea", "杯子", " ", None]),
        ),
        max_size=25,
        unique_by=lambda row: (row[0], row[3]),
    )
)
def test_it_is_what_a_walk_finds(rows):
    found = clicked(log(rows)).select(c.SEARCH_TERM, c.ITEM_ID, c.TIMESTAMP)
    assert sorted(found.iter_rows()) == walked(rows)
    assert found[c.TIMESTAMP].is_sorted()
