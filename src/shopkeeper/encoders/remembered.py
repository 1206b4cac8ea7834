"""An encoder that reads each value once."""

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

import numpy as np

from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import Encoder

Value = TypeVar("Value", bound=Hashable)


class Remembered(Generic[Value]):
    """Another encoder, whose vectors are kept for as long as this object.

    Parameters
    ----------
    encoder
        What reads values that are new.
    """

    def __init__(self, encoder: Encoder[Value]) -> None:
        self._encoder = encoder
        self._known: dict[Value, Floats] = {}

    @property
    def id(self) -> str:
        """See `Encoder.id`."""
        return self._encoder.id

    @property
    def dim(self) -> int:
        """See `Encoder.dim`."""
        return self._encoder.dim

    def encode(self, values: Sequence[Value]) -> Floats:
        """See `Encoder.encode`."""
        new = [value for value in dict.fromkeys(values) if value not in self._known]
        if new:
            self._known |= dict(zip(new, self._encoder.encode(new), strict=True))
        return np.array([self._known[value] for value in values], np.float32).reshape(-1, self.dim)
