"""Adding rows by hand and by a product of matrices, against a loop."""

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.core.types import Ragged
from shopkeeper.learners.rows import Tally, WeightedRows


def matrix_of(n, seed, density=0.3):
    rng = np.random.default_rng(seed)
    dense = (rng.random((n, n)) < density) * rng.random((n, n))
    return sparse.csr_array(dense.astype(np.float32))


def plain(matrix, rows, weights):
    """Every request by a loop over its rows, dense."""
    dense, out, place = matrix.toarray(), [], 0
    for row in range(len(rows)):
        total, touched = np.zeros(len(dense), np.float32), np.zeros(len(dense), bool)
        for item in rows[row]:
            total += np.float32(weights[place]) * dense[item]
            touched |= dense[item] > 0
            place += 1
        out.append((np.flatnonzero(touched), total[touched]))
    return out


requests = st.lists(st.lists(st.integers(0, 11), max_size=6), max_size=12)


@given(requests, st.integers(0, 9))
def test_sums_are_those_of_a_loop(lists, seed):
    matrix, rows = matrix_of(12, seed), Ragged.of(lists)
    weights = np.random.default_rng(seed).random(len(rows.items)).astype(np.float32)
    found, sums = WeightedRows(matrix).sums(rows, weights)
    assert len(found) == len(lists)
    for row, (items, values) in enumerate(plain(matrix, rows, weights)):
        assert found[row].tolist() == items.tolist()
        np.testing.assert_allclose(sums[found.offsets[row] : found.offsets[row + 1]], values, rtol=1e-5)


@given(st.integers(0, 99))
def test_one_request_gets_what_it_gets_in_a_batch_to_the_last_bit(seed):
    rng = np.random.default_rng(seed)
    rows = Ragged.of([rng.integers(0, 40, rng.integers(0, 30)).tolist() for _ in range(30)])
    weights = rng.random(len(rows.items)).astype(np.float32)
    own = Ragged.of([np.flatnonzero(rng.random(40) < 0.2).tolist() for _ in range(30)])
    added = rng.random(len(own.items)).astype(np.float32)
    model = WeightedRows(matrix_of(40, seed))
    every, sums = model.sums(rows, weights, (own, added))
    for row in range(30):
        low, high = rows.offsets[row], rows.offsets[row + 1]
        mine = Ragged.of([own[row]]), added[own.offsets[row] : own.offsets[row + 1]]
        alone, value = model.sums(Ragged.of([rows[row]]), weights[low:high], mine)
        assert alone.items.tolist() == every[row].tolist()
        assert np.array_equal(value, sums[every.offsets[row] : every.offsets[row + 1]])


@given(requests, st.integers(0, 9), st.booleans())
def test_what_is_ones_own_is_added_in_the_end(lists, seed, many):
    rng = np.random.default_rng(seed)
    lists = lists * 9 if many else lists
    matrix, rows = matrix_of(12, seed), Ragged.of(lists)
    weights = rng.random(len(rows.items)).astype(np.float32)
    own = Ragged.of([np.flatnonzero(rng.random(12) < 0.3).tolist() for _ in lists])
    added = rng.random(len(own.items)).astype(np.float32)
    found, sums = WeightedRows(matrix).sums(rows, weights, (own, added))
    for row, (items, values) in enumerate(plain(matrix, rows, weights)):
        total = np.zeros(12, np.float32)
        total[items] = values
        total[own[row]] += added[own.offsets[row] : own.offsets[row + 1]]
        assert found[row].tolist() == np.flatnonzero(total).tolist()
        told = sums[found.offsets[row] : found.offsets[row + 1]]
        np.testing.assert_allclose(told, total[found[row]], rtol=1e-5)


def test_threads_do_not_add_into_each_other():
    model, wrong = WeightedRows(matrix_of(300, 1)), []
    expected = [model.sums(Ragged.of([[i, i + 1]]), np.ones(2, np.float32))[1] for i in range(200)]

    def ask():
        for i in range(200):
            found = model.sums(Ragged.of([[i, i + 1]]), np.ones(2, np.float32))[1]
            if not np.array_equal(found, expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@given(st.lists(st.integers(0, 11), max_size=6), st.lists(st.integers(0, 11), max_size=6), st.integers(0, 9))
def test_cells_are_those_of_the_dense_matrix(rows, columns, seed):
    matrix, at = matrix_of(12, seed), (np.array(rows, np.int32), np.array(columns, np.int32))
    assert np.array_equal(WeightedRows(matrix).cells(*at), matrix.toarray()[np.ix_(*at)])


@given(st.lists(st.integers(0, 30), max_size=40), st.sampled_from([31, 500]))
def test_a_tally_adds_by_column_and_leaves_nothing_behind(columns, width):
    values = np.random.default_rng(0).random(len(columns)) + 0.1
    for dtype in (np.float32, np.float64):
        found, sums = Tally(width, dtype).of(np.array(columns, np.int32), values)
        expected = np.bincount(columns, values, width) if columns else np.zeros(width)
        assert found.tolist() == np.flatnonzero(expected).tolist()
        np.testing.assert_allclose(sums, expected[found], rtol=1e-6)
