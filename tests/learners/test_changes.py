"""Rows that changed, against a walk through every person's rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.learners.changes import changed_rows
from tests.recommenders import worlds
from tests.recommenders.worlds import shop


def states(rows, kept):
    """The same shop before and after: rows of which each stands in one state or in both."""
    both = shop(rows)
    kept = np.resize(np.array(kept or [2]), len(both))
    return both.where(kept != 0), both.where(kept != 1)


def plain(before, after):
    """Per state, whether each row stands at or after its person's first difference."""
    out = []
    for mine, other in ((before, after), (after, before)):
        marks = []
        for person in range(-1, len(mine.people)):
            one, two = (
                [_row(data, r) for r in np.flatnonzero(data.person == person)] for data in (mine, other)
            )
            same = 0
            while person >= 0 and same < min(len(one), len(two)) and one[same] == two[same]:
                same += 1
            marks += [place >= same for place in range(len(one))]
        out.append(marks)
    return out


def _row(data, row):
    return int(data.item[row]), int(data.kind[row]), int(data.time[row])


rows = st.lists(
    st.tuples(worlds.people, st.sampled_from(worlds.ITEMS), st.integers(0, 9), worlds.kinds), max_size=25
)


@given(rows, st.lists(st.integers(0, 2), max_size=25))
def test_changed_rows_are_those_from_the_first_difference_on(rows, kept):
    before, after = states(rows, kept)
    found = changed_rows(before, after)
    assert [part.tolist() for part in found] == plain(before, after)


def test_states_of_different_people_are_refused():
    one, other = shop([("u", "i01", 1)]), shop([("v", "i01", 1)])
    with pytest.raises(ValueError, match="same people"):
        changed_rows(one, other)
    with pytest.raises(ValueError, match="same people"):
        changed_rows(one, replace(one, items=shop([], ["i00"]).items))
