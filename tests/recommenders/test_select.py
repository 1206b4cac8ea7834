"""Ranking, membership and look-up against plain loops."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import Ragged, Requests
from shopkeeper.recommenders.select import at, contains, eligible, leading, strongest, top_k
from tests.recommenders.worlds import ask, shop

N = 8
SHOP = shop([], [f"i{i}" for i in range(N)])
lists = st.lists(st.sets(st.integers(0, N - 1)).map(sorted), min_size=1, max_size=5)


def requests_of(n, allowed=None, exclude=None):
    bare = ask(SHOP, *[[] for _ in range(n)])
    return Requests(bare.histories, bare.as_of, allowed, exclude)


@st.composite
def scored(draw):
    """Candidates with scores that often tie and are often not positive, and limits on the answer."""
    rows = draw(lists)
    candidates = Ragged.of([draw(st.permutations(row)) for row in rows])
    steps = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0])
    n = len(candidates.items)
    scores = np.array(draw(st.lists(steps, min_size=n, max_size=n)), np.float32)
    allowed = draw(st.none() | st.lists(st.booleans(), min_size=N, max_size=N).map(np.array))
    n_rows = len(rows)
    sets = st.lists(st.sets(st.integers(0, N - 1)).map(sorted), min_size=n_rows, max_size=n_rows)
    exclude = draw(st.none() | sets.map(Ragged.of))
    return candidates, scores, requests_of(n_rows, allowed, exclude)


def free(requests, row, item):
    allowed = requests.allowed is None or requests.allowed[item]
    return bool(allowed and (requests.exclude is None or item not in requests.exclude[row]))


@given(scored(), st.integers(1, N + 2))
def test_top_k_is_sorting(case, k):
    candidates, scores, requests = case
    answer = top_k(candidates, scores, requests, k, "name")
    assert answer.source_names == ("name",)
    for row in range(len(candidates)):
        low, high = candidates.offsets[row], candidates.offsets[row + 1]
        pairs = zip(scores[low:high], candidates.items[low:high], strict=True)
        expected = sorted((-s, i) for s, i in pairs if s > 0 and free(requests, row, i))[:k]
        low, high = answer.offsets[row], answer.offsets[row + 1]
        assert answer.items[low:high].tolist() == [item for _, item in expected]
        assert answer.scores[low:high].tolist() == [-negative for negative, _ in expected]


@given(scored())
def test_eligible_is_allowed_and_not_excluded(case):
    candidates, _, requests = case
    expected = [free(requests, row, item) for row in range(len(candidates)) for item in candidates[row]]
    assert eligible(candidates, requests).tolist() == expected


@given(lists, st.data())
def test_contains_is_membership(rows, data):
    """Neither side need be sorted or free of duplicates."""
    n = len(rows)
    loose = st.lists(st.lists(st.integers(0, N - 1), max_size=6), min_size=n, max_size=n)
    asked = data.draw(loose)
    expected = [item in row for row, wanted in zip(rows, asked, strict=True) for item in wanted]
    assert contains(Ragged.of(rows), Ragged.of(asked)).tolist() == expected
    backwards = [item in wanted for row, wanted in zip(rows, asked, strict=True) for item in row]
    assert contains(Ragged.of(asked), Ragged.of(rows)).tolist() == backwards


@given(lists, st.data())
def test_at_looks_up(rows, data):
    n = len(rows)
    asked = data.draw(st.lists(st.lists(st.integers(0, N - 1), max_size=6), min_size=n, max_size=n))
    known = Ragged.of(rows)
    scores = np.arange(1, len(known.items) + 1, dtype=np.float32)
    table = dict(zip(zip(known.rows.tolist(), known.items.tolist(), strict=True), scores, strict=True))
    expected = [table.get((row, item), 0.0) for row, wanted in enumerate(asked) for item in wanted]
    assert at(known, scores, Ragged.of(asked)).tolist() == expected


def plain_strongest(candidates, scores, n):
    chosen = []
    for row in range(len(candidates)):
        low, high = candidates.offsets[row], candidates.offsets[row + 1]
        kept = [place for place in range(low, high) if scores[place] > 0]
        chosen += sorted(sorted(kept, key=lambda place: (-scores[place], place))[:n])
    return chosen


@given(st.lists(st.sets(st.integers(0, 9)).map(sorted), max_size=4), st.integers(1, 6), st.data())
def test_the_strongest_are_those_a_sort_finds(rows, n, data):
    candidates = Ragged.of(rows)
    drawn = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0])
    scores = np.array([data.draw(drawn) for _ in candidates.items], np.float32)
    assert strongest(candidates, scores, n).tolist() == plain_strongest(candidates, scores, n)


@given(scored(), st.integers(1, N), st.sampled_from([1, 2]))
def test_the_leading_are_the_strongest_that_may_be_answered(case, n, rows):
    candidates, scores, requests = case
    alone = np.arange(min(rows, len(candidates)))
    scores = scores[: candidates.offsets[len(alone)]]
    candidates, requests = candidates.take(alone), requests.take(alone)
    rising = [
        sorted(range(low, high), key=lambda place: candidates.items[place])
        for low, high in pairwise(candidates.offsets)
    ]
    places = np.array([place for row in rising for place in row], np.int64)
    candidates, scores = Ragged(candidates.offsets, candidates.items[places]), scores[places]
    free_ones = np.where(eligible(candidates, requests), scores, np.float32(0.0))
    assert leading(candidates, scores, requests, n).tolist() == plain_strongest(candidates, free_ones, n)
