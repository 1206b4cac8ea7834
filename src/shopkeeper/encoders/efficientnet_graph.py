"""EfficientNet-Lite0 as an ONNX graph: from pixels to pooled features.

Tan and Le 2019 (arXiv:1905.11946), without squeeze and excitation, and with all activations cut off at 6.
Normalisation by batch is folded into the convolutions.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.encoders.graph import Graph

SIDE: Final = 224
"""Pixels a side."""
_EPSILON: Final = 1e-3
_STRIDES: Final = {1: 2, 3: 2, 5: 2, 11: 2}
"""Blocks that halve the picture; their place in the list of 16."""
_BLOCKS: Final = 16
Arrays = dict[str, NDArray[Any]]


def efficientnet_graph(weights: Arrays) -> bytes:
    """An ONNX model that takes ``pixels`` (n, 3, 224, 224) and gives ``features`` (n, 1280).

    Parameters
    ----------
    weights
        By the names they have in ``efficientnet-lite0-57934424.pth``.
    """
    graph = _EfficientNet(weights)
    x = graph.active(graph.convolved("pixels", "_conv_stem", "_bn0", stride=2))
    for number in range(_BLOCKS):
        x = graph.block(x, f"_blocks.{number}.", _STRIDES.get(number, 1))
    x = graph.active(graph.convolved(x, "_conv_head", "_bn1"))
    graph.add("Flatten", graph.add("GlobalAveragePool", x), output="features")
    return graph.model("efficientnet", {"pixels": ("FLOAT", ["n", 3, SIDE, SIDE])}, ("features", ["n", 1280]))


class _EfficientNet(Graph):
    def __init__(self, weights: Arrays) -> None:
        super().__init__("encoders")
        self._weights = weights

    def block(self, x: str, at: str, stride: int) -> str:
        """Widen, look around in each channel, narrow; what came in is added where it fits."""
        wide = x
        if f"{at}_expand_conv.weight" in self._weights:
            wide = self.active(self.convolved(x, f"{at}_expand_conv", f"{at}_bn0"))
        seen = self.active(self.convolved(wide, f"{at}_depthwise_conv", f"{at}_bn1", stride))
        out = self.convolved(seen, f"{at}_project_conv", f"{at}_bn2")
        expand, project = (f"{at}_{part}_conv.weight" for part in ("expand", "project"))
        into = self._weights[expand].shape[1] if expand in self._weights else -1
        return self.add("Add", x, out) if stride == 1 and into == len(self._weights[project]) else out

    def convolved(self, x: str, name: str, norm: str, stride: int = 1) -> str:
        """A convolution and the norm after it; padded as TensorFlow does, at the end first."""
        weight = self._weights[f"{name}.weight"]
        scale = self._weights[f"{norm}.weight"] / np.sqrt(self._weights[f"{norm}.running_var"] + _EPSILON)
        shift = self._weights[f"{norm}.bias"] - self._weights[f"{norm}.running_mean"] * scale
        groups = len(weight) if name.endswith("_depthwise_conv") else 1
        return self.add(
            "Conv",
            x,
            self.constant((weight * scale[:, None, None, None]).astype(np.float32)),
            self.constant(shift.astype(np.float32)),
            strides=[stride, stride],
            group=groups,
            auto_pad="SAME_UPPER",
        )

    def active(self, x: str) -> str:
        """Cut off below 0 and above 6."""
        return self.add("Clip", x, self.constant(np.float32(0)), self.constant(np.float32(6)))
