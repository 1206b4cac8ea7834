"""Keys: the fast path agrees with the plain one, repeats survive, and a second arrival is recognised."""

from collections import Counter

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.data.event_key import NUMBER_COLUMNS, key_of_id, keyed
from shopkeeper.data.event_keys import event_keys
from shopkeeper.data.log import EVENT_DTYPES
from shopkeeper.data.occurrences import Occurrences

SCHEMA = {name: EVENT_DTYPES.get(name, pl.String()) for name in c.EVENT_COLUMNS} | {c.EVENT_ID: pl.String()}


def _value(name: str) -> st.SearchStrategy[object]:
    if name in NUMBER_COLUMNS:
        return st.one_of(st.none(), st.floats(-1e9, 1e9), st.sampled_from([0.1, 0.3, 1.0, 1e-7]))
    return st.one_of(st.none(), st.sampled_from(["a", "b"]), st.text("xy客", max_size=3))


ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.sampled_from(["id 1", "id 2"])),
        *(
            st.integers(0, 2**41)
            if name == c.TIMESTAMP
            else st.booleans()
            if name == c.CONSENT
            else _value(name)
            for name in c.EVENT_COLUMNS[1:]
        ),
    ),
    min_size=1,
    max_size=6,
).flatmap(lambda rows: st.lists(st.sampled_from(rows), min_size=1, max_size=12))


@given(ROWS)
def test_frames_get_the_keys_of_rows(rows):
    frame = pl.DataFrame(rows, SCHEMA, orient="row")

    assert event_keys(frame, Occurrences()) == [row[0] for row in keyed(rows)]


@given(ROWS, st.integers(1, 5))
def test_cutting_a_source_into_chunks_changes_no_key(rows, size):
    frame = pl.DataFrame(rows, SCHEMA, orient="row")
    occurrences = Occurrences()

    keys = [key for part in frame.iter_slices(size) for key in event_keys(part, occurrences)]

    assert keys == event_keys(frame, Occurrences())


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=8), max_size=8))
def test_occurrences_count_every_content_from_zero(chunks):
    occurrences, seen = Occurrences(), Counter[str]()
    for chunk in chunks:
        expected = []
        for content in chunk:
            expected.append(seen[content])
            seen[content] += 1

        assert occurrences.number(pl.Series(chunk, dtype=pl.String)).tolist() == expected


def test_an_event_with_an_id_is_known_by_it_alone():
    row = dict.fromkeys(c.EVENT_COLUMNS) | {c.EVENT_ID: "e1", c.EVENT_TYPE: "purchase", c.TIMESTAMP: 1}

    (first,), (second,) = (keyed([tuple((row | change).values())]) for change in ({}, {c.PRICE: 5.0}))

    assert first[0] == second[0] == key_of_id("e1")
    assert len(first[0]) == 16
