import numpy as np

from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.remembered import Remembered


class Lengths:
    """Counts what it is asked."""

    id = "lengths"
    dim = 1

    def __init__(self):
        self.asked = []

    def encode(self, values):
        self.asked += values
        return np.array([[len(value)] for value in values], np.float32)


def test_each_value_is_read_once():
    inner = Lengths()
    encoder = Remembered(inner)
    assert isinstance(encoder, Encoder)
    assert (encoder.id, encoder.dim) == ("lengths", 1)
    assert encoder.encode(["a", "bb", "a"]).tolist() == [[1], [2], [1]]
    assert encoder.encode(["bb", "ccc"]).tolist() == [[2], [3]]
    assert encoder.encode([]).shape == (0, 1)
    assert inner.asked == ["a", "bb", "ccc"]
