"""What recommenders of one item by others share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.recommenders.evidence import block, reasons

SIZE = 12


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, SIZE - 1), max_size=20),
    st.lists(st.integers(0, SIZE - 1), max_size=SIZE, unique=True),
)
def test_a_block_is_the_matrix_at_these_rows_and_columns(seed, rows, columns):
    dense = np.random.default_rng(seed).random((SIZE, SIZE)).astype(np.float32)
    dense[dense < 0.7] = 0.0
    dense[3] = 0.0
    found = block(sparse.csr_array(dense), np.array(rows, np.int32), np.array(columns, np.int32))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, dense[np.ix_(rows, columns)])


@given(st.integers(0, 2**32 - 1), st.integers(0, 9), st.integers(0, 4))
def test_reasons_are_the_first_three_items_by_what_they_carried(seed, n, items):
    rng = np.random.default_rng(seed)
    sources = rng.integers(0, 5, n).astype(np.int32)
    carried = rng.integers(-2, 4, (n, items)).astype(np.float32)
    expected = []
    for column in carried.T:
        strongest = sorted(range(n), key=lambda i: (-column[i], i))
        distinct = []
        for i in strongest:
            if column[i] > 0 and sources[i] not in distinct:
                distinct.append(int(sources[i]))
        expected.append(tuple(distinct[:3]))
    assert reasons(sources, carried) == expected
