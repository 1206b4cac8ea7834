"""Arrays out of a ``.pth`` file in torch's older form, without torch, and without running anything it names.

The file is a sequence of pickles: a magic number, a version, facts about the machine, the tensors (each a
view of a numbered store) and the numbers of the stores; after them lie the stores themselves, each with its
length in front.
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.errors import UnreadableModel

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_TYPES: Final = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
_Store = tuple[str, np.dtype[Any]]
_View = tuple[_Store, int, tuple[int, ...], tuple[int, ...]]


def read_torch_file(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a state dictionary by name.

    Raises
    ------
    UnreadableModel
        The file is damaged, of another form, or names anything but plain tensors.
    """
    try:
        with path.open("rb") as file:
            magic, _, _, views, keys = (_Plain(file).load() for _ in range(5))
            if magic != _MAGIC:
                raise ValueError("its first number is not torch's")
            types = dict(store for store, *_ in views.values())
            stores = {key: _store(file, types[key]) for key in keys}
        return {name: _array(stores[store[0]], *view) for name, (store, *view) in views.items()}
    # A damaged pickle may fail in any of these ways.
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
    ) as error:
        raise UnreadableModel(f"{path} is not a file of tensors that can be read: {error}.") from None


class _Plain(pickle.Unpickler):
    """Knows how tensors are put together and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _view
        if module == "torch" and name in _TYPES:
            return _TYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, told: Any) -> _Store:
        _, dtype, key, *_ = told
        return key, dtype


def _view(store: _Store, start: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _View:
    return store, start, shape, strides


def _store(file: IO[bytes], dtype: np.dtype[Any]) -> NDArray[Any]:
    size = int.from_bytes(file.read(8), "little") * dtype.itemsize
    return np.frombuffer(file.read(size), dtype)


def _array(store: NDArray[Any], start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> NDArray[Any]:
    """A view of a store, which NumPy keeps within it."""
    size = store.itemsize
    steps = [stride * size for stride in strides]
    return np.ndarray(shape, store.dtype, store.data, start * size, steps)
