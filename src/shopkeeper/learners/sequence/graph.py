"""The network as an ONNX graph that answers one question: what comes after the last event.

Written out by hand from the learned arrays rather than traced: in the last block only the last event asks,
so that most of the work of a traced graph is not done at all; and no tracer is needed.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.encoders.graph import Graph
from shopkeeper.learners.sequence.config import Size

_BARRED: Final = np.float32(-1e9)
Weights = dict[str, NDArray[np.float32]]


def encoder_graph(weights: Weights, size: Size, cell: str, gate: bool) -> bytes:
    """An ONNX model of the network.

    Parameters
    ----------
    weights
        Of `network.Network`, by name.
    size, cell, gate
        Its measures.

    Returns
    -------
    bytes
        Takes ``vectors`` (n, length, dim) of the items heard, ``kinds`` and ``gaps`` (n, length) and
        ``lengths`` (n,); gives ``state`` (n, dim), unit vectors.
    """
    graph = _Graph(weights)
    stretched = graph.add("Mul", "vectors", graph.constant(np.float32(0.25 * math.sqrt(size.dim))))
    heard = graph.add("Add", stretched, graph.looked_up("kinds", "kinds"))
    heard = graph.add("Add", heard, graph.looked_up("gaps", "gaps"))
    last = _recurrent(graph, heard, size) if cell == "gru" else _attentive(graph, heard, size, gate)
    graph.add("LpNormalization", graph.norm(last, "norm"), output="state", axis=-1, p=2)
    inputs: dict[str, tuple[str, list[str | int]]] = {
        "vectors": ("FLOAT", ["n", "length", size.dim]),
        "kinds": ("INT32", ["n", "length"]),
        "gaps": ("INT32", ["n", "length"]),
        "lengths": ("INT64", ["n"]),
    }
    return graph.model("history", inputs, ("state", ["n", size.dim]))


def _attentive(graph: "_Graph", x: str, size: Size, gate: bool) -> str:
    """All blocks; the last one for the last event alone, ``(n, dim)``."""
    place, final = graph.places(x), graph.add("Sub", "lengths", graph.constant(np.int64(1)))
    row, column = graph.wider(place, 0, 2), graph.wider(place, 0, 1)
    for block in range(size.blocks - 1):
        x = _block(graph, x, x, graph.add("Sub", row, column), size, gate, f"body.blocks.{block}.")
    asking = graph.wider(graph.at(x, final), 1)
    since = graph.add("Sub", graph.wider(final, 1, 2), column)
    out = _block(graph, asking, x, since, size, gate, f"body.blocks.{size.blocks - 1}.")
    return graph.add("Squeeze", out, graph.constant(np.array([1])))


def _block(graph: "_Graph", asking: str, told: str, distance: str, size: Size, gate: bool, name: str) -> str:
    """One block for the events of ``asking``, which hear those of ``told`` at these distances."""
    attended = _attend(graph, asking, told, distance, size, name)
    if gate:
        attended = graph.add("Mul", graph.add("Sigmoid", graph.linear(asking, f"{name}gate1")), attended)
    x = graph.add("Add", asking, attended)
    inner = graph.linear(graph.norm(x, f"{name}norm2"), f"{name}up")
    if not gate:
        return graph.add("Add", x, graph.linear(graph.add("Gelu", inner), f"{name}down"))
    left, right = graph.split(inner, 2)
    active = graph.add("Mul", graph.add("Mul", left, graph.add("Sigmoid", left)), right)
    opened = graph.add("Sigmoid", graph.linear(x, f"{name}gate2"))
    return graph.add("Add", x, graph.add("Mul", opened, graph.linear(active, f"{name}down")))


def _attend(graph: "_Graph", asking: str, told: str, distance: str, size: Size, name: str) -> str:
    dim, heads = size.dim, size.heads
    weight, bias = graph.weights[f"{name}mix.weight"], graph.weights[f"{name}mix.bias"]
    scale = np.float32(1 / math.sqrt(dim // heads))
    heard = graph.norm(told, f"{name}norm1")
    asks = heard if asking == told else graph.norm(asking, f"{name}norm1")
    query = graph.heads(graph.affine(asks, weight[:dim] * scale, bias[:dim] * scale), heads, dim)
    key = graph.heads(graph.affine(heard, weight[dim : 2 * dim], bias[dim : 2 * dim]), heads, dim)
    value = graph.heads(graph.affine(heard, weight[2 * dim :], bias[2 * dim :]), heads, dim)
    likeness = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
    share = graph.add("Softmax", graph.add("Add", likeness, _nearness(graph, distance, name)), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", share, value), perm=[0, 2, 1, 3])
    joined = graph.add("Reshape", mixed, graph.constant(np.array([0, 0, dim])))
    return graph.linear(joined, f"{name}out")


def _nearness(graph: "_Graph", distance: str, name: str) -> str:
    """What each distance adds to attention, and a bar to what lies ahead; (n or 1, heads, asking, told)."""
    zero = graph.constant(np.int64(0))
    learned = graph.constant(np.ascontiguousarray(graph.weights[f"{name}distance"].T))
    near = graph.add("Gather", learned, graph.add("Max", distance, zero))
    ahead = graph.wider(graph.add("Less", distance, zero), 3)
    return graph.add("Transpose", graph.add("Where", ahead, graph.constant(_BARRED), near), perm=[0, 3, 1, 2])


def _recurrent(graph: "_Graph", heard: str, size: Size) -> str:
    """All layers; the state after the last event beside what was heard of it, ``(n, dim)``."""
    final = graph.add("Sub", "lengths", graph.constant(np.int64(1)))
    x = graph.add("Transpose", heard, perm=[1, 0, 2])
    for layer in range(size.blocks):
        parts = [
            _reordered(graph.weights[f"body.gru.{part}_l{layer}"]) for part in ("weight_ih", "weight_hh")
        ]
        bias = [_reordered(graph.weights[f"body.gru.{part}_l{layer}"]) for part in ("bias_ih", "bias_hh")]
        inputs = [x, *(graph.constant(part[None]) for part in (*parts, np.concatenate(bias)))]
        states = graph.add("GRU", *inputs, hidden_size=size.dim, linear_before_reset=1)
        x = graph.add("Squeeze", states, graph.constant(np.array([1])))
    after = graph.at(graph.add("Transpose", x, perm=[1, 0, 2]), final)
    return graph.add("Add", graph.at(heard, final), after)


def _reordered(gates: NDArray[np.float32]) -> NDArray[np.float32]:
    """From torch's order of gates (reset, update, new) to that of ONNX (update, reset, new)."""
    reset, update, new = np.split(gates, 3)
    return np.concatenate([update, reset, new])


class _Graph(Graph):
    """A graph of learned arrays, which it knows by name."""

    def __init__(self, weights: Weights) -> None:
        super().__init__("deep")
        self.weights = weights

    def linear(self, x: str, name: str) -> str:
        return self.affine(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def norm(self, x: str, name: str) -> str:
        scale, shift = (self.constant(self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)

    def looked_up(self, name: str, codes: str) -> str:
        return self.add("Gather", self.constant(self.weights[f"{name}.weight"]), codes)

    def at(self, x: str, place: str) -> str:
        """One place of each row, from (n, length, dim) to (n, dim)."""
        return self.add("GatherND", x, self.wider(place, 1), batch_dims=1)

    def places(self, x: str) -> str:
        """0, 1, 2 ... along the length of x."""
        length = self.add("Gather", self.add("Shape", x), self.constant(np.int64(1)))
        return self.add("Range", self.constant(np.int64(0)), length, self.constant(np.int64(1)))
