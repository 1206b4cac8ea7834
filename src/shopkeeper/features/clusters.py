"""Customers who are like each other: k-means over a few columns of profiles, with names a person can read."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core.errors import TooLittleData
from shopkeeper.features.visits import FREQUENCY, MONETARY, RECENCY, USUAL

Doubles = NDArray[np.float64]

_WORDS: Final[dict[str, tuple[str, str]]] = {
    RECENCY: ("seen lately", "long away"),
    FREQUENCY: ("rare", "frequent"),
    MONETARY: ("small baskets", "large baskets"),
    USUAL: ("close rhythm", "slow rhythm"),
    "lines_per_visit": ("few things at once", "many things at once"),
    "discount_share": ("full price", "bargain hunters"),
    "categories": ("narrow taste", "broad taste"),
    "repeat_share": ("always new things", "the same again"),
    "high_price_share": ("plain goods", "fine goods"),
    "weekend_share": ("weekdays", "weekends"),
}
"""Columns that are looked at, and what a low and a high value is called."""
_COUNTS: Final = range(3, 9)
_FEWEST: Final = 30
_SAMPLE: Final = 2_000
_TELLING: Final = 0.4
"""Standard deviations from the mean below which a column says nothing about a cluster."""
_FAR: Final = 3.0
_WORDS_A_NAME: Final = 3
_SEED: Final = 0


@dataclass(frozen=True)
class Clusters:
    """Centres of clusters.

    Attributes
    ----------
    columns
        Of profiles that are looked at.
    mean, scale
        Shape ``(len(columns),)``, of the logarithms of the columns.
    centres
        Shape ``(k, len(columns))``, standardised.
    names
        Of the clusters, all different.
    """

    columns: tuple[str, ...]
    mean: Doubles
    scale: Doubles
    centres: Doubles
    names: tuple[str, ...]

    @classmethod
    def fit(cls, profiles: pl.DataFrame) -> Self:
        """Find clusters among buyers; as many as stand apart best (silhouette, Rousseeuw 1987).

        Raises
        ------
        TooLittleData
            There are fewer than 30 buyers.
        """
        from sklearn.cluster import KMeans
        from sklearn.metrics import silhouette_score

        buyers = profiles.filter(pl.col(RECENCY).is_not_null())
        if len(buyers) < _FEWEST:
            raise TooLittleData(
                f"{len(buyers)} customers who bought are too few to find clusters; it takes {_FEWEST}.",
                hint="Use segments by rule, stage or rfm.",
            )
        columns, mean, scale = _scales(buyers)
        points = _standard(_values(buyers, columns), mean, scale)
        sample = np.random.default_rng(_SEED).permutation(len(points))[:_SAMPLE]
        best: tuple[float, Doubles] = (-2.0, points[:1])
        distinct = len(np.unique(points, axis=0))
        for count in [count for count in _COUNTS if count <= distinct]:
            found = KMeans(count, n_init=4, random_state=_SEED).fit(points)
            told = found.labels_[sample]
            if len(np.unique(told)) > 1:
                score = float(silhouette_score(points[sample], told))
                best = max(best, (score, found.cluster_centers_), key=lambda one: one[0])
        return cls(columns, mean, scale, best[1], _names(best[1], columns))

    def assign(self, buyers: pl.DataFrame) -> list[str]:
        """Name of the nearest cluster of each buyer."""
        points = _standard(_values(buyers, self.columns), self.mean, self.scale)
        far = ((points[:, None, :] - self.centres[None]) ** 2).sum(axis=2)
        return [self.names[place] for place in far.argmin(axis=1)]


def _scales(buyers: pl.DataFrame) -> tuple[tuple[str, ...], Doubles, Doubles]:
    """Columns that tell buyers apart, with their means and standard deviations."""
    values = _values(buyers, tuple(_WORDS))
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count)
    kept = np.flatnonzero(spread > 0)
    return tuple(list(_WORDS)[place] for place in kept), mean[kept], spread[kept]


def _values(buyers: pl.DataFrame, columns: tuple[str, ...]) -> Doubles:
    told = buyers.select(pl.col(name).cast(pl.Float64).clip(0).log1p() for name in columns)
    return told.fill_null(float("nan")).to_numpy().astype(np.float64)


def _standard(values: Doubles, mean: Doubles, scale: Doubles) -> Doubles:
    return np.clip(np.nan_to_num((values - mean) / scale, nan=0.0), -_FAR, _FAR)


def _names(centres: Doubles, columns: tuple[str, ...]) -> tuple[str, ...]:
    """What sets each cluster apart, the most telling first; as many words as make all names differ."""
    order = np.argsort(-np.abs(centres), axis=1, kind="stable")
    told: list[str] = []
    for centre, places in zip(centres, order, strict=True):
        telling = [place for place in places if abs(centre[place]) >= _TELLING]
        words = [_WORDS[columns[place]][int(centre[place] > 0)] for place in telling]
        told.append(", ".join(words[:_WORDS_A_NAME]) or "average")
    # Two clusters alike in all that is told are told apart by number.
    return tuple(
        name if told.count(name) == 1 else f"{name} ({told[: place + 1].count(name)})"
        for place, name in enumerate(told)
    )
