"""Whether a ranker taught by what people were shown helps, and with what weight, on later answers."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Doubles, Floats
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.looks import belief
from shopkeeper.data.split import Pages
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.blend import DEPTH, BlendConfig, Scaled
from shopkeeper.recommenders.ranker import Ranker, ShownLesson, Signals
from shopkeeper.recommenders.select import at, taken
from shopkeeper.training.tuning.ranking import GRID, Learned

FEWEST: Final = 300
"""Items taken below which trees would learn noise."""
MOST: Final = 6_000
"""Answers that are learned from, the newest."""
_JUDGES: Final = 3
"""One answer in so many, the last, decides; the others teach."""
_SURE: Final = 2.0
"""Standard errors by which the ranker must be ahead of the blend without it; the best of many weights is."""
_LEAST_LOOKED: Final = 0.1
"""Bounds how much one taking far down the page can weigh."""


def learn_from_shown(
    sources: tuple[Recommender, ...], config: BlendConfig, pages: Pages, train: Dataset
) -> Learned | None:
    """A ranker and its weight; None where there is too little to learn, or it does not help.

    Judged by the order of what was shown: NDCG in which a taking counts as much more as its place is looked
    at less (inverse propensities; Joachims, Swaminathan and Schnabel, Unbiased learning-to-rank with biased
    feedback, WSDM 2017).

    Parameters
    ----------
    sources
        Those that ``config`` gives weights, fitted on ``train`` alone.
    config
        Weights of the linear blend.
    pages
        What was shown afterwards.
    train
        What the sources were fitted on.
    """
    pages = pages.part(max(0, len(pages) - MOST), len(pages))
    if pages.showings.taken.sum() < FEWEST:
        return None
    cut = len(pages) - len(pages) // _JUDGES
    first = _lesson(sources, config, pages.part(0, cut))
    # What was shown may lie below what the ranker orders.
    if first.taken.sum() < FEWEST // 2 or first.taken.all():
        return None
    ranker = Ranker().prepare(train)
    looked = ranker.learn_shown(first)
    gains = _gains(sources, config, ranker, pages.part(cut, len(pages)), looked)
    if not gains.size:
        return None
    means = gains.mean(axis=1)
    best = int(means.argmax())
    if means[best] <= _SURE * gains[best].std() / np.sqrt(gains.shape[1]):
        return None
    ranker = Ranker().prepare(train)
    ranker.learn_shown(_lesson(sources, config, pages))
    return Learned(ranker, GRID[best], float(means[best]))


def _asked(sources: tuple[Recommender, ...], config: BlendConfig, pages: Pages) -> tuple[Scaled, Floats]:
    """What the sources say of what was shown and what they would bring, and the linear blend of it."""
    scaled = Scaled.of(sources, pages.requests, DEPTH, pages.showings.items)
    return scaled, scaled.parts(config).sum(axis=0)


def _lesson(sources: tuple[Recommender, ...], config: BlendConfig, pages: Pages) -> ShownLesson:
    """What was shown, as far as the ranker would have been asked about it."""
    scaled, fused = _asked(sources, config, pages)
    places = scaled.shortlist(fused)
    candidates = taken(scaled.candidates, places)
    signals: Signals = scaled.said(places, fused)
    showings = pages.showings
    keys, wanted = candidates.keys, showings.items.keys
    spot = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = keys[spot] == wanted
    return ShownLesson(
        pages.requests,
        candidates,
        signals,
        spot[found],
        showings.place[found],
        showings.taken[found],
        belief(),
    )


def _gains(
    sources: tuple[Recommender, ...], config: BlendConfig, ranker: Ranker, pages: Pages, looked: Doubles
) -> NDArray[np.float64]:
    """What each weight of the ranker adds to NDCG of what was shown, weights x answers with a taking."""
    scaled, fused = _asked(sources, config, pages)
    ranked = scaled.ranked(ranker, pages.requests, fused)
    showings = pages.showings
    worth = showings.taken / np.maximum(looked[showings.place], _LEAST_LOOKED)
    values = [
        _ndcg(pages, at(scaled.candidates, scaled.joined(fused, ranked, weight), showings.items), worth)
        for weight in (0.0, *GRID)
    ]
    return np.stack(values[1:]) - values[0]


def _ndcg(pages: Pages, scores: Floats, worth: Doubles) -> NDArray[np.float64]:
    """Of each answer with a taking, its shown items put in the order of some scores."""
    items, rows = pages.showings.items, pages.showings.items.rows
    inside = np.arange(len(rows)) - items.offsets[rows]
    discount = 1.0 / np.log2(inside + 2.0)
    best, own = (worth[np.lexsort((-key, rows))] * discount for key in (worth, scores))
    ideal, gained = (np.bincount(rows, value, len(items)) for value in (best, own))
    some = ideal > 0
    return np.asarray(gained[some] / ideal[some])
