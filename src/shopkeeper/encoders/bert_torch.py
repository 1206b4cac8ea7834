"""An encoder of the BERT family in torch, so that its weights can be learned: the network of `bert_graph`."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from shopkeeper.encoders.bert_graph import names_of
from shopkeeper.encoders.pretrained import Recipe, Weights


class TorchBert:
    """The network of a folder.

    Attributes
    ----------
    weights
        Tensors by the names they have in the folder's file: those of the network, which can be learned.

    Parameters
    ----------
    recipe, arrays
        What the folder says, and its weights.
    device
        Where torch computes, such as ``cuda``.
    """

    def __init__(self, recipe: Recipe, arrays: Weights, device: str) -> None:
        self._recipe, self._names, self._called = recipe, names_of(recipe), arrays.called
        layers = f"{self._names.layer}."
        own = [name for name in arrays.arrays if _of_network(name.removeprefix(arrays.called("")), layers)]
        self.weights = {
            name: torch.tensor(arrays.arrays[name], dtype=torch.float32, device=device).requires_grad_()
            for name in own
        }
        self._device = device

    def vectors(self, texts: list[list[int]]) -> Tensor:
        """Unit vectors, shape ``(len(texts), dim)``, of texts as numbers of their tokens; none is empty."""
        recipe, names = self._recipe, self._names
        length = max(map(len, texts))
        ids = torch.full((len(texts), length), recipe.pad, device=self._device)
        mask = torch.zeros((len(texts), length), device=self._device)
        for row, tokens in enumerate(texts):
            ids[row, : len(tokens)] = torch.tensor(tokens, device=self._device)
            mask[row, : len(tokens)] = 1
        x = self._get("embeddings.word_embeddings.weight")[ids]
        places = self._get("embeddings.position_embeddings.weight")
        x = x + places[recipe.first_place : recipe.first_place + length]
        if recipe.architecture != "distilbert":
            x = x + self._get("embeddings.token_type_embeddings.weight")[0]
        x = self._norm(x, "embeddings.LayerNorm")
        allowed = mask[:, None, None, :] > 0
        for number in range(recipe.layers):
            at = f"{names.layer}.{number}."
            x = self._norm(x + self._attended(x, allowed, at), at + names.norm1)
            inner = self._activated(self._linear(x, at + names.up))
            x = self._norm(x + self._linear(inner, at + names.down), at + names.norm2)
        pooled = x[:, 0] if recipe.pooling == "cls" else (x * mask[:, :, None]).sum(dim=1)
        return functional.normalize(pooled, dim=-1)

    def _attended(self, x: Tensor, allowed: Tensor, at: str) -> Tensor:
        n, length, dim = x.shape
        query, key, value = (
            self._linear(x, at + name).view(n, length, self._recipe.heads, -1).transpose(1, 2)
            for name in self._names.mix
        )
        scores = (query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])).masked_fill(~allowed, -torch.inf)
        told = (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(n, length, dim)
        return self._linear(told, at + self._names.out)

    def _activated(self, x: Tensor) -> Tensor:
        if self._recipe.activation == "relu":
            return functional.relu(x)
        return functional.gelu(x, approximate="none" if self._recipe.activation == "gelu" else "tanh")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._get(f"{name}.weight"), self._get(f"{name}.bias"))

    def _norm(self, x: Tensor, name: str) -> Tensor:
        scale, shift = self._get(f"{name}.weight"), self._get(f"{name}.bias")
        return functional.layer_norm(x, (x.shape[-1],), scale, shift, self._recipe.epsilon)

    def _get(self, name: str) -> Tensor:
        return self.weights[self._called(name)]


def _of_network(name: str, layers: str) -> bool:
    """Whether an array is one the network computes with: no head, no pooling of BERT's own, no buffer."""
    embedded = name.startswith("embeddings.") and name.endswith((".weight", ".bias"))
    return embedded or name.startswith(layers)
