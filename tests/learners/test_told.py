"""Where vectors of items start: what means the same starts close, and the rest by chance."""

import numpy as np
import pytest

from shopkeeper.encoders.base import unit
from shopkeeper.learners.told import squeezed


def told(n=40, width=12, seed=0):
    return unit(np.random.default_rng(seed).standard_normal((n, width)).astype(np.float32))


def centred_cosines(rows):
    return unit(rows - rows.mean(axis=0)) @ unit(rows - rows.mean(axis=0)).T


def test_with_as_many_numbers_nothing_is_lost():
    rows = told()
    start = squeezed(rows, 12, np.random.default_rng(0))
    np.testing.assert_allclose(centred_cosines(start), centred_cosines(rows), atol=1e-5)
    assert np.mean(start**2) == pytest.approx(1.0, abs=1e-5)


def test_fewer_numbers_keep_the_directions_in_which_rows_differ():
    rng = np.random.default_rng(1)
    plane = rng.standard_normal((50, 2)).astype(np.float32) @ rng.standard_normal((2, 12)).astype(np.float32)
    start = squeezed(plane + 3, 2, rng)
    np.testing.assert_allclose(centred_cosines(start), centred_cosines(plane), atol=1e-4)


def test_chance_where_nothing_is_told():
    rows = told()
    rows[10:] = 0
    start = squeezed(rows, 20, np.random.default_rng(2))
    assert np.mean(start[10:] ** 2) == pytest.approx(1.0, abs=0.2)
    assert np.mean(start[:10, 12:] ** 2) == pytest.approx(1.0, abs=0.3)
    assert np.array_equal(start, squeezed(rows, 20, np.random.default_rng(2)))


@pytest.mark.parametrize("rows", [np.zeros((5, 3)), np.ones((5, 3)), np.ones((1, 3)), np.empty((0, 3))])
def test_nothing_that_could_tell_them_apart(rows):
    start = squeezed(rows.astype(np.float32), 4, np.random.default_rng(3))
    assert start.shape == (len(rows), 4)
    assert start.dtype == np.float32
    assert np.isfinite(start).all()
    assert not len(rows) or start.any()
