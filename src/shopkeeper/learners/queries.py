"""Queries and items read as a shop's customers mean them: an encoder's vectors, projected."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import Encoder
from shopkeeper.learners.contrastive import Projection


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What searches and the clicks after them taught; see `training.searches`.

    Attributes
    ----------
    encoder
        `Encoder.id` of what read queries and items: vectors of no other one are projected.
    projection
        Where their vectors come to lie.
    least
        Cosine below which an item is not found for a query.
    """

    encoder: str
    projection: Projection
    least: float

    @cached_property
    def name(self) -> str:
        """Changes with all of it."""
        matrix = self.projection.matrix.astype("<f4").tobytes()
        return hashlib.blake2b(matrix + f"{self.encoder}/{self.least}".encode(), digest_size=8).hexdigest()


class Adapted:
    """An encoder under an adaptation to it; see `Encoder`."""

    def __init__(self, encoder: Encoder[str], adaptation: Adaptation) -> None:
        self._encoder, self._adaptation = encoder, adaptation

    @property
    def id(self) -> str:
        """See `Encoder.id`."""
        return f"{self._encoder.id}/adapted-{self._adaptation.name}"

    @property
    def dim(self) -> int:
        """See `Encoder.dim`."""
        return self._encoder.dim

    def encode(self, values: Sequence[str]) -> Floats:
        """See `Encoder.encode`."""
        return self._adaptation.projection.of(self._encoder.encode(values))
