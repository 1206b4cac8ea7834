"""What a person took most often: the baseline that repeats have to beat.

    score_j = occasions of j + last time of j as a fraction of now

Known in basket studies as personal top-frequency (Li, Jullien, Ariannezhad and de Rijke 2023, "A next basket
recommendation reality check"); the fraction breaks ties by recency.
"""

from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from shopkeeper.core.types import DAY_MS, Evidence, Floats, Ints, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.recommenders.files import write_state
from shopkeeper.recommenders.select import at, top_k

_YEARS = np.float64(100 * 365 * DAY_MS)


class Frequency:
    """The person's own most frequent items, recent ones first among equals."""

    name: ClassVar[str] = "frequency"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = False

    def fit(self, dataset: Dataset) -> Self:
        """Nothing is learned."""
        return self

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """Rank what the person knows; see `Recommender.recommend`."""
        return top_k(requests.histories.known, self._counts(requests), requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score each candidate; see `Recommender.score`."""
        return at(requests.histories.known, self._counts(requests), candidates)

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """The item itself and how often it was taken."""
        counts = self.score(request, Ragged.of([items])).astype(int)
        return tuple(
            Evidence(self.name, (int(item),), (("count", float(count)),)) if count else Evidence(self.name)
            for item, count in zip(items, counts, strict=True)
        )

    def save(self, folder: Path) -> None:
        """Write an empty state; see `Recommender.save`."""
        write_state(folder, {})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls()

    def _counts(self, requests: Requests) -> Floats:
        histories = requests.histories
        now = np.repeat(requests.as_of, np.diff(histories.summary_offsets))
        recency = 0.999 * np.clip(1.0 - (now - histories.summary_last) / _YEARS, 0.0, 1.0)
        return (histories.summary_counts + recency).astype(np.float32)
