"""Histories to vectors by ONNX Runtime: what serves a sequence model, without torch."""

from collections.abc import Callable
from typing import Any

import numpy as np

from shopkeeper.core.types import Floats
from shopkeeper.learners.sequence.inputs import Heard


class Encoder:
    """The network after learning.

    Parameters
    ----------
    model
        What `graph.encoder_graph` built.
    dim
        Width of its vectors.
    """

    def __init__(self, model: bytes, dim: int) -> None:
        self.model = model
        self.dim = dim
        self._run: Callable[..., Any] | None = None

    def __call__(self, items: Floats, heard: Heard) -> Floats:
        """Unit vector of each history, ``(n, dim)``; zero for an empty one.

        Parameters
        ----------
        items
            Unit vectors of all items.
        heard
            The histories.
        """
        out = np.zeros((len(heard.lengths), self.dim), np.float32)
        if self._run is None:
            self._run = _session(self.model).run
        # One by one: nothing is padded, and an answer is the same to the last bit in any batch.
        for row in np.flatnonzero(heard.lengths).tolist():
            part, length = slice(row, row + 1), int(heard.lengths[row])
            feed = {
                "vectors": items[heard.items[part, :length]],
                "kinds": heard.kinds[part, :length],
                "gaps": heard.gaps[part, :length],
                "lengths": heard.lengths[part],
            }
            out[row] = self._run(None, feed)[0][0]
        return out


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # One thread a request: a shop answers many at once, and a history is too little to share out.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
