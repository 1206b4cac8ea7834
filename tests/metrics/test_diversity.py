"""Coverage, novelty and diversity against slow, plain references."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.core.types import Ragged
from shopkeeper.metrics import diversity

N_ITEMS = 7
N_PEOPLE = 5

lists = st.lists(st.lists(st.integers(0, N_ITEMS - 1), max_size=6, unique=True), min_size=1, max_size=5)
touched = st.lists(st.booleans(), min_size=N_ITEMS * N_PEOPLE, max_size=N_ITEMS * N_PEOPLE)
paths = st.lists(st.lists(st.integers(0, 1), max_size=3).map(tuple), min_size=N_ITEMS, max_size=N_ITEMS)


def prefixes(rows: list[tuple[int, ...]]) -> np.ndarray:
    numbers = {path: number for number, path in enumerate({row[: i + 1] for row in rows for i in range(3)})}
    return np.array(
        [[numbers[row[: i + 1]] if i < len(row) else -1 for i in range(3)] for row in rows], np.int32
    )


def plain_path(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    shared = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        shared += 1
    return 1 - shared / max(len(a), len(b))


def plain_cosine(columns: np.ndarray, a: int, b: int) -> float:
    norm = math.sqrt(columns[a].sum() * columns[b].sum())
    return 1 - float(columns[a] @ columns[b]) / norm if norm else 1.0


def shared_people(flags: list[bool]) -> tuple[np.ndarray, diversity.SharedPeople]:
    columns = np.array(flags, np.float32).reshape(N_ITEMS, N_PEOPLE)
    return columns, diversity.SharedPeople(sparse.csr_array(columns))


def same(found, wanted):
    assert found == pytest.approx(wanted, nan_ok=True)


@given(lists, st.integers(1, 7))
def test_head_cuts_each_list(rows, k):
    cut = diversity.head(Ragged.of(rows), k)
    assert [cut[i].tolist() for i in range(len(cut))] == [row[:k] for row in rows]


@given(lists, st.integers(1, 7))
def test_coverage_is_the_share_of_items_listed(rows, k):
    listed = {item for row in rows for item in row[:k]}
    assert diversity.coverage(Ragged.of(rows), N_ITEMS, k) == len(listed) / N_ITEMS


def test_coverage_of_an_empty_catalogue_is_zero():
    assert diversity.coverage(Ragged.empty(3), 0, 5) == 0.0


@given(lists, st.integers(1, 7))
def test_gini_is_the_mean_difference_relative_to_twice_the_mean(rows, k):
    counts = [sum(item in row[:k] for row in rows) for item in range(N_ITEMS)]
    gap = sum(abs(a - b) for a in counts for b in counts)
    wanted = gap / (2 * N_ITEMS * sum(counts)) if sum(counts) else 0.0
    assert diversity.gini(Ragged.of(rows), N_ITEMS, k) == pytest.approx(wanted)


@given(lists, st.lists(st.integers(0, 9), min_size=N_ITEMS, max_size=N_ITEMS), st.integers(1, 7))
def test_novelty_is_mean_self_information(rows, counts, k):
    bits = [-math.log2((count + 1) / (sum(counts) + N_ITEMS)) for count in counts]
    wanted = [sum(bits[i] for i in row[:k]) / len(row[:k]) if row else math.nan for row in rows]
    same(diversity.novelty(Ragged.of(rows), np.array(counts, np.int64), k), wanted)


@given(lists, touched, st.integers(1, 7))
def test_diversity_by_people_is_the_mean_over_pairs(rows, flags, k):
    columns, apart = shared_people(flags)
    wanted = [mean(plain_cosine(columns, a, b) for a, b in combinations(row[:k], 2)) for row in rows]
    same(diversity.diversity(Ragged.of(rows), apart, k), wanted)


@given(lists, paths, touched, st.integers(1, 7))
def test_diversity_by_category_asks_people_where_there_is_none(rows, categories, flags, k):
    columns, people = shared_people(flags)
    apart = diversity.CategoryPaths(prefixes(categories), people)

    def plain(a: int, b: int) -> float:
        if categories[a] and categories[b]:
            return plain_path(categories[a], categories[b])
        return plain_cosine(columns, a, b)

    wanted = [mean(plain(a, b) for a, b in combinations(row[:k], 2)) for row in rows]
    same(diversity.diversity(Ragged.of(rows), apart, k), wanted)


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else math.nan


def test_pairs_are_multiplied_out_in_blocks_of_bounded_size(monkeypatch):
    rng = np.random.default_rng(0)
    columns, apart = shared_people((rng.random(N_ITEMS * N_PEOPLE) < 0.6).tolist())
    a, b = (np.array(side, np.int32) for side in zip(*combinations(range(N_ITEMS), 2), strict=True))
    whole = apart(a, b)
    monkeypatch.setattr(diversity, "_ENTRIES", 3)
    assert apart(a, b) == pytest.approx(whole)
    assert whole == pytest.approx([plain_cosine(columns, i, j) for i, j in zip(a, b, strict=True)])
