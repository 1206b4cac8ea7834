"""One vector an item against the fields it is made of."""

import numpy as np
from scipy import sparse

from shopkeeper.features.fields import Joined
from shopkeeper.features.fusion import item_vectors, narrow


def drawn(n: int, seed: int) -> Joined:
    """Items of ten kinds with words of their own, and some dense numbers."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(10, size=n)
    words = np.zeros((n, 900), np.float32)
    for row, kind in enumerate(kinds):
        words[row, 90 * kind + rng.integers(90, size=12)] = 1.0
    dense = rng.standard_normal((10, 40)).astype(np.float32)[kinds] / 8
    both = np.hstack([words, dense])
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    return Joined(sparse.csr_array(both[:, :900]), both[:, 900:])


def test_where_there_is_room_products_stay_what_they_were():
    items = drawn(80, 0)
    vectors = item_vectors(items, 200)
    assert np.abs(vectors @ vectors.T - items.block(np.arange(80))).max() < 1e-3


def test_few_numbers_keep_who_is_near_whom():
    items = drawn(400, 1)
    vectors = item_vectors(items, 64)
    assert vectors.shape == (400, 64)
    alike, kept = items.block(np.arange(400)), vectors @ vectors.T
    np.fill_diagonal(alike, -1.0)
    np.fill_diagonal(kept, -1.0)
    first = np.argsort(-kept, axis=1)[:, :40]
    assert np.mean([best in row for best, row in zip(alike.argmax(axis=1), first, strict=True)]) > 0.9


def test_an_item_of_which_nothing_is_known_has_no_vector():
    items = drawn(50, 2)
    rows = items.sparse.toarray()
    rows[7] = 0.0
    dense = items.dense.copy()
    dense[7] = 0.0
    vectors = item_vectors(Joined(sparse.csr_array(rows), dense), 32)
    assert not vectors[7].any()
    np.testing.assert_allclose(np.linalg.norm(np.delete(vectors, 7, 0), axis=1), 1.0, rtol=1e-5)


def test_the_same_seed_gives_the_same_vectors():
    items = drawn(120, 3)
    assert (item_vectors(items, 16, seed=4) == item_vectors(items, 16, seed=4)).all()


def test_what_is_narrow_stays_as_it_is():
    rows = np.eye(3, 5, dtype=np.float32)
    assert (narrow(sparse.csr_array(rows), 5) == rows).all()
