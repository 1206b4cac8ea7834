"""Where item vectors start: near the items they occur with, so that learning begins with what counting knows.

    C_ij = sum over people of exp(-(d - 1) / tau), for i and j at d <= reach events from each other
    N    = D^-1/4 C D^-1/4,  D = row sums of C
    E    = U |L|, rows scaled to length 1, for the largest eigenvalues L of N and their vectors U

A start from the factors of positive pointwise mutual information (Levy and Goldberg 2014) is the better known
choice; dividing fame out half as strongly keeps more on sparse logs (docs/decisions/025). The factors are
found by subspace iteration from random vectors (Halko, Martinsson and Tropp 2011), in memory of a few times
items x dim numbers and 12 bytes a pair.

What is told of items (V, say an encoder's unit rows) can help where there is little to count:

    R   = argmin sum over items of n_i |v_i R - e_i|^2 + lambda |R|^2
    e_i = n_i / (n_i + k) e_i + k / (n_i + k) v_i R,  rows at length 1

with n_i the events of an item. R of another shop, learned on its finished vectors, does the same for one with
little data of its own: both are read by one encoder.
"""

from typing import Final

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Floats, Longs
from shopkeeper.data.dataset import Dataset
from shopkeeper.encoders.base import unit

_REACH: Final = 10
_TAU: Final = 5.0
_FAME: Final = 0.25
_ROUNDS: Final = 3
_SPARE: Final = 16
_RIDGE: Final = 1.0
"""lambda, relative to the mean of the diagonal it is added to."""
_HALFWAY: Final = 5.0
"""k: events at which an item's own vector counts as much as what is told of it."""
_EVENTS: Final = 3_000_000
"""Most events counted, of people drawn at random: more hardly change vectors that are learned on anyway."""
_ITEMS: Final = 200_000
"""Most items with factors, the most popular; the others start amid the items they occur with."""


def start_vectors(dataset: Dataset, dim: int, seed: int) -> Floats:
    """Unit vectors of all items, ``(n_items, dim)``; random where an item occurs with no other."""
    rng = np.random.default_rng(seed)
    counts = _counts(_sampled(dataset, rng))
    popular = np.sort(np.argsort(-dataset.popularity, kind="stable")[:_ITEMS])
    vectors = np.zeros((dataset.n_items, dim), np.float32)
    vectors[popular] = _factors(counts[popular][:, popular], dim, rng)
    rest = np.setdiff1d(np.arange(dataset.n_items), popular)
    vectors[rest] = counts[rest] @ vectors
    return _unit(vectors, rng)


def reading(told: Floats, vectors: Floats, events: Longs) -> Floats:
    """R of the module's formula, ``(width, dim)``.

    Parameters
    ----------
    told
        V, ``(n_items, width)``; a row of zeros says nothing.
    vectors
        e, ``(n_items, dim)``.
    events
        n, ``(n_items,)``.
    """
    known = np.flatnonzero(told.any(axis=1) & (events > 0))
    weighted = told[known].T * events[known].astype(np.float32)
    square = weighted @ told[known]
    square[np.diag_indices(len(square))] += np.float32(_RIDGE * max(np.trace(square) / len(square), 1e-9))
    return np.asarray(np.linalg.solve(square, weighted @ vectors[known]), np.float32)


def amid_alike(vectors: Floats, told: Floats, read: Floats, events: Longs) -> Floats:
    """Unit vectors that lean on R as far as there is little to count; see the module."""
    guess = unit(told @ read)
    trust = (events / (events + _HALFWAY)).astype(np.float32)[:, None]
    mixed = unit(trust * vectors + (1 - trust) * guess)
    return np.where(guess.any(axis=1, keepdims=True), mixed, vectors)


def _sampled(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    known = dataset.where(dataset.person >= 0)
    if len(known) <= _EVENTS:
        return known
    people = rng.permutation(len(known.people))
    enough = np.searchsorted(np.cumsum(np.diff(known.offsets)[people]), _EVENTS) + 1
    return known.where(np.isin(known.person, people[:enough]))


def _counts(dataset: Dataset) -> sparse.csr_array:
    """C of the module's formula; an item is not its own neighbour."""
    n = dataset.n_items
    total = sparse.csr_array((n, n), dtype=np.float32)
    for gap in range(1, min(_REACH, len(dataset) - 1) + 1):
        one, other = dataset.item[:-gap], dataset.item[gap:]
        pair = (dataset.person[:-gap] == dataset.person[gap:]) & (one != other)
        weight = np.full(int(pair.sum()), np.exp(-(gap - 1) / _TAU), np.float32)
        total = sparse.csr_array(total + sparse.csr_array((weight, (one[pair], other[pair])), shape=(n, n)))
    return sparse.csr_array(total + total.T)


def _factors(counts: sparse.csr_array, dim: int, rng: np.random.Generator) -> Floats:
    n = counts.shape[0]
    scale = sparse.diags_array(np.maximum(counts.sum(axis=1), 1e-9).astype(np.float32) ** -_FAME)
    matrix = sparse.csr_array(scale @ counts @ scale)
    basis = rng.standard_normal((n, min(dim + _SPARE, n))).astype(np.float32)
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(matrix @ basis)[0]
    values, inner = np.linalg.eigh(basis.T @ (matrix @ basis))
    largest = np.argsort(-np.abs(values), kind="stable")[:dim]
    out = np.zeros((n, dim), np.float32)
    out[:, : len(largest)] = (basis @ inner[:, largest]) * np.abs(values[largest])
    return out


def _unit(vectors: Floats, rng: np.random.Generator) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1)
    lost = np.flatnonzero(lengths < 1e-6)
    vectors[lost] = rng.standard_normal((len(lost), vectors.shape[1]))
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
