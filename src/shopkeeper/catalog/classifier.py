"""One label for each product, learned from those that have one: a classifier for each view, and their pool.

Each view has a multinomial logistic regression. It is fitted once on all labelled products, for the others,
and once without each fifth of them, for that fifth: those are the opinions by which the pool is weighed and
calibrated (`catalog.calibration`), and by which a given label can be doubted. Products that lack a picture or
a text are judged by a pool of the views they have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from warnings import catch_warnings, filterwarnings

import numpy as np

from shopkeeper.catalog.calibration import Pool
from shopkeeper.catalog.views import WORDS, Progress, View
from shopkeeper.core.types import Floats, Longs

FOLDS: Final = 5
MOST_CLASSES: Final = 300
MOST_CELLS: Final = 1_000_000
"""Most labelled products times labels that are learned from; a sample of more."""
MOST_WORDS: Final = 100_000_000
"""Entries of the words times labels, above which words are only read in the joint view."""
_STRENGTH: Final = 5.0
"""Inverse of the penalty; twice as much for words, of which many say little."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What each product is believed to be.

    Attributes
    ----------
    labels
        The labels, rising.
    probabilities
        Shape ``(n, n_labels)``. Of a product that was learned from: as judged without it.
    notes
        What was left out, in words.
    """

    labels: tuple[str, ...]
    probabilities: Floats
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> list[str]:
        """The likeliest label of each product."""
        return [self.labels[code] for code in self.probabilities.argmax(axis=1)]

    @property
    def confidence(self) -> Floats:
        """Its probability, shape ``(n,)``."""
        return np.asarray(self.probabilities.max(axis=1))

    def after(self, row: int) -> "Verdicts":
        """Those from a row on."""
        return Verdicts(self.labels, self.probabilities[row:], self.notes)


def classify(
    views: Sequence[View],
    given: Sequence[str | None],
    *,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Verdicts:
    """Judge every product.

    Parameters
    ----------
    views
        Of the same ``n`` products, see `views.with_joint`; without any, all get the shares of the labels.
    given
        Label of each product, None where it is not known; at least one is.
    seed
        Of the draws.
    progress
        Told of classifiers fitted.
    """
    rng = np.random.default_rng(seed)
    labels, codes, notes = _codes(given, rng)
    fold = _folds(codes, rng)
    views = [view for view in views if not _too_heavy(view, len(labels))]
    log = np.full((len(views), len(given), len(labels)), np.nan, np.float32)
    total = len(views) * (FOLDS + 1)
    for place, view in enumerate(views):
        for part in range(FOLDS + 1):
            _judge(view, codes, fold == part, log[place])
            progress(place * (FOLDS + 1) + part + 1, total)
    return Verdicts(labels, _pooled(log, codes), notes)


def _codes(
    given: Sequence[str | None], rng: np.random.Generator
) -> tuple[tuple[str, ...], Longs, tuple[str, ...]]:
    """Labels, code of each product (-1 is not known or left out), and what was left out."""
    names, places = np.unique([label for label in given if label is not None], return_inverse=True)
    counts = np.bincount(places)
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    renumbered = np.full(len(names), -1)
    renumbered[kept] = np.arange(len(kept))
    codes = np.full(len(given), -1, np.int64)
    codes[[row for row, label in enumerate(given) if label is not None]] = renumbered[places]
    notes = []
    if len(kept) < len(names):
        notes.append(f"{len(names) - len(kept)} rare labels of {len(names)} are never told.")
    known, most = np.flatnonzero(codes >= 0), MOST_CELLS // len(kept)
    if len(known) > most:
        codes[rng.permutation(known)[most:]] = -1
        notes.append(f"Learned from a sample of {most:,} of {len(known):,} labelled products.")
    return tuple(names[kept].tolist()), codes, tuple(notes)


def _folds(codes: Longs, rng: np.random.Generator) -> Longs:
    """A fold for each labelled product, every label spread over them; `FOLDS` for the others."""
    known = np.flatnonzero(codes >= 0)
    mixed = rng.permutation(known)
    fold = np.full(len(codes), FOLDS, np.int64)
    fold[mixed[np.argsort(codes[mixed], kind="stable")]] = np.arange(len(known)) % FOLDS
    return fold


def _too_heavy(view: View, n_labels: int) -> bool:
    return view.name == WORDS and view.features.nnz * n_labels > MOST_WORDS


def _judge(view: View, codes: Longs, asked: np.ndarray[Any, Any], out: Floats) -> None:
    """Learn from the labelled products that are not asked about, and write opinions on those that are."""
    from sklearn.linear_model import LogisticRegression  # a second to load

    learned = np.flatnonzero(view.present & (codes >= 0) & ~asked)
    rows = np.flatnonzero(view.present & asked)
    if not len(learned) or not len(rows):
        return
    n_classes = out.shape[1]
    out[rows] = -np.log(len(learned) + n_classes)
    seen = np.unique(codes[learned])
    if len(seen) == 1:
        out[np.ix_(rows, seen)] = 0.0
        return
    strength = 2 * _STRENGTH if view.name == WORDS else _STRENGTH
    model = LogisticRegression(C=strength, max_iter=200, tol=1e-3)
    with catch_warnings():
        filterwarnings("ignore", "The number of unique classes")  # many labels with one example each
        model.fit(view.features[learned], codes[learned])
    told = model.predict_log_proba(view.features[rows])
    # A label without an example here is as unlikely as the unlikeliest.
    out[rows] = np.minimum(out[rows], told.min(axis=1, keepdims=True))
    out[np.ix_(rows, seen)] = told


def _pooled(log: Floats, codes: Longs) -> Floats:
    """One probability for each product and label."""
    n_classes = log.shape[2]
    known = codes >= 0
    shares = np.bincount(codes[known], minlength=n_classes) + 1.0
    out = np.tile(shares / shares.sum(), (len(codes), 1)).astype(np.float32)
    heard = ~np.isnan(log[:, :, 0]).T
    for pattern in np.unique(heard, axis=0):
        if not pattern.any():
            continue
        learned = np.flatnonzero(known & heard[:, pattern].all(axis=1))
        pool = Pool.fit(log[pattern][:, learned].astype(np.float64), codes[learned])
        rows = np.flatnonzero((heard == pattern).all(axis=1))
        out[rows] = pool.probabilities(log[pattern][:, rows])
    return out
