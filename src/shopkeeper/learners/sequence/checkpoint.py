"""A training that was stopped in the middle, on disk: arrays, and what they belong to. Never pickle."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_NAME: Final = "checkpoint.npz"
_FINGERPRINT: Final = "fingerprint"


def write_checkpoint(folder: Path, fingerprint: str, state: dict[str, NDArray[Any]]) -> None:
    """Replace the checkpoint in a folder; one that is there stays whole until the new one is."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"unfinished-{_NAME}"
    with unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, **{_FINGERPRINT: np.array(fingerprint), **state})
    unfinished.replace(folder / _NAME)


def read_checkpoint(folder: Path, fingerprint: str) -> dict[str, NDArray[Any]] | None:
    """The checkpoint in a folder; None where there is none, or it belongs to another training."""
    path = folder / _NAME
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        state = {name: arrays[name] for name in arrays.files}
    return state if str(state.pop(_FINGERPRINT)) == fingerprint else None


def clear_checkpoint(folder: Path) -> None:
    """Leave none behind a training that is done."""
    (folder / _NAME).unlink(missing_ok=True)
