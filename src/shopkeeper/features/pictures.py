"""What encoders make of the pictures of items."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from shopkeeper.core import columns as c
from shopkeeper.core.types import Floats
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.image import EfficientNet, image_weights
from shopkeeper.features.colours import Colours

Looker = Callable[[list[Path]], Floats]
"""Turns files of pictures into vectors, as `Encoder.encode` does."""


def picture_encoders() -> tuple[Encoder[Path], ...]:
    """What looks at pictures by default: colours, and a pretrained network where its weights are."""
    looking = image_weights() is not None and find_spec("onnx") is not None
    return (EfficientNet(), Colours()) if looking else (Colours(),)


def viewable(items: ItemIndex, looks: tuple[Looker, ...], folder: Path) -> ItemIndex:
    """The same items, with vectors of their pictures for whoever wants them; nothing is looked at before.

    Parameters
    ----------
    items
        The catalogue.
    looks
        One for each way of looking.
    folder
        Holds the pictures, by the last part of ``image_url``.
    """
    return replace(items, look=lambda: tuple(pictures_of(items, look, folder) for look in looks))


def pictures_of(items: ItemIndex, look: Looker, folder: Path) -> Floats:
    """What one encoder makes of the pictures of items, ``(n_items, dim)``; zeros where there is none."""
    known = c.IMAGE_URL in items.table.columns
    names = items.table[c.IMAGE_URL].to_list() if known else [None] * len(items)
    files = {row: folder / str(name).rsplit("/", 1)[-1] for row, name in enumerate(names) if name}
    there = {row: file for row, file in files.items() if file.is_file()}
    seen = look(list(there.values()))
    vectors = np.zeros((len(items), seen.shape[1]), np.float32)
    vectors[list(there)] = seen
    return vectors
