"""Factorization machines on sparse features: every cross of two features, from one vector a feature.

    y(x) = w_0 + sum_f w_f x_f + sum_{f < g} (v_f v_g) x_f x_g                           (Rendle 2010)
         = w_0 + x w + 1/2 sum_k ((x V)_k^2 - (x^2 V^2)_k)

The second line costs a row its non-zero features times the length of a vector. Two learners share this:

`learn_logistic`
    A row has a label; -log of its probability under 1 / (1 + exp(-y)).
`learn_matching`
    A row of the left side (who asks, and when) chose one row of the right side (an item). Of all crosses only
    those between the sides tell items apart, so y = z w + (x V)(z V): one vector a question, one an item.
    The loss is a softmax over the chosen and a sample of the others, each corrected by how often it is drawn
    (Bengio and Senecal 2008).

Steps are Adagrad's (Duchi, Hazan and Singer 2011), on the features of a batch alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Floats, Ints, Longs
from shopkeeper.learners.told import squeezed

_START: Final = 0.1
"""Deviation of the first vectors, all dimensions together."""
_TINY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Descending:
    """How far to go.

    Attributes
    ----------
    dim
        Length of a vector; with 0 there are no crosses, and it is a logistic regression.
    batch, epochs
        Rows a step, and passes over all rows.
    rate
        Of Adagrad.
    decay
        Pull of each vector and weight of a batch towards 0.
    drawn
        Rows of the right side drawn for a step.
    seed
        Of everything drawn.
    """

    dim: int = 32
    batch: int = 1024
    epochs: int = 5
    rate: float = 0.3
    decay: float = 1e-5
    drawn: int = 512
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """What is learned.

    Attributes
    ----------
    bias
        w_0.
    weights, vectors
        Shape ``(n_features,)`` and ``(n_features, dim)``.
    """

    bias: float
    weights: Floats
    vectors: Floats

    @classmethod
    def start(cls, n_features: int, dim: int, rng: np.random.Generator) -> Self:
        """Small chance vectors and no weights."""
        vectors = rng.normal(0.0, _START / np.sqrt(max(dim, 1)), (n_features, dim)).astype(np.float32)
        return cls(0.0, np.zeros(n_features, np.float32), vectors)

    def scores(self, rows: sparse.csr_array) -> Floats:
        """The formula, for each row."""
        sums = rows @ self.vectors
        squares = _squared(rows) @ self.vectors**2
        crosses = 0.5 * (sums**2 - squares).sum(axis=1)
        return np.asarray(self.bias + rows @ self.weights + crosses, np.float32)

    def gradients(self, rows: sparse.csr_array, slopes: Floats) -> tuple[float, Floats, Floats]:
        """Change of a loss with ``bias``, ``weights`` and ``vectors``.

        Parameters
        ----------
        rows
            Features, dense in their columns.
        slopes
            Change of the loss with y of each row.
        """
        back = sparse.csr_array(rows.T)
        own = _squared(back) @ slopes
        vectors = back @ (slopes[:, None] * (rows @ self.vectors)) - own[:, None] * self.vectors
        return float(slopes.sum()), back @ slopes, vectors


def learn_logistic(rows: sparse.csr_array, labels: Floats, how: Descending) -> Machine:
    """Learn from rows with a label of 0 or 1.

    Parameters
    ----------
    rows
        Shape ``(n, n_features)``, float32.
    labels
        Shape ``(n,)``.
    how
        ``drawn`` is not used.
    """
    rng = np.random.default_rng(how.seed)
    machine = Machine.start(rows.shape[1], how.dim, rng)
    adagrad = _Adagrad.of(machine, how)
    # At the log-odds of the whole: no feature must carry them, or one not met again would be missed.
    bias, push = base_rate(labels), _TINY
    for chosen in _batches(rows.shape[0], how, rng):
        columns, part = _dense_columns(rows[chosen])
        here = Machine(bias, machine.weights[columns], machine.vectors[columns])
        slopes = (_probability(here.scores(part)) - labels[chosen]) / np.float32(len(chosen))
        change, weights, vectors = here.gradients(part, slopes)
        push += change**2
        bias -= how.rate * change / np.sqrt(push)
        adagrad.step(columns, weights, vectors)
    return Machine(bias, machine.weights, machine.vectors)


def base_rate(labels: Floats) -> float:
    """Log-odds of labels of 0 and 1, as if one more of each had been seen."""
    yes = float(labels.sum())
    return float(np.log((yes + 1) / (len(labels) - yes + 1)))


def learn_matching(
    left: Callable[[Longs], sparse.csr_array],
    chosen: Ints,
    right: sparse.csr_array,
    n_left: int,
    how: Descending,
    watch: Callable[[Machine], bool] | None = None,
    told: Floats | None = None,
) -> Machine:
    """Learn which row of the right side each row of the left side chose.

    Parameters
    ----------
    left
        Features of examples of these numbers, ``n_left`` columns.
    chosen
        Shape ``(n_examples,)``: row of ``right``.
    right
        Features of what can be chosen; their numbers in the machine follow those of the left side.
    n_left
        Features of the left side.
    how
        How far to go.
    watch
        Told after each pass; False ends learning.
    told
        Where the vectors of the first features of both sides, which are the same things, start: what is told
        of each, ``(n, width)``; None for chance.
    """
    rng = np.random.default_rng(how.seed)
    machine = Machine.start(n_left + right.shape[1], how.dim, rng)
    if told is not None:
        start = squeezed(told, how.dim, rng) * np.float32(_START / np.sqrt(how.dim))
        machine.vectors[: len(start)] = start
        machine.vectors[n_left : n_left + len(start)] = start
    adagrad = _Adagrad.of(machine, how)
    counts = np.bincount(chosen, minlength=right.shape[0]) ** 0.75
    share = counts / max(counts.sum(), 1.0)
    expected = np.log(np.maximum(how.drawn * share, 1e-12)).astype(np.float32)
    steps = -(-len(chosen) // how.batch)
    for step, examples in enumerate(_batches(len(chosen), how, rng), 1):
        others = np.unique(rng.choice(len(share), how.drawn, p=share))
        _match(machine, adagrad, left(examples), chosen[examples], right, others, expected[others], n_left)
        if watch is not None and step % steps == 0 and not watch(machine):
            break
    return machine


def _match(
    machine: Machine,
    adagrad: "_Adagrad",
    left: sparse.csr_array,
    chosen: Ints,
    right: sparse.csr_array,
    others: Longs,
    expected: Floats,
    n_left: int,
) -> None:
    """One step of `learn_matching`."""
    left_columns, x = _dense_columns(left)
    items, place = np.unique(np.concatenate([chosen, others]), return_inverse=True)
    right_columns, z = _dense_columns(right[items])
    right_columns = right_columns + n_left
    people, things = x @ machine.vectors[left_columns], z @ machine.vectors[right_columns]
    own, rest = place[: len(chosen)], place[len(chosen) :]
    by_person, by_thing, by_bias = softmax_slopes(
        people, things, z @ machine.weights[right_columns], own, rest, expected
    )
    adagrad.step(left_columns, None, x.T @ by_person)
    adagrad.step(right_columns, z.T @ by_bias, z.T @ by_thing)


def softmax_slopes(
    people: Floats, things: Floats, bias: Floats, own: Longs, rest: Longs, expected: Floats
) -> tuple[Floats, Floats, Floats]:
    """Change of the mean loss with ``people``, ``things`` and ``bias``.

    Parameters
    ----------
    people, things, bias
        Shape ``(n, dim)``, ``(m, dim)`` and ``(m,)``.
    own
        Shape ``(n,)``: the thing that each person chose.
    rest
        Things that were drawn, each once.
    expected
        Log of how often each of ``rest`` is drawn.
    """
    n = len(people)
    logits = people @ things[rest].T + (bias[rest] - expected)
    logits[own[:, None] == rest] = -np.inf
    right = np.einsum("ij,ij->i", people, things[own]) + bias[own]
    top = np.maximum(right, logits.max(axis=1))
    chances, sure = np.exp(logits - top[:, None]), np.exp(right - top)
    total = chances.sum(axis=1) + sure
    chances /= (total * n)[:, None]
    miss = ((sure / total - 1.0) / n).astype(np.float32)
    by_person = chances @ things[rest] + miss[:, None] * things[own]
    by_thing, by_bias = np.zeros_like(things), np.zeros_like(bias)
    by_thing[rest], by_bias[rest] = chances.T @ people, chances.sum(axis=0)
    hit = sparse.csr_array((miss, (own, np.arange(n))), shape=(len(things), n))
    return by_person, by_thing + hit @ people, by_bias + hit.sum(axis=1)


@dataclass(frozen=True, slots=True)
class _Adagrad:
    """Steps that shrink with what was stepped before; they change the machine in place."""

    machine: Machine
    rate: np.float32
    decay: np.float32
    weights: Floats
    vectors: Floats

    @classmethod
    def of(cls, machine: Machine, how: Descending) -> Self:
        pushes = np.full_like(machine.weights, _TINY), np.full_like(machine.vectors, _TINY)
        return cls(machine, np.float32(how.rate), np.float32(how.decay), *pushes)

    def step(self, columns: Longs, weights: Floats | None, vectors: Floats) -> None:
        self._move(self.machine.vectors, self.vectors, columns, vectors)
        if weights is not None:
            self._move(self.machine.weights, self.weights, columns, weights)

    def _move(self, values: Floats, pushes: Floats, columns: Longs, change: Floats) -> None:
        change = change + self.decay * values[columns]
        pushes[columns] += change**2
        values[columns] -= self.rate * change / np.sqrt(pushes[columns])


def _batches(n: int, how: Descending, rng: np.random.Generator) -> Iterator[Longs]:
    for _ in range(how.epochs):
        order = rng.permutation(n)
        yield from (order[low : low + how.batch] for low in range(0, n, how.batch))


def _dense_columns(rows: sparse.csr_array) -> tuple[Longs, sparse.csr_array]:
    """Features that occur, rising, and the rows over them alone."""
    columns, place = np.unique(rows.indices, return_inverse=True)
    shape = (rows.shape[0], len(columns))
    return columns.astype(np.int64), sparse.csr_array((rows.data, place, rows.indptr), shape=shape)


def _squared(rows: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((rows.data**2, rows.indices, rows.indptr), shape=rows.shape)


def _probability(scores: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * scores)), np.float32)
