"""Where item vectors start, against sums taken by hand and a dense factorization."""

import math

import numpy as np

from shopkeeper.encoders.base import unit
from shopkeeper.learners.sequence import start
from tests.recommenders.worlds import shop
from tests.training.shops import chains


def plain_counts(dataset):
    counts = np.zeros((dataset.n_items, dataset.n_items))
    for one in range(len(dataset)):
        for gap in range(1, 11):
            other = one + gap
            if other < len(dataset) and dataset.person[one] == dataset.person[other] >= 0:
                i, j = dataset.item[one], dataset.item[other]
                if i != j:
                    counts[i, j] += math.exp(-(gap - 1) / 5)
                    counts[j, i] += math.exp(-(gap - 1) / 5)
    return counts


def test_cosines_are_those_of_the_largest_factors():
    dataset = chains(40)
    counts = plain_counts(dataset)
    scale = counts.sum(axis=1) ** -0.25
    values, vectors = np.linalg.eigh(scale[:, None] * counts * scale)
    largest = np.argsort(-np.abs(values))[:50]
    exact = vectors[:, largest] * np.abs(values[largest])
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    found = start.start_vectors(dataset, 50, 0)
    np.testing.assert_allclose(found @ found.T, exact @ exact.T, atol=0.02)


def test_what_occurs_with_nothing_starts_somewhere():
    found = start.start_vectors(shop([("u", "i01", 1), (None, "i02", 1), (None, "i03", 1)]), 8, 0)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)


def test_beyond_the_popular_items_start_amid_those_they_occur_with(monkeypatch):
    dataset = chains(40)
    monkeypatch.setattr(start, "_ITEMS", 30)
    found = start.start_vectors(dataset, 20, 0)
    popular = np.sort(np.argsort(-dataset.popularity, kind="stable")[:30])
    rest = np.setdiff1d(np.arange(dataset.n_items), popular)
    mean = plain_counts(dataset)[rest][:, popular] @ found[popular]
    near = np.abs(mean).sum(axis=1) > 1e-3
    assert near.sum() > 10
    assert ((mean * found[rest]).sum(axis=1) / np.linalg.norm(mean, axis=1) > 0.8)[near].all()


def test_no_more_than_so_many_events_are_counted(monkeypatch):
    monkeypatch.setattr(start, "_EVENTS", 100)
    known = start._sampled(chains(60), np.random.default_rng(0))
    assert 100 <= len(known) < 120


def test_what_is_told_is_read_by_least_squares():
    rng = np.random.default_rng(0)
    told = unit(rng.standard_normal((500, 6)).astype(np.float32))
    truth = rng.standard_normal((6, 4)).astype(np.float32)
    events = rng.integers(1, 9, size=500)
    told[:50], events[50:60] = 0.0, 0
    vectors = told @ truth
    vectors[:60] = rng.standard_normal((60, 4))
    square = (told.T * events) @ told
    ridge = np.trace(square) / 6
    expected = np.linalg.solve(square + ridge * np.eye(6), (told.T * events) @ vectors)
    np.testing.assert_allclose(start.reading(told, vectors, events), expected, rtol=1e-4, atol=1e-5)


def test_the_fewer_events_the_more_what_is_told_counts():
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 0, 0]]
    told = np.eye(3, dtype=np.float32)[[1, 1, 1, 1]]
    told[3] = 0.0
    found = start.amid_alike(vectors, told, np.eye(3, dtype=np.float32), np.array([0, 5, 500, 0]))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(found[0], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(found[1], [0.5**0.5, 0.5**0.5, 0], atol=1e-6)
    assert found[2, 0] > 0.99
    np.testing.assert_allclose(found[3], [1, 0, 0])
