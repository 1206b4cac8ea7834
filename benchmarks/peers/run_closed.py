"""Closed forms written plainly, as references: popularity, frequency, neighbours, EASE, co-occurrence.

Run in our own environment; nothing of ours is used, so that they check us and cannot share a mistake.
"""

import time
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Final, Generic, TypeVar

import numpy as np
from scipy import linalg, sparse

from benchmarks.peers.harness import Family, Settings, recommend_by_scores, run
from benchmarks.peers.parts import Array, Part

DAY_MS: Final = 86_400_000
FAINT: Final = 1e-3
"""Weight under which an event of a history is not heard."""


T = TypeVar("T")


class Kept(Generic[T]):
    """The costly part of the last fit, for the trials that share it."""

    def __init__(self) -> None:
        self.found: tuple[object, T, float] | None = None

    def get(self, key: object, make: Callable[[], T]) -> tuple[T, float]:
        """The part under this key, and the seconds that having it already saved."""
        if self.found is not None and self.found[0] == key:
            return self.found[1], self.found[2]
        self.found = None
        start = time.perf_counter()
        value = make()
        self.found = key, value, time.perf_counter() - start
        return value, 0.0


class Popularity:
    """Events in the last days before the end of what is learned from; ``days`` None counts all."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings

    def fit(self, part: Part) -> None:
        days = self.settings["days"]
        recent = part.time > part.time.max() - days * DAY_MS if days else np.ones(len(part.time), bool)
        self.counts = np.bincount(part.item[recent], minlength=part.n_items).astype(np.float32)

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        return recommend_by_scores(self, part, k, fresh=fresh)

    def scores(self, part: Part) -> Array:
        return np.tile(self.counts, (len(part), 1))


class Frequency(Popularity):
    """What the person took on most occasions, then what is popular.

    Among equals stands first what was taken ``latest``, what is ``popular`` now, or what is best by both.

    Source: Li, Jullien, Ariannezhad and de Rijke, A next basket recommendation reality check, TOIS 2023
    (GP-TopFreq).
    """

    def fit(self, part: Part) -> None:
        super().fit(part)
        self.span = float(np.ptp(part.time) + 1)

    def scores(self, part: Part) -> Array:
        popular = np.tile(self.counts / (self.counts.max() + 1.0), (len(part), 1)).astype(np.float64)
        latest = np.zeros(popular.shape)
        recency = 1.0 - (part.as_of[part.owner] - part.times) / self.span
        np.maximum.at(latest, (part.owner, part.history), recency)
        occasions = np.unique(np.stack([part.owner, part.history, part.times]), axis=1)
        counts = np.zeros(popular.shape)
        np.add.at(counts, (occasions[0], occasions[1]), 10.0)
        ties = {"latest": 8.0 * latest, "popular": 8.0 * popular, "both": 8.0 * latest + popular}
        return np.where(counts > 0, counts + ties[self.settings["ties"]], popular)


class Neighbours:
    """Cosine of who took the items; the history counts ``decay`` ** (events since).

    Source: Deshpande and Karypis, Item-based top-N recommendation algorithms, TOIS 2004.
    """

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings

    def fit(self, part: Part) -> None:
        matrix = part.people_items("binary")
        length = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1.0))
        unit = matrix @ sparse.diags_array(1.0 / length)
        cosine = (unit.T @ unit).tocsr()
        cosine.setdiag(0.0)
        self.weights = strongest(cosine, self.settings["neighbours"])

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        return recommend_by_scores(self, part, k, fresh=fresh)

    def scores(self, part: Part) -> Array:
        return np.asarray((latest(part, self.settings["decay"]) @ self.weights).toarray())


class Ease:
    """P = (X'X + l I)^-1, B_ij = -P_ij / P_jj, on a history that counts ``decay`` ** (events since).

    Source: Steck, Embarrassingly shallow autoencoders for sparse data, WWW 2019. The inverse does not depend
    on the decay, and is kept between trials.
    """

    kept: Final[Kept[Array]] = Kept()

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings

    def fit(self, part: Part) -> None:
        penalty = self.settings["penalty"]
        key = len(part.item), penalty
        self.weights, self.saved_seconds = self.kept.get(key, lambda: self._weights(part, penalty))

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        return recommend_by_scores(self, part, k, fresh=fresh)

    def scores(self, part: Part) -> Array:
        return np.asarray(latest(part, self.settings["decay"]) @ self.weights)

    @staticmethod
    def _weights(part: Part, penalty: float) -> Array:
        matrix = part.people_items("binary")
        gram = (matrix.T @ matrix).toarray().astype(np.float32)
        gram[np.diag_indices_from(gram)] += penalty
        factor, _ = linalg.lapack.spotrf(gram, lower=1, overwrite_a=1)
        half, _ = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
        inverse = np.tril(half) + np.tril(half, -1).T
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return np.asarray(weights, np.float32)


class Cooccurrence:
    """What follows what, nearer pairs counting more.

        A_ij = sum over people of exp(-(d - 1) / tau), for j at d <= reach events after i
        C    = A + symmetry * A'
        W_ij = C_ij / (rowsum_i ^ alpha * colsum_j ^ beta)
        score_j = sum over the history of decay ^ (events since i) * W_ij

    Source: Linden, Smith and York 2003 and Deshpande and Karypis 2004 with order and distance as in the
    sequential rules of Kamehkhosh, Jannach and Ludewig 2017.
    """

    kept: Final[Kept[sparse.csr_matrix]] = Kept()

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings

    def fit(self, part: Part) -> None:
        s = self.settings
        key = len(part.item), s["reach"], s["tau"]
        counts, self.saved_seconds = self.kept.get(key, lambda: follows(part, s["reach"], s["tau"]))
        counts = (counts + s["symmetry"] * counts.T).tocsr()
        rows = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1e-9) ** -s["alpha"]
        columns = np.maximum(np.asarray(counts.sum(axis=0)).ravel(), 1e-9) ** -s["beta"]
        self.weights = sparse.diags_array(rows) @ counts @ sparse.diags_array(columns)

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        return recommend_by_scores(self, part, k, fresh=fresh)

    def scores(self, part: Part) -> Array:
        weight = np.float32(self.settings["decay"]) ** part.age
        heard = weight >= FAINT
        history = sparse.coo_matrix(
            (weight[heard], (part.owner[heard], part.history[heard])), shape=(len(part), part.n_items)
        )
        return np.asarray((history.tocsr() @ self.weights).toarray())


def follows(part: Part, reach: int, tau: float) -> sparse.csr_matrix:
    """How often and how closely one item follows another."""
    known = part.person >= 0
    person, item = part.person[known], part.item[known]

    def at(distance: int) -> sparse.csr_matrix:
        same = person[distance:] == person[:-distance]
        pairs = item[:-distance][same], item[distance:][same]
        weight = np.full(len(pairs[0]), np.exp(-(distance - 1) / tau), np.float32)
        return sparse.coo_matrix((weight, pairs), shape=(part.n_items, part.n_items)).tocsr()

    return reduce(add, map(at, range(1, reach + 1)))


def latest(part: Part, decay: float) -> sparse.csr_matrix:
    """Histories as a matrix: ``decay`` ** (events since an item was last taken)."""
    weight = np.full((len(part), part.n_items), 0.0, np.float32)
    np.maximum.at(weight, (part.owner, part.history), np.float32(decay) ** part.age)
    return sparse.csr_matrix(weight)


def strongest(matrix: sparse.csr_matrix, n: int) -> sparse.csr_matrix:
    """The ``n`` largest entries of each row."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((-matrix.data, rows))
    rank = np.arange(len(order)) - matrix.indptr[rows]
    kept = order[rank < n]
    return sparse.csr_matrix((matrix.data[kept], (rows[kept], matrix.indices[kept])), shape=matrix.shape)


def _cooccurrence_grid() -> list[Settings]:
    """Draws; what shares the counts stands together."""
    rng = np.random.default_rng(0)
    return [
        {
            "reach": reach,
            "tau": tau,
            "symmetry": float(rng.choice([0.0, 0.3, 0.6, 1.0])),
            "alpha": float(rng.choice([0.15, 0.3, 0.5])),
            "beta": float(rng.choice([0.15, 0.3, 0.5])),
            "decay": float(rng.choice([0.55, 0.7, 0.85, 0.95, 0.99])),
        }
        for reach, tau in ((10, 4.0), (20, 6.0), (50, 8.0), (50, 20.0))
        for _ in range(8)
    ]


FAMILIES: Final = {
    "popularity": Family(Popularity, [{"days": days} for days in (None, 7, 28, 84)]),
    "frequency": Family(
        Frequency,
        [{"ties": ties, "days": days} for ties in ("latest", "popular", "both") for days in (None, 7, 28)],
    ),
    "item-knn": Family(
        Neighbours,
        [
            {"neighbours": neighbours, "decay": decay}
            for neighbours in (100, 1000)
            for decay in (1.0, 0.9, 0.7, 0.5)
        ],
    ),
    "ease-decay": Family(
        Ease,
        [
            {"penalty": penalty, "decay": decay}
            for penalty in (20.0, 100.0, 500.0)
            for decay in (1.0, 0.9, 0.7, 0.5)
        ],
    ),
    "dir-cooc": Family(Cooccurrence, _cooccurrence_grid()),
}

if __name__ == "__main__":
    run(FAMILIES, ["numpy", "scipy"])
