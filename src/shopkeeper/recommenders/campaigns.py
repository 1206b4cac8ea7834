"""Campaigns and goods by any recommender, so that a campaign without a history works through its goods.

    score_j = (s_j + sum of s_g over the goods g that j is for) / sum of s over everything

s is what the recommender says: the score is how much of all that the person is expected to take is campaign j
itself, or is what it offers. Which goods those are is told by the catalogue (`campaign_dataset.OFFERED`);
without that this is the recommender itself.
"""

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Evidence, Floats, Ints, Ragged, Recommendations, Requests
from shopkeeper.data.campaign_dataset import OFFERED
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.learners.linear import empty
from shopkeeper.recommenders.base import Explains, Recommender
from shopkeeper.recommenders.bayes import Bayes
from shopkeeper.recommenders.dense import rank
from shopkeeper.recommenders.files import matrix_arrays, matrix_of, read_state, write_state
from shopkeeper.recommenders.registry import RECOMMENDERS


class Campaigns:
    """Campaigns through their goods.

    Parameters
    ----------
    source
        What is asked; what it keeps of people, this keeps.
    """

    name: ClassVar[str] = "campaigns"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True

    def __init__(self, source: Recommender | None = None) -> None:
        self.source: Recommender = source or Bayes()
        self._offered = empty(0)

    def fit(self, dataset: Dataset) -> Self:
        """Learn, and read which goods each campaign is for."""
        self.source.fit(dataset)
        self._offered = _offered(dataset.items)
        return self

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank everything; see `Recommender.recommend`."""
        scores = self._scores(requests)
        return rank(lambda row: scores[row], requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Share of all that is expected; see `Recommender.score`."""
        return self._scores(requests)[candidates.rows, candidates.items]

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """What its likeliest goods are recommended for."""
        if not isinstance(self.source, Explains):
            return tuple(Evidence(self.name) for _ in items)
        said = self._said(request)[0]
        offered = [self._offered[[item]].indices for item in items.tolist()]
        best = [goods[np.argmax(said[goods])] for goods in offered]
        return self.source.explain(request, np.asarray(best, np.int32))

    def save(self, folder: Path) -> None:
        """Write which goods there are, and the source beside; see `Recommender.save`."""
        write_state(folder, {"source": self.source.name}, **matrix_arrays(self._offered))
        self.source.save(folder / self.source.name)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        settings, arrays = read_state(folder)
        model = cls(RECOMMENDERS[settings["source"]].load(folder / settings["source"]))
        model._offered = matrix_of(arrays)
        return model

    def _said(self, requests: Requests) -> Floats:
        """What the source says of everything, requests x items."""
        n, n_items = len(requests), self._offered.shape[0]
        everything = np.tile(np.arange(n_items, dtype=np.int32), n)
        return self.source.score(
            requests, Ragged(np.arange(n + 1, dtype=np.int64) * n_items, everything)
        ).reshape(n, n_items)

    def _scores(self, requests: Requests) -> Floats:
        said = self._said(requests).astype(np.float64)
        whole = said.sum(axis=1, keepdims=True)
        return np.asarray((self._offered @ said.T).T / np.where(whole > 0, whole, 1.0), np.float32)


def _offered(items: ItemIndex) -> sparse.csr_array:
    """Ones where the item of the row is, or is for, that of the column."""
    n = len(items)
    own = sparse.eye_array(n, dtype=np.float32, format="csr")
    if OFFERED not in items.table.columns:
        return own
    told = items.table.select(OFFERED).with_row_index("row").explode(OFFERED).drop_nulls()
    cells = told["row"].to_numpy(), items.encode(told[OFFERED].to_list())
    goods = sparse.csr_array((np.ones(len(told), np.float32), cells), shape=(n, n))
    return sparse.csr_array(own + goods)
