"""DeepFM: what the formula says row by row, and that it learns what no sum of both sides tells."""

import numpy as np
import pytest
from scipy import sparse

from shopkeeper.learners.deep_machine import HIDDEN, LAYERS, learn_deep
from shopkeeper.metrics.classification import auc

N, KINDS = 3000, 4


@pytest.fixture(scope="module")
def sides():
    """Whoever is of a kind says yes to the next kind."""
    rng = np.random.default_rng(0)
    asks, shown = rng.integers(0, KINDS, N), rng.integers(0, KINDS, N)
    left, right = (
        sparse.csr_array((np.ones(N, np.float32), (np.arange(N), codes)), shape=(N, 2 * KINDS))
        for codes in (asks, KINDS + shown)
    )
    return left, right, (rng.random(N) < np.where((asks + 1) % KINDS == shown, 0.9, 0.1)).astype(np.float32)


@pytest.fixture(scope="module")
def model(sides):
    return learn_deep(*sides)


def test_a_cross_is_learned_and_the_seed_repeats_it(model, sides):
    left, right, labels = sides
    assert auc(model.scores(left, right), labels > 0) > 0.75
    again = learn_deep(*sides)
    np.testing.assert_array_equal(again.layers["first"], model.layers["first"])


def test_one_for_many_is_the_plain_formula(model, sides):
    """Neuron by neuron, as the source writes it."""
    left, right, _ = sides
    vectors, layers = model.machine.vectors, model.layers
    assert set(layers) == set(LAYERS)
    ask, shown = vectors[left.indices[0]], vectors[right.indices[:5]]
    for row, one in enumerate(shown):
        below = [*ask, *one, *(ask * one)]
        for name, units in zip(("first", "second"), HIDDEN, strict=True):
            below = [
                max(0.0, sum(x * w for x, w in zip(below, layers[name][:, unit], strict=True)) + bias)
                for unit, bias in enumerate(layers[f"{name}_bias"])
            ]
            assert len(below) == units
        told = sum(x * w for x, w in zip(below, layers["last"], strict=True))
        assert model.deep(ask, shown)[row] == pytest.approx(told, abs=1e-4)
        whole = model.machine.scores(left[[0]] + right[[row]])[0] + told
        assert model.scores(left[[0]], right[[row]])[0] == pytest.approx(whole, abs=1e-4)
