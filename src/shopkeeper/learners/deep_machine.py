"""DeepFM: a factorization machine and a small network over the same vectors (Guo et al. 2017).

    y(x, z) = FM(x, z) + relu(relu([U, A, U * A] F + f) S + s) t,   U = x V,   A = z V

x and z are the features of the two sides, who asks and what is shown. The paper's network reads one vector a
field; here a side is one vector, and their product by place is the third, so that for one U and many A the
first layer is one product: A (F_A + U * F_UA) + U F_U + f. Learned with torch, asked as arrays.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Floats, Longs
from shopkeeper.learners.descent import Descent, Parameters, arrays, descend, repeatable, torch_or_fail
from shopkeeper.learners.factorization import Machine, base_rate

if TYPE_CHECKING:
    from torch import Tensor

HIDDEN: Final = (16, 8)
"""Units of the two layers."""
LAYERS: Final = ("first", "first_bias", "second", "second_bias", "last")
_DIM: Final = 12
_BATCH: Final = 512
_RATE: Final = 0.004
_SECONDS: Final = 300.0
_PASSES: Final = 3
_STEPS: Final = 60
"""Passes over all rows, and steps that few rows take at least."""
_DECAY: Final = 1e-3
_START: Final = 0.03


@dataclass(frozen=True)
class DeepMachine:
    """What is learned.

    Attributes
    ----------
    machine
        The factorization machine.
    layers
        F, f, S, s and t, by `LAYERS`.
    """

    machine: Machine
    layers: Mapping[str, Floats]

    def deep(self, asks: Floats, shown: Floats) -> Floats:
        """What the network adds for one U, ``(dim,)``, and many A, ``(n, dim)``; shape ``(n,)``."""
        dim, layers = len(asks), self.layers
        first = layers["first"]
        level = asks @ first[:dim] + layers["first_bias"]
        hidden = shown @ (first[dim : 2 * dim] + asks[:, None] * first[2 * dim :])
        hidden += level
        np.maximum(hidden, 0.0, out=hidden)
        hidden = hidden @ layers["second"]
        hidden += layers["second_bias"]
        np.maximum(hidden, 0.0, out=hidden)
        return np.asarray(hidden @ layers["last"], np.float32)

    def scores(self, left: sparse.csr_array, right: sparse.csr_array) -> Floats:
        """The module's formula, row by row."""
        asks, shown = left @ self.machine.vectors, right @ self.machine.vectors
        together = np.concatenate([asks, shown, asks * shown], axis=1)
        layers = self.layers
        hidden = np.maximum(together @ layers["first"] + layers["first_bias"], 0.0)
        hidden = np.maximum(hidden @ layers["second"] + layers["second_bias"], 0.0)
        return np.asarray(self.machine.scores(left + right) + hidden @ layers["last"], np.float32)


def learn_deep(left: sparse.csr_array, right: sparse.csr_array, labels: Floats, seed: int = 0) -> DeepMachine:
    """Learn from rows with a label of 0 or 1; the sides have the same columns, each its own of them.

    Raises
    ------
    MissingDependency
        torch is not installed.
    """
    with repeatable(seed):
        parameters = _start(left.shape[1], base_rate(labels))
        passes = max(_PASSES, -(-_STEPS * _BATCH // max(1, len(labels))))
        descent = Descent(passes, _SECONDS, _RATE)
        descend(parameters, lambda epoch: _losses(parameters, left, right, labels, (seed, epoch)), descent)
    found = arrays(parameters)
    machine = Machine(float(found["bias"][0]), found["weights"][:, 0], found["vectors"])
    return DeepMachine(machine, {name: found[name] for name in LAYERS})


def _start(n_features: int, bias: float) -> Parameters:
    torch = torch_or_fail()
    one, two = HIDDEN
    shapes = {
        "vectors": ((n_features, _DIM), _START),
        "first": ((3 * _DIM, one), (3 * _DIM) ** -0.5),
        "second": ((one, two), one**-0.5),
        "last": ((two,), two**-0.5),
    }
    found = {name: (torch.randn(shape) * scale).requires_grad_() for name, (shape, scale) in shapes.items()}
    found["bias"] = torch.full((1,), bias).requires_grad_()
    zeros = {"weights": (n_features, 1), "first_bias": (one,), "second_bias": (two,)}
    return found | {name: torch.zeros(shape).requires_grad_() for name, shape in zeros.items()}


def _losses(
    p: Parameters, left: sparse.csr_array, right: sparse.csr_array, labels: Floats, seed: tuple[int, int]
) -> Iterator["Tensor"]:
    torch = torch_or_fail()
    order = np.random.default_rng(seed).permutation(len(labels))
    for start in range(0, len(order), _BATCH):
        rows: Longs = order[start : start + _BATCH]
        asks, shown = left[rows], right[rows]
        told = _scores(p, asks, shown)
        wanted = torch.from_numpy(labels[rows])
        loss: Tensor = torch.nn.functional.binary_cross_entropy_with_logits(told, wanted)
        yield loss + _DECAY * (p["vectors"] ** 2).sum()


def _scores(p: Parameters, left: sparse.csr_array, right: sparse.csr_array) -> "Tensor":
    torch = torch_or_fail()
    both = left + right
    asks, shown = _summed(left, p["vectors"]), _summed(right, p["vectors"])
    squares = _summed(both.multiply(both).tocsr(), p["vectors"] ** 2)
    crosses = 0.5 * ((asks + shown) ** 2 - squares).sum(1)
    hidden = torch.relu(torch.cat([asks, shown, asks * shown], 1) @ p["first"] + p["first_bias"])
    hidden = torch.relu(hidden @ p["second"] + p["second_bias"])
    found: Tensor = p["bias"] + _summed(both, p["weights"])[:, 0] + crosses + hidden @ p["last"]
    return found


def _summed(rows: sparse.csr_array, table: "Tensor") -> "Tensor":
    """Rows x table."""
    torch = torch_or_fail()
    parts = (rows.indices.astype(np.int64), rows.indptr[:-1].astype(np.int64), rows.data)
    items, starts, weights = (torch.from_numpy(part) for part in parts)
    found: Tensor = torch.nn.functional.embedding_bag(
        items, table, starts, per_sample_weights=weights, mode="sum"
    )
    return found
