"""What is told of items, such as what an encoder makes of titles, in as few numbers as a model has."""

from typing import Final

import numpy as np

from shopkeeper.core.types import Floats

_LEAST: Final = 1e-12


def squeezed(told: Floats, dim: int, rng: np.random.Generator) -> Floats:
    """Rows from which vectors of items can start to be learned, their entries of about variance 1.

    The rows that say something less their mean, in the ``dim`` directions in which they differ most
    (principal components, unwhitened, so that what means the same stays close); chance where a row says
    nothing, and in the directions that are left where ``told`` has fewer.

    Parameters
    ----------
    told
        Shape ``(n, width)``; a row of zeros says nothing.
    dim
        Numbers of a row.
    rng
        For chance.

    Returns
    -------
    Shape ``(n, dim)``.
    """
    start = rng.standard_normal((len(told), dim)).astype(np.float32)
    speaks = told.any(axis=1)
    rows = told[speaks] - told[speaks].mean(axis=0) if speaks.any() else told[speaks]
    _, directions = np.linalg.eigh(rows.T @ rows)
    main = rows @ directions[:, ::-1][:, :dim]
    spread = np.sqrt(np.mean(main**2)) if main.size else 0.0
    if spread > _LEAST:
        start[speaks, : main.shape[1]] = main / np.float32(spread)
    return start
