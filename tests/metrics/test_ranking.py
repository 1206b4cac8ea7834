"""Ranking metrics against a slow, plain reference of the formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import Ragged
from shopkeeper.metrics import ranking

N_ITEMS = 12

items = st.integers(0, N_ITEMS - 1)
requests = st.lists(
    st.tuples(st.lists(items, max_size=8), st.sets(items, min_size=1, max_size=6)), min_size=1, max_size=6
)


def plain(name: str, answer: list[int], truth: set[int], k: int) -> float:
    seen: set[int] = set()
    gains = []
    for item in answer[:k]:
        gains.append(1 if item in truth and item not in seen else 0)
        seen.add(item)
    found = sum(gains)
    p, r = found / k, found / len(truth)
    match name:
        case "precision":
            return p
        case "recall":
            return r
        case "f1":
            return 2 * p * r / (p + r) if found else 0.0
        case "hit_rate":
            return 1.0 if found else 0.0
        case "ndcg":
            best = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(truth)) + 1))
            return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1)) / best
        case "mrr":
            return next((1 / rank for rank, gain in enumerate(gains, 1) if gain), 0.0)
        case "map":
            at_hits = [sum(gains[:rank]) / rank for rank, gain in enumerate(gains, 1) if gain]
            return sum(at_hits) / min(k, len(truth))
    raise AssertionError(name)


@pytest.mark.parametrize("name", ranking.RANKING)
@given(requests, st.integers(1, 10))
def test_each_metric_equals_its_plain_reference(name, cases, k):
    lists = Ragged.of([answer for answer, _ in cases])
    truth = Ragged.of([sorted(wanted) for _, wanted in cases])
    values = ranking.RANKING[name](ranking.hits(lists, truth, k))
    assert values.dtype == np.float64
    assert values == pytest.approx([plain(name, answer, wanted, k) for answer, wanted in cases])


@given(requests, st.integers(1, 10), st.integers(1, 10))
def test_cutting_hits_equals_asking_for_fewer(cases, one, other):
    small, large = sorted((one, other))
    lists = Ragged.of([answer for answer, _ in cases])
    truth = Ragged.of([sorted(wanted) for _, wanted in cases])
    cut, asked = ranking.hits(lists, truth, large).at(small), ranking.hits(lists, truth, small)
    assert (cut.found == asked.found).all()
    assert (cut.sizes == asked.sizes).all()


@pytest.mark.parametrize("name", ranking.RANKING)
def test_a_perfect_list_gives_one(name):
    found = ranking.hits(Ragged.of([[3, 1, 2]]), Ragged.of([[1, 2, 3]]), 3)
    assert ranking.RANKING[name](found) == pytest.approx([1.0])


@pytest.mark.parametrize("name", ranking.RANKING)
def test_empty_lists_give_zero(name):
    found = ranking.hits(Ragged.empty(2), Ragged.of([[1], [2]]), 5)
    assert ranking.RANKING[name](found).tolist() == [0.0, 0.0]


def test_no_requests_give_no_values():
    found = ranking.hits(Ragged.empty(0), Ragged.empty(0), 5)
    assert found.found.shape == (0, 5)
    assert all(len(metric(found)) == 0 for metric in ranking.RANKING.values())


def test_an_item_given_twice_counts_once():
    found = ranking.hits(Ragged.of([[7, 7, 7]]), Ragged.of([[7, 8]]), 3)
    assert found.found.tolist() == [[True, False, False]]


def test_rows_can_be_taken():
    found = ranking.hits(Ragged.of([[1], [2]]), Ragged.of([[1], [3, 4]]), 1).take(np.array([1]))
    assert found.found.tolist() == [[False]]
    assert found.sizes.tolist() == [2]
