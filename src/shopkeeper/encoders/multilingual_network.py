"""The network of the multilingual encoder: pieces of words in, vectors out, and nothing computed twice.

Convolutions of two layers read windows of two, three and five pieces (Yang et al. 2019, arXiv:1907.04307).
Titles of a catalogue share most of their pieces and many of their windows. So each distinct piece, and each
distinct window of the first layer, is computed once for a group of texts and multiplied with the matrix of
each place in a window; what a window gives is then a sum of such products.
"""

from collections.abc import Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Final

import numpy as np

from shopkeeper.core.types import Floats, Longs

DIM: Final = 512
_WIDE: Final = 256
"""Numbers that one convolution gives for a piece."""
_WINDOWS: Final = {2: slice(2, 4), 3: slice(1, 4), 5: slice(0, 5)}
"""By size of a window: which it has of two pieces before, the piece itself, and two behind."""
_SELF: Final = 2
_TABLES: Final = 17
"""Embeddings are dealt out in turn to so many tables, each with a scale of its own."""
_GROUP: Final = 4_096
"""Pieces computed together: a window of five of so many distinct ones still has a number of 64 bits."""


class MultilingualNetwork:
    """Universal Sentence Encoder, multilingual, version 3, as its package has it.

    Parameters
    ----------
    path
        The package's file ``weights.npz``.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            tables = [file[f"q{number}"] for number in range(1, _TABLES + 1)]
            self._weights = {name: file[name] for name in file.files if not name.startswith("q")}
        self._table = np.stack(tables, axis=1).reshape(-1, DIM)
        self._projection, self._bias, self._gain, self._shift = (
            np.concatenate([self._weights[f"{name}{size}"] for size in _WINDOWS], axis=-1)
            for name in ("proj", "proj_b", "ln_g", "ln_b")
        )

    def encode(self, texts: Sequence[Sequence[int]]) -> Floats:
        """Vectors of length 1, shape ``(texts, 512)``, of texts as numbers of pieces; none is empty."""
        out = np.empty((len(texts), DIM), np.float32)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        for start, stop in pairwise(_cuts(lengths)):
            pieces = np.fromiter(chain.from_iterable(texts[start:stop]), np.int64)
            out[start:stop] = self._group(pieces, lengths[start:stop])
        return out

    def _group(self, pieces: Longs, lengths: Longs) -> Floats:
        starts = np.cumsum(lengths) - lengths
        distinct, codes = np.unique(pieces, return_inverse=True)
        embedded = self._embedded(distinct)
        projected, places = self._projected(embedded), _places(starts, lengths)
        read = np.empty((len(pieces), DIM + len(_WINDOWS) * _WIDE), np.float32)
        read[:, :DIM] = embedded[codes]
        for number, size in enumerate(_WINDOWS):
            part = slice(number * _WIDE, (number + 1) * _WIDE)
            read[:, DIM:][:, part] = self._convolved(size, projected[:, part], codes, places)
        return self._answer(self._summed(read, starts, lengths), lengths)

    def _embedded(self, pieces: Longs) -> Floats:
        table = pieces % _TABLES
        rows = self._table[pieces].astype(np.float32)
        rows *= self._weights["scale"][table, None]
        rows += self._weights["lo"][table, None]
        return rows

    def _projected(self, embedded: Floats) -> Floats:
        """What all convolutions read, one beside the other: normed over all of it."""
        rows = embedded @ self._projection
        rows += self._bias
        rows -= rows.mean(axis=1, keepdims=True)
        rows /= np.sqrt(np.square(rows).mean(axis=1, keepdims=True) + self._weights["eps"])
        return np.asarray(rows * self._gain + self._shift, np.float32)

    def _convolved(self, size: int, rows: Floats, codes: Longs, places: Longs) -> Floats:
        """Both layers of one convolution, shape ``(len(codes), 256)``."""
        window = _WINDOWS[size]
        windows, code_of = _distinct(np.append(codes, len(rows))[places[:, window]], len(rows) + 1)
        first = self._layer(f"1_{size}", rows, windows)
        first += rows[windows[:, _SELF - window.start]]
        second = self._layer(f"2_{size}", first, np.append(code_of, len(first))[places[:, window]])
        second += first[code_of]
        return second

    def _layer(self, name: str, rows: Floats, windows: Longs) -> Floats:
        """Of windows of rows; a row past the last is outside the text and all zeros."""
        out = np.full((len(windows), _WIDE), self._weights[f"b{name}"])
        matrices = self._weights[f"w{name}"].reshape(-1, _WIDE, _WIDE)
        product = np.zeros((len(rows) + 1, _WIDE), np.float32)
        for matrix, row in zip(matrices, windows.T, strict=True):
            np.matmul(rows, matrix, out=product[:-1])
            out += product[row]
        np.maximum(out, 0, out=out)
        return out

    def _summed(self, read: Floats, starts: Longs, lengths: Longs) -> Floats:
        """What was read of pieces, normed and summed for each text; gain and shift come after the sum."""
        mean = read.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", read, read)[:, None] / read.shape[1] - np.square(mean)
        scale = 1 / np.sqrt(variance + self._weights["eps"], dtype=np.float32)
        read *= scale
        out = np.add.reduceat(read, starts) - np.add.reduceat(mean * scale, starts)
        return np.asarray(out * self._weights["ln_g"] + lengths[:, None] * self._weights["ln_b"], np.float32)

    def _answer(self, summed: Floats, lengths: Longs) -> Floats:
        """The dense layers behind the sum over pieces."""
        w, pieces = self._weights, lengths.astype(np.float32)[:, None]
        mean = (summed @ w["cnn_W"] + pieces * w["cnn_b"]) / np.sqrt(pieces)
        first = np.maximum(mean @ w["p1"] + np.maximum(mean @ w["d0"], 0) @ w["d1"], 0)
        last = np.tanh(first @ w["p3"] + np.maximum(first @ w["d2"], 0) @ w["d3"])
        return np.asarray(last / np.linalg.norm(last, axis=1, keepdims=True), np.float32)


def _cuts(lengths: Longs) -> list[int]:
    """Where groups of at most so many pieces begin and end; a longer text is a group by itself."""
    cuts, held = [0], 0
    for place, length in enumerate(lengths.tolist()):
        if held and held + length > _GROUP:
            cuts.append(place)
            held = 0
        held += length
    return [*cuts, len(lengths)] if len(lengths) else []


def _places(starts: Longs, lengths: Longs) -> Longs:
    """From two places before each piece to two behind; one past the last for what is outside its text."""
    at = np.arange(lengths.sum())[:, None] + np.arange(-_SELF, _SELF + 1)
    first = np.repeat(starts, lengths)[:, None]
    inside = (at >= first) & (at < first + np.repeat(lengths, lengths)[:, None])
    return np.where(inside, at, lengths.sum())


def _distinct(windows: Longs, codes: int) -> tuple[Longs, Longs]:
    """Distinct windows of numbers below ``codes``, and which of them each is."""
    keys = windows @ codes ** np.arange(windows.shape[1])
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    return windows[first], which
