"""The contract every encoder keeps."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from shopkeeper.core.types import Floats

Value = TypeVar("Value", contravariant=True)


@runtime_checkable
class Encoder(Protocol[Value]):
    """Turns values into vectors whose cosine says how alike they are.

    Vectors of encoders with different ids must not be compared.
    """

    @property
    def id(self) -> str:
        """Name of the model, its version and what is done to values before it reads them."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, values: Sequence[Value]) -> Floats:
        """Vectors of values, shape ``(n, dim)``: unit rows, and zeros for a value that says nothing."""
        ...


def unit(vectors: Floats) -> Floats:
    """The same rows with length 1; rows of zeros, and rows that are not finite, become zeros."""
    rows = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, np.float32(0.0))
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), np.float32)
