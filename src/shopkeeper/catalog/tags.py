"""Several tags for each product, learned from those that have some.

Each tag is a ridge regression from the main directions of all views, all of them solved at once. Every
product is judged by a fit that left it out, which for a ridge takes no second fit (Allen 1974):

    left-out value = value - residual / (1 - leverage) of the product

Two numbers, learned on the left-out values over all tags, turn them into probabilities (Platt 1999): one for
the value and one for how frequent the tag is, so that rare tags share what is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from shopkeeper.catalog.views import View
from shopkeeper.core.types import Bools, Floats

_FEWEST: Final = 2
"""Products that must have a tag for it to be learned."""
_MOST_TAGS: Final = 500
_RIDGES: Final = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""Penalties that are tried, for each product learned from."""


@dataclass(frozen=True, slots=True)
class TagVerdicts:
    """How likely each product is to have each tag.

    Attributes
    ----------
    tags
        The tags, rising.
    probabilities
        Shape ``(n, n_tags)``. Of a product that was learned from: as judged without it.
    """

    tags: tuple[str, ...]
    probabilities: Floats

    def chosen(self, row: int) -> list[tuple[str, float]]:
        """Tags more likely than not, the likeliest first, each with its probability."""
        told = self.probabilities[row]
        order = np.argsort(-told, kind="stable")
        return [(self.tags[place], float(told[place])) for place in order if told[place] >= 0.5]

    def after(self, row: int) -> "TagVerdicts":
        """Those from a row on."""
        return TagVerdicts(self.tags, self.probabilities[row:])


def learn_tags(views: Sequence[View], given: Sequence[Sequence[str]]) -> TagVerdicts:
    """Judge every product.

    Parameters
    ----------
    views
        Of the same ``n`` products; the last is read, which holds all, see `views.with_joint`.
    given
        Tags of each product; none where they are not known.
    """
    known = np.array([bool(tags) for tags in given])
    counts: dict[str, int] = {}
    for tags in given:
        for tag in set(tags):
            counts[tag] = counts.get(tag, 0) + 1
    frequent = sorted(counts, key=lambda tag: (-counts[tag], tag))[:_MOST_TAGS]
    names = tuple(sorted(tag for tag in frequent if counts[tag] >= _FEWEST))
    place = {tag: at for at, tag in enumerate(names)}
    truth = np.zeros((len(given), len(names)), np.float64)
    for row, tags in enumerate(given):
        truth[row, [place[tag] for tag in tags if tag in place]] = 1.0
    if not names or not views:
        shares = truth[known].mean(axis=0) if known.any() else np.zeros(len(names))
        return TagVerdicts(names, np.tile(shares, (len(given), 1)).astype(np.float32))
    features = np.hstack([views[-1].features, np.ones((len(given), 1), np.float32)]).astype(np.float64)
    values = _values(features, truth, known)
    return TagVerdicts(names, _calibrated(values, truth, known))


def _values(features: Any, truth: Any, known: Bools) -> Any:
    """Values of every product for every tag, left out where it was learned from, by the best penalty."""
    left, size, right = np.linalg.svd(features[known], full_matrices=False)
    wanted, best, out = truth[known], np.inf, np.zeros_like(truth)
    for ridge in _RIDGES:
        shrunk = size**2 / (size**2 + ridge * len(wanted))
        fitted = left * shrunk
        leverage = np.minimum((fitted * left).sum(axis=1, keepdims=True), 0.999)
        values = wanted - (wanted - fitted @ (left.T @ wanted)) / (1 - leverage)
        error = float(np.square(wanted - values).mean())
        if error < best:
            best = error
            weights = right.T @ ((shrunk / np.maximum(size, 1e-12))[:, None] * (left.T @ wanted))
            out = features @ weights
            out[known] = values
    return out


def _calibrated(values: Any, truth: Any, known: Bools) -> Floats:
    from sklearn.linear_model import LogisticRegression  # a second to load

    share = np.clip(truth[known].mean(axis=0), 1e-4, 1 - 1e-4)
    odds = np.broadcast_to(np.log(share / (1 - share)), values.shape)
    said, wanted = np.stack([values, odds], axis=-1), truth[known].ravel()
    if len(np.unique(wanted)) < 2:
        return np.broadcast_to(share, values.shape).astype(np.float32)
    model = LogisticRegression(C=100.0).fit(said[known].reshape(-1, 2), wanted)
    told = model.predict_proba(said.reshape(-1, 2))[:, 1]
    return np.asarray(told.reshape(values.shape), np.float32)
