"""An encoder of the BERT family as an ONNX graph: from tokens to unit vectors.

BERT (Devlin et al. 2019, arXiv:1810.04805), DistilBERT (Sanh et al. 2019, arXiv:1910.01108) and RoBERTa
(Liu et al. 2019, arXiv:1907.11692) are one network under different names of tensors. Query, key and value
come from one product, and pooling and the length of 1 are part of the graph.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from shopkeeper.encoders.graph import Graph
from shopkeeper.encoders.pretrained import Recipe, Weights

_BARRED: Final = np.float32(1e9)


@dataclass(frozen=True, slots=True)
class Names:
    """What a family calls the parts of a layer."""

    layer: str
    mix: tuple[str, str, str]
    out: str
    norm1: str
    up: str
    down: str
    norm2: str


_BERT: Final = Names(
    "encoder.layer",
    ("attention.self.query", "attention.self.key", "attention.self.value"),
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)
_DISTIL: Final = Names(
    "transformer.layer",
    ("attention.q_lin", "attention.k_lin", "attention.v_lin"),
    "attention.out_lin",
    "sa_layer_norm",
    "ffn.lin1",
    "ffn.lin2",
    "output_layer_norm",
)


def names_of(recipe: Recipe) -> Names:
    """What the family of a model calls the parts of a layer."""
    return _DISTIL if recipe.architecture == "distilbert" else _BERT


def bert_graph(recipe: Recipe, weights: Weights) -> bytes:
    """The model of a folder.

    Returns
    -------
    bytes
        An ONNX model that takes ``input_ids`` and ``attention_mask`` (n, length) and gives ``vectors``
        (n, dim), of length 1.

    Raises
    ------
    UnreadableModel
        A tensor is missing or of another shape than it should be.
    """
    graph = _Bert(recipe, weights)
    x = graph.embedded()
    barred = graph.barred()
    for layer in range(recipe.layers):
        x = graph.layer(x, barred, layer)
    graph.add("LpNormalization", graph.pooled(x), output="vectors", axis=-1, p=2)
    shape: list[str | int] = ["n", "length"]
    inputs = {"input_ids": ("INT64", shape), "attention_mask": ("INT64", shape)}
    return graph.model("bert", inputs, ("vectors", ["n", recipe.dim]))


class _Bert(Graph):
    def __init__(self, recipe: Recipe, weights: Weights) -> None:
        super().__init__("encoders")
        self._recipe, self._weights = recipe, weights
        self._names = names_of(recipe)

    def embedded(self) -> str:
        """Words, places and the kind of the first text, summed."""
        recipe, get = self._recipe, self._weights.get
        words = self.add(
            "Gather", self.constant(get("embeddings.word_embeddings.weight", -1, recipe.dim)), "input_ids"
        )
        places = get("embeddings.position_embeddings.weight", recipe.places, recipe.dim)[recipe.first_place :]
        if recipe.architecture != "distilbert":
            places = places + get("embeddings.token_type_embeddings.weight", -1, recipe.dim)[0]
        length = self.add("Shape", "input_ids", start=1, end=2)
        zero = self.constant(np.array([0]))
        near = self.add("Slice", self.constant(places), zero, length)
        return self._norm(self.add("Add", words, near), "embeddings.LayerNorm")

    def barred(self) -> str:
        """What is added to attention: nothing, or for padding so much that none is left; (n, 1, 1, m)."""
        mask = self.add("Cast", "attention_mask", to=1)
        ahead = self.add("Sub", mask, self.constant(np.float32(1.0)))
        return self.wider(self.add("Mul", ahead, self.constant(_BARRED)), 1, 2)

    def layer(self, x: str, barred: str, number: int) -> str:
        """One layer: attention, then two products, each added to what came in."""
        names, recipe = self._names, self._recipe
        at = f"{names.layer}.{number}."
        x = self._norm(self.add("Add", x, self._attended(x, barred, at)), at + names.norm1)
        inner = self._activated(self._linear(x, at + names.up, recipe.inner, recipe.dim))
        outer = self._linear(inner, at + names.down, recipe.dim, recipe.inner)
        return self._norm(self.add("Add", x, outer), at + names.norm2)

    def pooled(self, x: str) -> str:
        """One vector of the states of all tokens."""
        if self._recipe.pooling == "cls":
            return self.add("Gather", x, self.constant(np.int64(0)), axis=1)
        mask = self.wider(self.add("Cast", "attention_mask", to=1), 1)
        return self.add("Squeeze", self.add("MatMul", mask, x), self.constant(np.array([1])))

    def _attended(self, x: str, barred: str, at: str) -> str:
        dim, heads = self._recipe.dim, self._recipe.heads
        weight = np.concatenate([self._weights.get(f"{at}{n}.weight", dim, dim) for n in self._names.mix])
        bias = np.concatenate([self._weights.get(f"{at}{n}.bias", dim) for n in self._names.mix])
        scale = np.ones((3 * dim, 1), np.float32)
        scale[:dim] = 1 / math.sqrt(dim // heads)
        mixed = self.split(self.affine(x, weight * scale, bias * scale[:, 0]), 3)
        query, key, value = (self.heads(part, heads, dim) for part in mixed)
        likeness = self.add("MatMul", query, self.add("Transpose", key, perm=[0, 1, 3, 2]))
        share = self.add("Softmax", self.add("Add", likeness, barred), axis=-1)
        told = self.add("Transpose", self.add("MatMul", share, value), perm=[0, 2, 1, 3])
        joined = self.add("Reshape", told, self.constant(np.array([0, 0, dim])))
        return self._linear(joined, at + self._names.out, dim, dim)

    def _activated(self, x: str) -> str:
        if self._recipe.activation == "relu":
            return self.add("Relu", x)
        return self.add("Gelu", x, approximate="none" if self._recipe.activation == "gelu" else "tanh")

    def _linear(self, x: str, name: str, out: int, into: int) -> str:
        get = self._weights.get
        return self.affine(x, get(f"{name}.weight", out, into), get(f"{name}.bias", out))

    def _norm(self, x: str, name: str) -> str:
        dim = self._recipe.dim
        scale, shift = (
            self.constant(self._weights.get(f"{name}.{part}", dim)) for part in ("weight", "bias")
        )
        return self.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=self._recipe.epsilon)
