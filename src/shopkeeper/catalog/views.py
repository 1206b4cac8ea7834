"""Ways of looking at products: the words of a text, its meaning, what a picture shows, its colours.

Nothing here knows a label, so all products of a catalogue take part, labelled or not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse

from shopkeeper.core.types import Bools, Floats
from shopkeeper.encoders.base import Encoder

WORDS: Final = "words"
JOINT: Final = "joint"
_LETTERS: Final = 120
"""Characters of a text of which pieces of words are taken: titles hold what a thing is."""
_WIDE: Final = 256
"""Directions kept of a dense view, and of words within the joint one."""
_BATCH: Final = 64
_WORD: Final = r"(?u)\b\w+\b"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class View:
    """One way of looking at ``n`` products.

    Attributes
    ----------
    name
        What it is called.
    features
        Shape ``(n, d)``: dense, or sparse for words; present rows have a mean square length of about 1.
    present
        Shape ``(n,)``: whether the product has what is looked at.
    """

    name: str
    features: Any
    present: Bools


def text_views(texts: Sequence[str], encoder: Encoder[str]) -> list[View]:
    """Words and meaning of what `columns.texts` gave; views that nothing is present in are left out.

    Words are TF-IDF over words, pairs of words and pieces of words, which are also what Chinese is read by.
    """
    views = [_words(texts), dense_view(encoder.id, encoder.encode(texts))]
    return [view for view in views if view.present.any()]


def _words(texts: Sequence[str]) -> View:
    from sklearn.feature_extraction.text import TfidfVectorizer  # a second to load

    parts = [
        _tfidf(texts, TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD, **_COMMON)),
        _tfidf(
            [text[:_LETTERS] for text in texts],
            TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), **_COMMON),
        ),
    ]
    found = [part for part in parts if part is not None]
    if not found:
        return View(WORDS, np.zeros((len(texts), 0), np.float32), np.zeros(len(texts), np.bool_))
    features = sparse.hstack(found).tocsr()
    return View(WORDS, features, np.asarray(np.diff(features.indptr) > 0))


_COMMON: Final[dict[str, Any]] = {"sublinear_tf": True, "dtype": np.float32, "min_df": 2}
"""What occurs once in a catalogue tells nothing of another product."""


def _tfidf(texts: Sequence[str], vectorizer: Any) -> Any:
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # no word at all, or none that occurs twice
        return None


def picture_views(
    paths: Sequence[Path | None], encoders: Sequence[Encoder[Path]], progress: Progress
) -> tuple[list[View], int]:
    """A view for each encoder of pictures, and how many pictures are not there or cannot be read."""
    rows = [row for row, path in enumerate(paths) if path is not None and path.is_file()]
    views, done = [], 0
    for encoder in encoders:
        vectors = np.zeros((len(paths), encoder.dim), np.float32)
        for start in range(0, len(rows), _BATCH):
            some = rows[start : start + _BATCH]
            vectors[some] = encoder.encode([path for row in some if (path := paths[row]) is not None])
            done += len(some)
            progress(done, len(rows) * len(encoders))
        views.append(dense_view(encoder.id, vectors))
    lost = sum(path is not None for path in paths)
    if views:
        lost -= int(np.logical_or.reduce([view.present for view in views]).sum())
    return [view for view in views if view.present.any()], lost


def dense_view(name: str, vectors: Floats) -> View:
    """Vectors of an encoder around their mean, in their main directions; a row of zeros is not present."""
    present = np.asarray(vectors.any(axis=1))
    return View(name, _narrow(_scaled(vectors, present)), present)


def _scaled(vectors: Floats, present: Bools) -> Floats:
    if not present.any():
        return vectors
    moved = np.where(present[:, None], vectors - vectors[present].mean(axis=0), np.float32(0.0))
    length = float(np.sqrt(np.square(moved[present]).sum(axis=1).mean()))
    return np.asarray(moved / max(length, 1e-9), np.float32)


def with_joint(views: Sequence[View]) -> list[View]:
    """The views and, of several, one more last: all side by side, for products of which all are present."""
    if len(views) < 2:
        return list(views)
    present = np.logical_and.reduce([view.present for view in views])
    return [*views, View(JOINT, np.hstack([_narrow(view.features) for view in views]), present)]


def _narrow(features: Any) -> Floats:
    """The main directions, at most `_WIDE`."""
    from sklearn.utils.extmath import randomized_svd  # a second to load

    width = min(_WIDE, max(features.shape[0] - 1, 1), features.shape[1])
    if features.shape[1] <= _WIDE and not sparse.issparse(features):
        return np.asarray(features, np.float32)
    left, size, _ = randomized_svd(features, width, random_state=0)
    return np.asarray(left * size, np.float32)
