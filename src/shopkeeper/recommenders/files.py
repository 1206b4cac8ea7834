"""Arrays and JSON in a folder: how every recommender is kept. Never pickle."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def write_state(folder: Path, settings: dict[str, Any], **arrays: NDArray[Any]) -> None:
    """Write settings and arrays of a recommender into an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings, indent=1, sort_keys=True), encoding="utf-8")
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)


def read_state(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `write_state` wrote."""
    settings: dict[str, Any] = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        return settings, {name: arrays[name] for name in arrays.files}


def matrix_arrays(matrix: sparse.csr_array) -> dict[str, NDArray[Any]]:
    """Name the parts of a sparse matrix for `write_state`."""
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}


def matrix_of(arrays: dict[str, NDArray[Any]], columns: int | None = None) -> sparse.csr_array:
    """Put together what `matrix_arrays` took apart; square unless the columns are told."""
    n = len(arrays["indptr"]) - 1
    shape = (n, n if columns is None else columns)
    return sparse.csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
