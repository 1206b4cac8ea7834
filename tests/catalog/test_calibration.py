"""Pooled opinions mean what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from shopkeeper.catalog.calibration import Pool
from shopkeeper.metrics.classification import expected_calibration_error


def world(n: int, n_classes: int, *sharpness: float, seed: int = 0):
    """Truth drawn from known probabilities, and classifiers that tell these too sharply or too softly."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 1.5, (n, n_classes))
    chance = np.exp(log_softmax(scores, axis=1))
    truth = (chance.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    noise = rng.normal(0, 0.5, (len(sharpness), n, n_classes))
    log = np.stack([log_softmax(s * (scores + e), axis=1) for s, e in zip(sharpness, noise, strict=True)])
    return log, truth


def error(probabilities, truth):
    best = probabilities.argmax(axis=1)
    return expected_calibration_error(probabilities.max(axis=1), best == truth)


@pytest.mark.parametrize("sharpness", [(4.0,), (0.3,), (3.0, 0.5)])
def test_confidence_becomes_true_on_cases_not_learned_from(sharpness):
    log, truth = world(8000, 5, *sharpness)
    pool = Pool.fit(log[:, :4000], truth[:4000])
    told = pool.probabilities(log[:, 4000:])
    assert error(told, truth[4000:]) < 0.03
    assert error(np.exp(log[0, 4000:]), truth[4000:]) > 0.1


def test_it_is_the_best_pool_there_is():
    """No other weights and biases have a lower penalised loss, by the plain formula."""
    log, truth = world(60, 3, 2.0, 1.0)

    def loss(weights, biases):
        total = 0.0
        for case, label in enumerate(truth):
            scores = [sum(w * log[m, case, k] for m, w in enumerate(weights)) + biases[k] for k in range(3)]
            total -= scores[label] - np.log(np.exp(scores).sum())
        held = 10 * sum((w - 0.5) ** 2 for w in weights) + 3 * sum(b * b for b in biases)
        return total + held / 2

    pool = Pool.fit(log, truth)
    found = loss(pool.weights, pool.biases)
    rng = np.random.default_rng(1)
    for _ in range(50):
        weights = np.maximum(pool.weights + rng.normal(0, 0.05, 2), 0)
        assert found <= loss(weights, pool.biases + rng.normal(0, 0.05, 3)) + 1e-6


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 40), st.integers(2, 6), st.integers(1, 3), st.integers(0, 5))
def test_always_probabilities(n, n_classes, m, seed):
    log, truth = world(n, n_classes, *[3.0] * m, seed=seed)
    pool = Pool.fit(log, truth)
    told = pool.probabilities(log)
    assert (pool.weights >= 0).all()
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-5)


def test_a_classifier_that_knows_nothing_is_not_heard():
    log, truth = world(2000, 4, 1.0)
    noise = log_softmax(np.random.default_rng(2).normal(0, 2, log.shape), axis=2)
    weights = Pool.fit(np.concatenate([log, noise]), truth).weights
    assert weights[1] < 0.1 < 0.7 < weights[0]
