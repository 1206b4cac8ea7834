"""A projection of vectors that brings together what belongs together in this shop.

Pairs are items one person took, or a query and what was clicked after it. With a batch of pairs (x_i, y_i)
and z = A x at length 1, InfoNCE (van den Oord, Li and Vinyals 2018) is lowered:

    loss = - mean over i of log( exp(z_i . z'_i / t - log q_i) / sum over j of exp(z_i . z'_j / t - log q_j) )

where q_j is how often y_j is an answer at all, so that what everybody takes is not pushed away for being in
every batch (Yi et al. 2019). A starts as the identity and is drawn back to it: without pairs nothing changes.
Learned with Adam (Kingma and Ba 2015); needs NumPy alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.core.types import Floats, Ints
from shopkeeper.data.dataset import Dataset
from shopkeeper.encoders.base import unit

MOST_PAIRS: Final = 200_000
"""Pairs learned from, drawn at random where there are more."""
_REACH: Final = 3
"""Events from each other up to which two items of one person are a pair."""
FEWEST: Final = 1_000
"""Pairs below which nothing is learned."""


@dataclass(frozen=True, slots=True)
class ContrastiveConfig:
    """How a projection is learned.

    Attributes
    ----------
    steps
        Most batches looked at.
    passes
        Most times that a pair is looked at, on average: a small shop is quickly done.
    batch
        Pairs a step.
    rate
        Step of Adam.
    temperature
        t of the module's formula.
    pull
        Share of the way back to the identity that each step takes, times ``rate``.
    seed
        Of the order of pairs.
    """

    steps: int = 400
    passes: int = 14
    batch: int = 512
    rate: float = 1e-3
    temperature: float = 0.07
    pull: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Projection:
    """A of the module's formula.

    Attributes
    ----------
    matrix
        Shape ``(dim, dim)``: multiplied from the right.
    """

    matrix: Floats

    def of(self, vectors: Floats) -> Floats:
        """Where vectors come to lie: unit rows, zeros for zeros."""
        return unit(np.asarray(vectors @ self.matrix, np.float32))


def taken_together(dataset: Dataset, seed: int = 0) -> tuple[Ints, Ints]:
    """Pairs of items that one person took one soon after the other, at most `MOST_PAIRS`."""
    ones, others = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for gap in range(1, _REACH + 1):
        one, other = dataset.item[:-gap], dataset.item[gap:]
        same = (dataset.person[:-gap] == dataset.person[gap:]) & (dataset.person[gap:] >= 0) & (one != other)
        ones.append(one[same])
        others.append(other[same])
    pairs = np.stack([np.concatenate(ones), np.concatenate(others)])
    chosen = np.random.default_rng(seed).permutation(pairs.shape[1])[:MOST_PAIRS]
    return pairs[0, chosen], pairs[1, chosen]


def learn_projection(
    asked: Floats, answers: Floats, pairs: tuple[Ints, Ints], config: ContrastiveConfig | None = None
) -> Projection:
    """Learn A from pairs.

    Parameters
    ----------
    asked, answers
        Unit rows: those of the first and of the second of each pair, of one encoder.
    pairs
        Rows of ``asked`` and of ``answers``; a pair with a row of zeros says nothing.
    config
        How to learn.
    """
    config = config or ContrastiveConfig()
    told = np.asarray(asked.any(axis=1))[pairs[0]] & np.asarray(answers.any(axis=1))[pairs[1]]
    one, other = pairs[0][told], pairs[1][told]
    identity = np.eye(asked.shape[1], dtype=np.float32)
    if len(one) < FEWEST:
        return Projection(identity)
    popular = np.log(np.bincount(other, minlength=len(answers)) / len(other) + 1e-12).astype(np.float32)
    rng = np.random.default_rng(config.seed)
    matrix, first, second = identity.copy(), np.zeros_like(identity), np.zeros_like(identity)
    steps = min(config.steps, config.passes * len(one) // config.batch)
    for step in range(1, steps + 1):
        rows = rng.integers(len(one), size=min(config.batch, len(one)))
        x, y = asked[one[rows]], answers[other[rows]]
        gradient = _gradient(matrix, x, y, other[rows], popular[other[rows]], config.temperature)
        first += 0.1 * (gradient - first)
        second += 0.02 * (gradient**2 - second)
        spread = np.sqrt(second / (1 - 0.98**step)) + 1e-8
        matrix -= config.rate * (first / (1 - 0.9**step) / spread + config.pull * (matrix - identity))
    return Projection(matrix)


def _gradient(matrix: Floats, x: Floats, y: Floats, names: Ints, popular: Floats, t: float) -> Floats:
    """Of the loss by A; an answer that stands in the batch twice is not held against itself."""
    (u, length_u), (v, length_v) = _unit(x @ matrix), _unit(y @ matrix)
    scores = u @ v.T / t - popular
    same = np.asarray(names[:, None] == names)
    np.fill_diagonal(same, val=False)
    scores[same] = -np.inf
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    shares[np.diag_indices(len(x))] -= 1.0
    shares /= len(x) * t
    to_u, to_v = shares @ v, shares.T @ u
    to_u = (to_u - (to_u * u).sum(axis=1, keepdims=True) * u) / length_u
    to_v = (to_v - (to_v * v).sum(axis=1, keepdims=True) * v) / length_v
    return np.asarray(x.T @ to_u + y.T @ to_v, np.float32)


def _unit(rows: Floats) -> tuple[Floats, Floats]:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-6))
    return rows / lengths, lengths
