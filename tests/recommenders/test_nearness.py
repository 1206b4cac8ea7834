"""How alike items are: cosines of kept vectors, and what a folder gives back."""

import numpy as np

from shopkeeper.encoders.base import unit
from shopkeeper.recommenders.nearness import Nearness


def test_cosines_of_the_items_asked_about(tmp_path):
    vectors = unit(np.random.default_rng(0).standard_normal((20, 8)).astype(np.float32))
    vectors[3] = 0
    near = Nearness(vectors.astype(np.float16), 0.04)
    items = np.array([7, 3, 11])
    found = near.alike(items)
    for row, one in enumerate(items):
        for column, other in enumerate(items):
            expected = max(0.0, float(vectors[one] @ vectors[other]))
            np.testing.assert_allclose(found[row, column], expected, atol=2e-3)
    near.save(tmp_path / "near")
    again = Nearness.load(tmp_path / "near")
    assert np.array_equal(again.vectors, near.vectors)
    assert again.diversity == 0.04


def test_nothing_is_kept_where_nothing_was_written(tmp_path):
    none = Nearness.load(tmp_path / "near")
    assert len(none) == 0
    assert not none
    assert none.diversity == 0
