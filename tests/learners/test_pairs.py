"""Counting pairs against a double loop, and tables of counts against dense ones."""

from collections import Counter
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.learners import pairs
from shopkeeper.learners.counts import PairCounts, csr, narrow
from shopkeeper.learners.pairs import UNIT, Kernel, count_pairs
from tests.recommenders import worlds
from tests.recommenders.worlds import shop

WEIGHTS = shop([]).weights

kernels = st.builds(
    Kernel,
    st.integers(1, 60),
    st.sampled_from([0.5, 2.0, 8.0]),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.just(WEIGHTS),
)


def plain_counts(dataset, kernel):
    """C in units, pair by pair."""
    found: Counter[tuple[int, int]] = Counter()
    weights = [float(weight) for weight in kernel.weights]
    best = max(weights) ** 2
    for first in range(len(dataset)):
        for second in range(first + 1, min(first + kernel.reach, len(dataset) - 1) + 1):
            if dataset.person[first] < 0 or dataset.person[first] != dataset.person[second]:
                continue
            both = weights[dataset.kind[first]] * weights[dataset.kind[second]] / best / UNIT
            value = both * exp(-(second - first - 1) / kernel.tau)
            i, j = int(dataset.item[first]), int(dataset.item[second])
            found[i, j] += round(value)
            found[j, i] += round(kernel.symmetry * value)
    return found


def dense(counts):
    """The whole table as an array."""
    out = np.zeros((counts.n_items, counts.n_items), np.int64)
    for low, part in counts.parts():
        out[low : low + part.shape[0]] += part.toarray().astype(np.int64)
    return out


def check_sums(counts):
    table = dense(counts)
    assert np.array_equal(counts.row_sums, table.sum(axis=1))
    assert np.array_equal(counts.column_sums, table.sum(axis=0))


@pytest.mark.parametrize("few", [0, pairs._FEW], ids=["dense", "sorted"])
@given(dataset=worlds.shops, kernel=kernels)
def test_pairs_are_counted_as_by_hand(few, dataset, kernel):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "_FEW", few)
        found = count_pairs(dataset, kernel)
    table = dense(found)
    assert {cell: n for cell, n in plain_counts(dataset, kernel).items() if n} == {
        (int(i), int(j)): int(table[i, j]) for i, j in np.argwhere(table)
    }
    check_sums(found)


def busy(n=3_000):
    rng = np.random.default_rng(3)
    kinds = ["purchase", "view_item"]
    rows = [(f"p{rng.integers(9)}", f"i{rng.integers(12):02}", d, kinds[d % 2]) for d in range(n)]
    return shop([*rows, *((None, "i01", d) for d in range(5))])


def test_pairs_counted_in_portions_are_the_same(monkeypatch):
    dataset, kernel = busy(), Kernel(10, 3.0, 0.3, WEIGHTS)
    whole = dense(count_pairs(dataset, kernel))
    for few in (0, pairs._FEW):
        monkeypatch.setattr(pairs, "_FEW", few)
        monkeypatch.setattr(pairs, "_PAIRS", 100)
        monkeypatch.setattr(pairs, "_BLOCK", 30)
        assert np.array_equal(dense(count_pairs(dataset, kernel)), whole)


def test_pairs_do_not_reach_over_people():
    dataset = shop([("u", "i01", 0), ("u", "i02", 1), ("v", "i03", 0), ("v", "i04", 1)])
    found = dense(count_pairs(dataset, Kernel(20, 6.0, 0.0, WEIGHTS)))
    assert np.argwhere(found).tolist() == [[1, 2], [3, 4]]


def test_windows_end_where_nothing_is_left():
    assert Kernel(500, 2.0, 0.3, WEIGHTS).units.shape[2] < 41
    assert count_pairs(busy(), Kernel(500, 2.0, 0.3, WEIGHTS)).pairs < 3_000 * 41


tables = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 70_000)), max_size=12)


@given(st.lists(st.tuples(tables, st.booleans()), max_size=6), st.integers(1, 6))
def test_changes_add_up_exactly(steps, height):
    """Tables counted in and, of those, some counted out again."""
    total, counts = np.zeros((6, 6), np.int64), _table([], height)
    for cells, out in steps:
        step = _table(cells, height)
        counts, total = counts.changed(step, 1), total + dense(step)
        if out:
            counts, total = counts.changed(step, -1), total - dense(step)
    for found in (counts, counts.settled(), PairCounts.of_arrays(counts.arrays())):
        assert np.array_equal(dense(found), total)
        assert np.array_equal(counts.rows(np.array([4, 0, 4])).toarray(), total[[4, 0, 4]])
        assert found.pairs == counts.pairs
        check_sums(found)
    assert sum(part.nnz for _, part in counts.parts()) == np.count_nonzero(total)


def _table(cells, height):
    table = np.zeros((6, 6), np.int64)
    for row, column, n in cells:
        table[row, column] += n
    blocks = []
    for low in range(0, 6, height):
        part = table[low : low + height]
        rows, columns = np.nonzero(part)
        indptr = np.searchsorted(rows, np.arange(len(part) + 1)).astype(np.int32)
        blocks.append(csr(narrow(part[rows, columns]), columns.astype(np.int32), indptr, 6))
    return PairCounts.of(blocks, 6, len(cells))


@given(worlds.shops, st.sampled_from([0.0, 0.3, 1.0]))
def test_a_mirrored_table_is_the_symmetric_count(dataset, symmetry):
    one = dense(count_pairs(dataset, Kernel(9, 4.0, 0.0, WEIGHTS)).mirrored(symmetry))
    other = dense(count_pairs(dataset, Kernel(9, 4.0, symmetry, WEIGHTS)))
    assert np.abs(one - other).max(initial=0) <= len(dataset) ** 2 / 2


def test_large_counts_take_wide_numbers_and_small_ones_narrow():
    assert _table([(0, 1, 3)], 6).blocks[0].data.dtype == np.uint8
    once = _table([(0, 1, 2**33)], 6)
    assert dense(once.changed(once, 1).settled())[0, 1] == 2**34
