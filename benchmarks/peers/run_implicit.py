"""implicit: ALS, BPR and item-item neighbours (https://github.com/benfred/implicit, Frederickson).

Run inside its environment: ``python -m benchmarks.peers.run_implicit MODEL SPLIT OUT``. Each grid begins with
the library's defaults. ALS folds the history of a request in (``recalculate_user``) and the item-item models
read it as it is. BPR cannot fold in: a person is who they were in training, or the mean of the items of the
history, whichever is better on the tuning part; a stranger is always the latter.
"""

from typing import Any, Final

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy import sparse

from benchmarks.peers.harness import Family, Settings, run
from benchmarks.peers.parts import Array, Part

NEIGHBOURS: Final = {"cosine": CosineRecommender, "tfidf": TFIDFRecommender, "bm25": BM25Recommender}


class Als:
    """Alternating least squares (Hu, Koren and Volinsky 2008)."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        options = {name: value for name, value in settings.items() if name != "weighting"}
        self.model = AlternatingLeastSquares(random_state=seed, **options)

    def fit(self, part: Part) -> None:
        self.model.fit(part.people_items(self.settings["weighting"]), show_progress=False)

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        return recommend(self.model, self._history(part), k, fresh, recalculate_user=True)

    def scores(self, part: Part) -> Array:
        people = self.model.recalculate_user(np.arange(len(part)), self._history(part))
        return np.asarray(people @ self.model.item_factors.T)

    def _history(self, part: Part) -> sparse.csr_matrix:
        return part.request_items(self.settings["weighting"])


class Bpr:
    """Bayesian personalised ranking (Rendle et al. 2009)."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        options = {name: value for name, value in settings.items() if name != "person"}
        self.model = BayesianPersonalizedRanking(random_state=seed, **options)

    def fit(self, part: Part) -> None:
        self.model.fit(part.people_items("binary"), show_progress=False)

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        known = self.model.user_factors
        self.model.user_factors = self._people(part)
        try:
            return recommend(self.model, part.request_items("binary"), k, fresh)
        finally:
            self.model.user_factors = known

    def scores(self, part: Part) -> Array:
        return np.asarray(self._people(part) @ self.model.item_factors.T)

    def _people(self, part: Part) -> Array:
        history = part.request_items("binary")
        lengths = np.maximum(history.sum(axis=1), 1.0)
        people = np.asarray(history @ self.model.item_factors / lengths, np.float32)
        if self.settings["person"] == "trained":
            known = part.asked >= 0
            people[known] = self.model.user_factors[part.asked[known]]
        return people


class Neighbours:
    """Item-item neighbours (Sarwar et al. 2001) under one of the library's weightings."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.model = NEIGHBOURS[settings["similarity"]](K=settings["K"])

    def fit(self, part: Part) -> None:
        self.model.fit(part.people_items(self.settings["weighting"]), show_progress=False)

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        return recommend(self.model, self._history(part), k, fresh)

    def scores(self, part: Part) -> Array:
        return np.asarray((self._history(part) @ self.model.similarity).toarray())

    def _history(self, part: Part) -> sparse.csr_matrix:
        return part.request_items(self.settings["weighting"])


def recommend(model: Any, history: sparse.csr_matrix, k: int, fresh: bool, **options: bool) -> Array:
    """The library's own answer to all requests at once."""
    rows = np.arange(history.shape[0])
    items, scores = model.recommend(rows, history, N=k, filter_already_liked_items=fresh, **options)
    # Places that could not be filled hold any item with the lowest score there is.
    return np.where(scores > np.finfo(np.float32).min, items, -1)


FAMILIES: Final = {
    "als": Family(
        Als,
        [
            {"weighting": weighting, "factors": factors, "regularization": regularization, "alpha": alpha}
            for weighting, factors, regularization, alpha in (
                ("counts", 100, 0.01, 1.0),
                ("counts", 50, 1.0, 1.0),
                ("log", 100, 0.01, 1.0),
                ("log", 100, 0.01, 10.0),
                ("log", 100, 0.01, 40.0),
                ("log", 100, 1.0, 10.0),
                ("log", 200, 1.0, 10.0),
            )
        ],
    ),
    "bpr": Family(
        Bpr,
        [
            {"person": person, "factors": 100, "learning_rate": rate, "iterations": iterations}
            for person, rate, iterations in (
                ("trained", 0.01, 100),
                ("trained", 0.05, 100),
                ("trained", 0.05, 300),
                ("mean of the history", 0.05, 100),
            )
        ],
    ),
    "item-item": Family(
        Neighbours,
        [
            {"similarity": similarity, "weighting": weighting, "K": neighbours}
            for similarity in NEIGHBOURS
            for weighting in ("counts", "log", "binary")
            for neighbours in (20, 200)
        ],
    ),
}

if __name__ == "__main__":
    run(FAMILIES, ["implicit", "numpy", "scipy"])
