"""Two small, real recommenders and small files to evaluate them on."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Floats, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import PERSON, Dataset, build_dataset
from shopkeeper.recommenders.select import top_k


class Popularity:
    """Every item by its number of events in training."""

    name: ClassVar[str] = "popularity"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True

    def __init__(self) -> None:
        self.counts = np.empty(0, np.float32)
        self.asked: list[int] = []

    def fit(self, dataset: Dataset) -> Self:
        self.counts = dataset.popularity.astype(np.float32)
        return self

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        self.asked.append(len(requests))
        everything = Ragged.of([list(range(len(self.counts)))] * len(requests))
        return top_k(everything, self.score(requests, everything), requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        return self.counts[candidates.items]

    def save(self, folder: Path) -> None:
        np.save(folder / "counts.npy", self.counts)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model.counts = np.load(folder / "counts.npy")
        return model


class Frequency(Popularity):
    """Only what the person had, by how often."""

    name: ClassVar[str] = "frequency"
    supports_cold_people: ClassVar[bool] = False

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        past = requests.histories
        bounds = pairwise(past.summary_offsets.tolist())
        counts = [
            dict(zip(past.summary_items[low:high], past.summary_counts[low:high], strict=True))
            for low, high in bounds
        ]
        pairs = zip(candidates.rows, candidates.items, strict=True)
        return np.array([counts[row].get(item, 0) for row, item in pairs], np.float32)


def dataset_of(rows: Sequence[tuple[str | None, str, int]]) -> Dataset:
    """A dataset from (person, item, milliseconds)."""
    names = {PERSON: pl.String, c.ITEM_ID: pl.String, c.TIMESTAMP: pl.Int64}
    return build_dataset(pl.DataFrame(rows, schema=names, orient="row"))


def fit_popularity(train, tuning):
    """Fitter of `Popularity`."""
    return Popularity().fit(train)


def fit_frequency(train, tuning):
    """Fitter of `Frequency`."""
    return Frequency().fit(train)


def shop_rows(people: int = 40, days: int = 60, seed: int = 0) -> list[dict[str, object]]:
    """Purchases of people who each have a few favourites they come back to, as rows of a file."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for person in range(people):
        favourites = rng.choice(30, 3, replace=False)
        for day in np.sort(rng.choice(days, 12, replace=False)):
            item = rng.choice(favourites) if rng.random() < 0.7 else rng.integers(0, 30)
            rows.append(
                {c.CUSTOMER_ID: person, c.ITEM_ID: int(item), c.TIMESTAMP: 1_600_000_000 + 86_400 * int(day)}
            )
    return rows


def write_csv(rows: list[dict[str, object]], path: Path) -> Path:
    """Rows as a CSV file."""
    pl.DataFrame(rows).write_csv(path)
    return path
