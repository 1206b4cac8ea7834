"""Labels told from their names alone, where nothing is labelled yet, in any language the encoder reads."""

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from scipy.special import softmax

from shopkeeper.catalog.classifier import Verdicts
from shopkeeper.catalog.views import Progress
from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import Encoder, unit

_WORD: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+(?:['-][^\W_]+)*")
_LONGEST: Final = {True: 4, False: 3}
"""Words in a phrase; characters, where a text is written without spaces."""
_MOST_WORDS: Final = 24
"""Of a text whose phrases are looked at: titles hold what a thing is."""
_SOFTNESS: Final = 0.1
_TEMPERATURE: Final = 0.1
_BATCH: Final = 2048


def zero_shot(
    texts: Sequence[str],
    names: Sequence[str],
    encoder: Encoder[str],
    *,
    progress: Progress = lambda done, total: None,
) -> Verdicts:
    """Judge every product by how near its text comes to the name of each label.

    The whole text and its phrases of up to three words are both compared: the whole knows what is meant, a
    phrase is not drowned by brand and colour. Vectors are moved to the mean of their kind first: what all
    titles, or all names, share does not tell them apart. Confidence is a softmax and is not calibrated: there
    is nothing to calibrate it by.

    Parameters
    ----------
    texts
        Of the products, after `columns.texts`.
    names
        Distinct labels; words joined by signs or written together (``SportsShoes``) are taken apart.
    encoder
        Reads texts and names into one space.
    progress
        Told of texts encoded.
    """
    names = sorted(names)
    wanted = encoder.encode([_spoken(name) for name in names])
    phrases = [_phrases(text) for text in texts]
    distinct = sorted({phrase for some in phrases for phrase in some})
    total = len(texts) + len(distinct)
    whole = _encoded(texts, encoder, lambda done: progress(done, total))
    parts = _encoded(distinct, encoder, lambda done: progress(len(texts) + done, total))
    nearness = _around_mean(whole) @ _around_mean(wanted).T
    nearness += _nearest_phrase(
        phrases, dict(zip(distinct, range(len(distinct)), strict=True)), parts @ wanted.T
    )
    told = softmax(nearness / _TEMPERATURE, axis=1).astype(np.float32)
    told[~whole.any(axis=1)] = 1 / len(names)
    return Verdicts(tuple(names), told)


def _spoken(name: str) -> str:
    """``sports_shoes`` and ``SportsShoes`` as people would say them."""
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[_/>|]+", " ", name)).split())


def _phrases(text: str) -> list[str]:
    words = _WORD.findall(text)[:_MOST_WORDS]
    unspaced = bool(words) and sum(len(word) == 1 for word in words) > len(words) / 2
    gap = "" if unspaced else " "
    return [
        gap.join(words[start : start + length])
        for length in range(1, _LONGEST[unspaced] + 1)
        for start in range(len(words) - length + 1)
    ]


def _encoded(texts: Sequence[str], encoder: Encoder[str], progress: Callable[[int], None]) -> Floats:
    out = np.zeros((len(texts), encoder.dim), np.float32)
    for start in range(0, len(texts), _BATCH):
        out[start : start + _BATCH] = encoder.encode(texts[start : start + _BATCH])
        progress(min(start + _BATCH, len(texts)))
    return out


def _around_mean(vectors: Floats) -> Floats:
    said = np.asarray(vectors.any(axis=1))
    if said.sum() < 2:
        return vectors
    return unit(np.where(said[:, None], vectors - vectors[said].mean(axis=0), np.float32(0.0)))


def _nearest_phrase(phrases: Sequence[Sequence[str]], place: dict[str, int], near: Floats) -> Floats:
    """A soft maximum over the phrases of each text, which a second good phrase raises a little."""
    out = np.zeros((len(phrases), near.shape[1]), np.float32)
    for row, some in enumerate(phrases):
        if some:
            found = near[[place[phrase] for phrase in some]]
            out[row] = _SOFTNESS * np.log(np.exp(found / _SOFTNESS).mean(axis=0))
    return out
