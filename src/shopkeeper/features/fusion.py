"""One vector an item: all that is told of it, in as many numbers as a neighbour search can bear.

Fields side by side (`fields.Joined`) hold thousands of columns, nearly all of them empty. Turned into their
main directions (latent semantic analysis, Deerwester et al. 1990; found by the randomized method of Halko,
Martinsson and Tropp 2011 on a sample of items), their products stay about what they were.
"""

from typing import Final

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import unit
from shopkeeper.features.fields import Joined

DIM: Final = 128
"""Numbers of a vector."""
_SAMPLE: Final = 10_000
"""Items by which directions are found."""
_ROUNDS: Final = 3


def item_vectors(items: Joined, dim: int = DIM, seed: int = 0) -> Floats:
    """One vector an item, ``(n_items, at most dim)``: unit rows, zeros for an item of which nothing is known.

    Parameters
    ----------
    items
        Fields under their weights; what is missing of an item is left to the others there.
    dim
        Most numbers of a vector.
    seed
        Of the sample and of the first directions.
    """
    words = narrow(items.sparse, dim, seed)
    return unit(narrow(np.hstack([words, items.dense]), dim, seed))


def narrow(rows: sparse.csr_array | Floats, dim: int, seed: int = 0) -> Floats:
    """Rows along their main directions, the strongest first; as they are where they are no wider."""
    width = rows.shape[1]
    if width <= dim:
        return np.asarray(rows.toarray() if sparse.issparse(rows) else rows, np.float32)
    rng = np.random.default_rng(seed)
    sample = rows[np.sort(rng.permutation(rows.shape[0])[:_SAMPLE])]
    start = rng.standard_normal((width, dim + dim // 8), dtype=np.float32)
    basis = np.linalg.qr(np.asarray(sample.T @ (sample @ start)))[0]
    for _ in range(_ROUNDS - 1):
        basis = np.linalg.qr(np.asarray(sample.T @ (sample @ basis)))[0]
    _, _, right = np.linalg.svd(np.asarray(sample @ basis), full_matrices=False)
    return np.asarray(rows @ (basis @ right[:dim].T).astype(np.float32), np.float32)
