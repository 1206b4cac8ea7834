"""Which colours a picture shows, apart from its background."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.errors import MissingDependency
from shopkeeper.core.types import Floats

_SIDE: Final = 48
_EDGES: Final = (6, 9, 9)
"""Corners of the bins of lightness, green to red, and blue to yellow."""
_LOW: Final = np.array([0.0, -64.0, -64.0])
_STEP: Final = np.array([20.0, 16.0, 16.0])
_BACKGROUND: Final = 8.0
"""A colour nearer than this to that of the border is background."""
_SMALL: Final = 0.03
"""A smaller share in front of the background is no thing; then the whole picture counts."""

_Pixels = NDArray[np.float64]


class Colours:
    """A histogram of what stands before the background, in CIELAB (CIE 1976), the middle counting most.

    A pixel is shared among the eight nearest bins, so that a shade at the border of two is near both. Roots
    are taken of the shares, which makes the cosine of two histograms their Bhattacharyya coefficient.
    """

    id: Final = "colours/1"
    dim: Final = int(np.prod(_EDGES))

    def encode(self, values: Sequence[Path]) -> Floats:
        """Histograms of picture files; see `Encoder.encode`. A file that is no picture says nothing.

        Raises
        ------
        MissingDependency
            Pillow is not installed.
        """
        out = np.zeros((len(values), self.dim), np.float32)
        for row, path in enumerate(values):
            pixels = _read(path)
            if pixels is not None:
                out[row] = _histogram(_lab(pixels))
        return out


def _read(path: Path) -> _Pixels | None:
    """Red, green and blue of a small copy, 0 to 1; None for what is no picture."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingDependency(
            "Pictures need Pillow.", hint="Install it with: pip install 'shopkeeper[encoders]'"
        ) from None
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (4 * _SIDE, 4 * _SIDE))
            small = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return np.asarray(small, np.float64) / 255.0


def _lab(rgb: _Pixels) -> _Pixels:
    """From sRGB (IEC 61966-2-1, white D65) to CIELAB."""
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = linear @ _XYZ.T
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


_XYZ: Final = np.array([[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0178, 0.1095, 0.8727]])
"""From linear red, green and blue to X, Y and Z as shares of white."""


def _histogram(lab: _Pixels) -> Floats:
    weight = _MIDDLE * _foreground(lab)
    place = np.clip((lab.reshape(-1, 3) - _LOW) / _STEP, 0, np.array(_EDGES) - 1.000001)
    below = place.astype(np.int64)
    above = place - below
    total = np.zeros(Colours.dim)
    for corner in np.ndindex(2, 2, 2):
        share = np.where(corner, above, 1 - above).prod(axis=1)
        bins = np.ravel_multi_index((below + corner).T, _EDGES)
        total += np.bincount(bins, weights=share * weight.ravel(), minlength=Colours.dim)
    return np.asarray(np.sqrt(total / total.sum()), np.float32)


def _foreground(lab: _Pixels) -> NDArray[np.bool_]:
    border = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    apart = np.linalg.norm(lab - np.median(border, axis=0), axis=-1) > _BACKGROUND
    return np.asarray(apart if apart.mean() > _SMALL else np.ones_like(apart))


def _middle() -> _Pixels:
    along = ((np.arange(_SIDE) + 0.5) / _SIDE * 2 - 1) ** 2
    return np.asarray(np.exp(-1.5 * (along[:, None] + along)))


_MIDDLE: Final = _middle()
