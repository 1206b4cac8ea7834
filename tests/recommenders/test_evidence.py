"""Hearing a history, against a walk through it."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import Ragged
from shopkeeper.recommenders.evidence import once


@given(st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=8), max_size=4))
def test_an_item_is_heard_once_with_the_sum_of_its_strengths(histories):
    lists = Ragged.of([[item for item, _ in history] for history in histories])
    strength = np.array([value for history in histories for _, value in history], np.float32)
    found, sums = once(lists, strength)
    told = [
        dict(zip(found[row].tolist(), sums[found.offsets[row] :].tolist(), strict=False))
        for row in range(len(found))
    ]
    expected = []
    for history in histories:
        total: Counter[int] = Counter()
        for item, value in history:
            total[item] += value
        expected.append(dict(sorted(total.items())))
    assert told == expected
    assert [list(row) for row in told] == [list(row) for row in expected]
