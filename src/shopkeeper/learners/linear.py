"""Ridge regression from what people did to what they take: one sparse table of weights between items.

With X (people x items) the past and G = X^T X + lambda I,

    EASE     B = I - P diag(1 / P_jj),          P = G^-1            (Steck 2019, diag B = 0)
    ordered  B = P (C - diag(mu)),              mu_j = (P C)_jj / P_jj, so that diag B = 0

where C_ij says how often, and how soon, j came after i. The second is EASE's own solution with X^T X on the
right side replaced by C (a past-to-future ridge as in SLIST; Choi, Kim, Lee, Shim and Lee 2021), and with
C = X^T X it is the first again. lambda is told relative to the mean diagonal of X^T X.

The same B comes in three ways; `choose_form` takes the cheapest that is exact and fits, else the last.

primal
    P by Cholesky of the items x items matrix, in place. O(items^3) time, items^2 numbers.
dual
    P = (I - X^T K^-1 X) / lambda with K = X X^T + lambda I (Woodbury), exact as well.
    O(people^2 items) time, people x items numbers.
local
    Each column of B from the few items that speak for it most: the strongest of C_:j, and a small system of
    their own (Ning and Karypis 2011, fsSLIM). O(items) time and memory; exact where the few are all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from shopkeeper.core.types import Floats, Longs

PRIMAL: Final = "primal"
DUAL: Final = "dual"
LOCAL: Final = "local"

_BLOCK: Final = 512
"""Rows of B made at once."""
_SMALLEST: Final = 8
"""Size of the smallest systems; the next are twice as large each."""
_SYSTEMS: Final = 1 << 22
"""Numbers in the small systems solved at once."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What B is solved from.

    Attributes
    ----------
    past
        X, float32: people x items.
    following
        C, float32: items x items, nothing on the diagonal; None asks for EASE.
    ridge
        lambda relative to the mean diagonal of X^T X.
    keep
        Most entries kept of each row of B, the largest in size.
    """

    past: sparse.csr_array
    following: sparse.csr_array | None
    ridge: float
    keep: int

    @property
    def strength(self) -> np.float32:
        """What is added to the diagonal of X^T X."""
        squares = float((self.past.data.astype(np.float64) ** 2).sum())
        return np.float32(self.ridge * max(squares / max(self.past.shape[1], 1), 1e-12))


@dataclass(frozen=True, slots=True)
class Form:
    """How B is to be found.

    Attributes
    ----------
    name
        `PRIMAL`, `DUAL` or `LOCAL`.
    seconds, megabytes
        What it should cost on two cores, about.
    """

    name: str
    seconds: float
    megabytes: float


def forms(people: int, items: int, entries: int, candidates: int) -> tuple[Form, ...]:
    """What each form costs, from measurements; exact ones first.

    Parameters
    ----------
    people, items
        Rows and columns of X.
    entries
        Entries of X.
    candidates
        Items that may speak for one in the local form.
    """
    n, m = float(items), float(people)
    return (
        Form(PRIMAL, 2.0 + 1.5e-11 * n**3 + 1.2e-7 * n**2, 50 + (4 * n**2 + 12 * n * _BLOCK) / 1e6),
        Form(
            DUAL,
            2.0 + 1.5e-11 * (m**3 + 2 * m**2 * n) + 1e-9 * entries * n,
            50 + (4 * m**2 + 8 * m * n + 12 * n * _BLOCK) / 1e6,
        ),
        Form(LOCAL, 1.0 + n * (2e-5 + 8e-8 * candidates**2), 200 + n * 4e-3),
    )


def choose_form(
    people: int, items: int, entries: int, candidates: int, seconds: float, megabytes: float
) -> Form:
    """The cheaper exact form where one keeps within ``seconds`` and ``megabytes``, else the local one."""
    *exact, local = forms(people, items, entries, candidates)
    fit = [form for form in exact if form.seconds <= seconds and form.megabytes <= megabytes]
    return min(fit, key=lambda form: form.seconds) if fit else local


def solve(problem: Problem, form: str, candidates: int) -> sparse.csr_array:
    """B by a form, items x items, float32, the ``keep`` largest entries of each row."""
    if not problem.past.nnz:
        return empty(problem.past.shape[1])
    if form == LOCAL:
        return strongest(_local(problem, candidates), problem.keep)
    rows = _primal(problem) if form == PRIMAL else _dual(problem)
    return stacked([_largest(block, problem.keep) for block in rows], problem.past.shape[1])


def strongest(matrix: sparse.csr_array, n: int) -> sparse.csr_array:
    """The ``n`` entries of each row that are largest in size, columns rising."""
    size = np.abs(matrix.data)
    keep = np.ones(len(size), bool)
    for row in np.flatnonzero(np.diff(matrix.indptr) > n).tolist():
        low, high = matrix.indptr[row], matrix.indptr[row + 1]
        keep[low + np.argpartition(-size[low:high], n)[n:]] = False
    indptr = np.append(0, np.cumsum(keep))[matrix.indptr]
    kept = sparse.csr_array((matrix.data[keep], matrix.indices[keep], indptr), shape=matrix.shape)
    kept.sort_indices()
    return kept


def stacked(parts: Sequence[sparse.csr_array], n: int) -> sparse.csr_array:
    """Rows over ``n`` columns, one part below the other."""
    return sparse.csr_array(sparse.vstack([empty(0, n), *parts], format="csr"))


def empty(rows: int, columns: int | None = None) -> sparse.csr_array:
    """Nothing, of this shape; square unless told otherwise."""
    indptr = np.zeros(rows + 1, np.int32)
    shape = (rows, rows if columns is None else columns)
    return sparse.csr_array((np.empty(0, np.float32), np.empty(0, np.int32), indptr), shape=shape)


def _primal(problem: Problem) -> Iterator[Floats]:
    """Rows of B, `_BLOCK` at a time, from the inverse of the items x items matrix."""
    inverse = _inverse(_gram(sparse.csr_array(problem.past.T), problem.strength))
    diagonal, following = inverse.diagonal().copy(), problem.following
    if following is None:
        for low, high in _blocks(len(inverse)):
            yield _hollow(inverse[:, low:high].T / -diagonal, low)
        return
    # (P C)_jj is the sum over i of P_ij C_ij, since P is symmetric.
    entries = following.tocoo()
    own = np.bincount(entries.col, inverse[entries.row, entries.col] * entries.data, len(inverse))
    mu, back = (own / diagonal).astype(np.float32), sparse.csr_array(following.T)
    for low, high in _blocks(len(inverse)):
        columns = np.ascontiguousarray(inverse[:, low:high])
        yield _hollow((back @ columns - columns * mu[:, None]).T, low)


def _dual(problem: Problem) -> Iterator[Floats]:
    """The same from the inverse of the people x people matrix."""
    past, strength, following = problem.past, problem.strength, problem.following
    back = sparse.csr_array(past.T)
    solved = _inverse(_gram(past, strength)) @ past.toarray()
    people, items = past.tocoo().coords
    # diag P = (1 - x_j^T K^-1 x_j) / lambda
    diagonal = 1.0 - np.bincount(items, past.data * solved[people, items], past.shape[1])
    if following is None:
        solved /= diagonal.astype(np.float32)
        for low, high in _blocks(len(diagonal)):
            yield _hollow(back[low:high] @ solved, low)
        return
    # lambda P C = C - X^T (K^-1 X C), and C has no diagonal.
    reached = np.ascontiguousarray((following.T @ solved.T).T)
    mu = -np.bincount(items, past.data * reached[people, items], past.shape[1]) / diagonal
    reached -= solved * mu.astype(np.float32)
    for low, high in _blocks(len(diagonal)):
        yield _hollow((following[low:high].toarray() - back[low:high] @ reached) / strength, low)


def _local(problem: Problem, candidates: int) -> sparse.csr_array:
    """B column by column, systems of about the same size together."""
    gram = sparse.csr_array(problem.past.T @ problem.past)
    gram.sort_indices()
    sought = gram.copy() if problem.following is None else sparse.csr_array(problem.following.T)
    if problem.following is None:
        sought.setdiag(0.0)
        sought.eliminate_zeros()
    near = strongest(sought, candidates)
    lengths = np.diff(near.indptr)
    width, smaller = min(_SMALLEST, candidates), 0
    while smaller < candidates:
        columns = np.flatnonzero((lengths > smaller) & (lengths <= width))
        step = max(1, _SYSTEMS // width**2)
        for low in range(0, len(columns), step):
            _solve_columns(gram, near, columns[low : low + step], width, problem.strength)
        smaller, width = width, min(2 * width, candidates)
    return sparse.csr_array(near.T)


def _solve_columns(
    gram: sparse.csr_array, near: sparse.csr_array, columns: Longs, width: int, strength: np.float32
) -> None:
    """Put the weights of these columns of B in place of what was sought, in ``near``."""
    starts, lengths = near.indptr[columns, None], np.diff(near.indptr)[columns, None]
    used = np.arange(width) < lengths
    places = np.where(used, starts + np.arange(width), starts)
    items = near.indices[places]
    cells = np.repeat(items, width, axis=1).ravel(), np.tile(items, width).ravel()
    system = np.asarray(gram[cells], np.float32).reshape(len(columns), width, width)
    system *= used[:, :, None] & used[:, None, :]
    system[:, np.arange(width), np.arange(width)] += np.where(used, strength, np.float32(1.0))
    right = np.where(used, near.data[places], np.float32(0.0))
    near.data[places[used]] = np.linalg.solve(system, right[:, :, None])[:, :, 0][used]


def _gram(rows: sparse.csr_array, strength: np.float32) -> NDArray[np.float32]:
    """M M^T + lambda I, dense, in the order LAPACK works in place on."""
    n, back = rows.shape[0], sparse.csr_array(rows.T)
    out = np.empty((n, n), np.float32, order="F")
    for low, high in _blocks(n):
        out[:, low:high] = (rows[low:high] @ back).T.toarray()
    out[np.arange(n), np.arange(n)] += strength
    return out


def _inverse(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Inverse of a symmetric positive definite matrix, in its own memory."""
    factor, failed = linalg.lapack.spotrf(matrix, lower=1, clean=0, overwrite_a=1)
    inverse, lost = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or lost:
        raise np.linalg.LinAlgError("The matrix is not positive definite.")
    # LAPACK fills the lower half.
    for low, high in _blocks(len(inverse)):
        corner = np.tril(inverse[low:high, low:high])
        inverse[low:high, low:high] = corner + np.tril(corner, -1).T
        inverse[low:high, high:] = inverse[high:, low:high].T
    return np.asarray(inverse)


def _hollow(block: NDArray[Any], low: int) -> Floats:
    """Rows of B from ``low`` on, with nothing on the diagonal of the whole."""
    out = np.ascontiguousarray(block, np.float32)
    out[np.arange(len(out)), low + np.arange(len(out))] = 0.0
    return out


def _largest(block: Floats, n: int) -> sparse.csr_array:
    """The ``n`` entries of each row that are largest in size."""
    if block.shape[1] <= n:
        return sparse.csr_array(block)
    columns = np.sort(np.argpartition(-np.abs(block), n, axis=1)[:, :n], axis=1)
    indptr = np.arange(len(block) + 1) * n
    values = np.take_along_axis(block, columns, axis=1).ravel()
    return sparse.csr_array((values, columns.ravel().astype(np.int32), indptr), shape=block.shape)


def _blocks(n: int) -> Iterator[tuple[int, int]]:
    return ((low, min(low + _BLOCK, n)) for low in range(0, n, _BLOCK))
