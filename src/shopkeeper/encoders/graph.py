"""ONNX graphs written out by hand from arrays: no tracer, nothing but what is needed.

See docs/decisions/024 for why.
"""

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.errors import MissingDependency

_OPSET: Final = 20
_IR: Final = 10
_DIGEST: Final = 32


def onnx_or_fail(extra: str) -> Any:
    """The module onnx.

    Parameters
    ----------
    extra
        Of this package, which brings it.

    Raises
    ------
    MissingDependency
        It is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingDependency(
            "Writing this model for ONNX Runtime needs onnx.", hint=f'pip install "shopkeeper[{extra}]"'
        ) from None
    return onnx


class Graph:
    """Grows an ONNX graph node by node; a value is its name.

    Parameters
    ----------
    extra
        See `onnx_or_fail`.
    """

    def __init__(self, extra: str) -> None:
        self._onnx = onnx_or_fail(extra)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(
        self, kind: str, *inputs: str, output: str = "", **settings: int | float | str | list[int]
    ) -> str:
        """A node with one output."""
        output = output or f"v{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [output], **settings))
        return output

    def split(self, x: str, parts: int) -> list[str]:
        """Equal parts along the last axis."""
        names = [f"v{len(self._nodes)}.{part}" for part in range(parts)]
        node = self._onnx.helper.make_node("Split", [x], names, axis=-1, num_outputs=parts)
        self._nodes.append(node)
        return names

    def constant(self, value: NDArray[Any] | np.generic) -> str:
        """An array that is part of the model."""
        name = f"c{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.asarray(value), name))
        return name

    def affine(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """``x @ weight.T + bias``."""
        product = self.add("MatMul", x, self.constant(np.ascontiguousarray(weight.T)))
        return self.add("Add", product, self.constant(bias))

    def heads(self, x: str, heads: int, dim: int) -> str:
        """From (n, length, dim) to (n, heads, length, dim / heads)."""
        shape = self.constant(np.array([0, 0, heads, dim // heads]))
        return self.add("Transpose", self.add("Reshape", x, shape), perm=[0, 2, 1, 3])

    def wider(self, x: str, *axes: int) -> str:
        """The same with axes of length 1 put in."""
        return self.add("Unsqueeze", x, self.constant(np.array(axes)))

    def model(
        self, name: str, inputs: dict[str, tuple[str, list[str | int]]], output: tuple[str, list[str | int]]
    ) -> bytes:
        """The finished model, checked.

        Parameters
        ----------
        name
            Of the graph.
        inputs
            Type (as ONNX spells it, ``FLOAT``) and shape of each.
        output
            Name of the value that comes out, in floats, and its shape.
        """
        helper, tensor = self._onnx.helper, self._onnx.TensorProto
        taken = [
            helper.make_tensor_value_info(key, getattr(tensor, kind), shape)
            for key, (kind, shape) in inputs.items()
        ]
        given = [helper.make_tensor_value_info(output[0], tensor.FLOAT, output[1])]
        graph = helper.make_graph(self._nodes, name, taken, given, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        self._onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def quantised(
    model: bytes, kinds: tuple[str, ...] = ("MatMul",), scale: Literal["matrix", "column"] = "matrix"
) -> bytes:
    """The same graph with its matrices in whole numbers of 8 bits, and what meets them rounded as it comes.

    A quarter of the size. See docs/decisions/024 for what it costs and gains.

    Parameters
    ----------
    model
        A graph made by `Graph`.
    kinds
        Of nodes whose constants are rounded.
    scale
        What shares a unit: where columns differ in size, as where query, key and value share a matrix, each
        should have its own.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole_model = onnx.load_from_string(model)
    # A graph written by hand needs no preparing; without this mark the library logs that it may.
    onnx.helper.set_model_props(whole_model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    with TemporaryDirectory() as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        onnx.save(whole_model, whole)
        quantize_dynamic(
            whole,
            small,
            weight_type=QuantType.QInt8,
            per_channel=scale == "column",
            op_types_to_quantize=list(kinds),
            # Processors without instructions for whole numbers add products in 16 bits, which run over
            # unless weights keep to 7.
            reduce_range=True,
        )
        return small.read_bytes()


def open_session(model: bytes, threads: int) -> Any:
    """A model ready to run on so many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Its norm with the sum before it takes twice as long as the two alone.
    fused = ["SkipLayerNormFusion"]
    return onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"], disabled_optimizers=fused
    )


def keep(path: Path, model: bytes) -> None:
    """Write a model behind its digest; others find it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{os.getpid()}")
    own.write_bytes(_digest(model) + model)
    own.replace(path)


def read_kept(path: Path) -> bytes | None:
    """What `keep` wrote; None where there is nothing, or it is damaged."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    digest, model = content[:_DIGEST], content[_DIGEST:]
    return model if digest == _digest(model) else None


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST).digest()
