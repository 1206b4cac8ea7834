"""What every encoder keeps to."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.bert import Bert, english_folder
from shopkeeper.encoders.cache import Cached
from shopkeeper.encoders.endpoint import Endpoint
from shopkeeper.encoders.image import EfficientNet
from shopkeeper.encoders.text import Multilingual
from tests.encoders.models import kept
from tests.encoders.servers import Embeddings

ODD = [
    "",
    " \n\t",
    "red shirt " * 10_000,
    "🎧🎧",
    "<p>Red&nbsp;<b>shirt</b></p><script>x()</script>",
    "חולצה אדומה לגבר",
    "قميص أحمر قطن",
    "红色棉衬衫 red shirt",
    "red\x00 shirt\x07",
    "red \ud800shirt",
    "---",
]
TITLES = [
    "red cotton shirt",
    "blue shirt",
    "wireless headphones",
    "红色棉衬衫",
    "ceramic tea pot with two cups",
]


def picture(red: int, mode: str = "RGB") -> bytes:
    random = np.random.default_rng(red)
    noise = random.integers(0, 255, (50, 40, 3), np.uint8)
    noise[:, :, 0] = red
    file = BytesIO()
    Image.fromarray(noise).convert(mode).save(file, "PNG")
    return file.getvalue()


PICTURES = [picture(red) for red in (0, 60, 120, 180, 240)]
BROKEN = [b"", b"no picture", PICTURES[0][:200], Path("/nowhere/at/all.jpg")]


@cache
def encoder(name: str) -> Encoder[Any]:
    folder = english_folder()
    assert folder
    makers: dict[str, Callable[[], Encoder[Any]]] = {
        "multilingual": Multilingual,
        "english": lambda: Bert(folder, kept()),
        "english float32": lambda: Bert(folder, kept(), precision="float32"),
        "endpoint": lambda: Endpoint(Embeddings().start(), "letters"),
        "cached": lambda: Cached(Multilingual(), kept() / "vectors.db"),
        "pictures": EfficientNet,
    }
    made = makers[name]()
    assert isinstance(made, Encoder)
    return made


TEXTS = ("multilingual", "english", "english float32", "endpoint", "cached")
ALL = (*TEXTS, "pictures")


def values(name: str) -> list[Any]:
    if name == "pictures":
        return PICTURES
    # MiniLM has no token for what stands in the Chinese title.
    return [title if title.isascii() or "english" not in name else "cotton bath towel" for title in TITLES]


@pytest.mark.parametrize("name", ALL)
def test_rows_are_unit_vectors(name):
    found = encoder(name).encode(values(name))
    assert found.shape == (5, encoder(name).dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_nothing_gives_no_rows(name):
    assert encoder(name).encode([]).shape == (0, encoder(name).dim)


@pytest.mark.parametrize("name", ALL)
def test_the_same_values_give_the_same_vectors(name):
    np.testing.assert_array_equal(encoder(name).encode(values(name)), encoder(name).encode(values(name)))


@pytest.mark.parametrize("name", ALL)
def test_order_is_kept_and_a_batch_is_as_one_by_one(name):
    whole = encoder(name).encode(values(name))
    backwards = encoder(name).encode(values(name)[::-1])[::-1]
    single = np.concatenate([encoder(name).encode([value]) for value in values(name)])
    # Whole numbers of 8 bits are scaled by what is in the batch.
    least = 0.98 if name == "english" else 0.99999
    assert (whole * backwards).sum(axis=1).min() > least
    assert (whole * single).sum(axis=1).min() > least
    np.testing.assert_array_equal((whole @ single.T).argmax(axis=1), range(5))


@pytest.mark.parametrize("name", TEXTS)
def test_odd_texts_stop_nothing(name):
    found = encoder(name).encode(ODD)
    lengths = np.linalg.norm(found, axis=1)
    silent = [ODD.index(text) for text in ("", " \n\t", "🎧🎧", "---")]
    np.testing.assert_allclose(lengths[silent], 0)
    assert np.all((lengths < 1e-6) | (abs(lengths - 1) < 1e-5))
    cleaned = encoder(name).encode(["Red shirt", "red shirt", "red shirt"])
    assert (found[[4, 8, 9]] * cleaned).sum(axis=1).min() > 0.97


def test_odd_pictures_stop_nothing():
    found = encoder("pictures").encode([*BROKEN, PICTURES[1]])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [0, 0, 0, 0, 1], atol=1e-5)


def test_ids_differ():
    assert len({encoder(name).id for name in ALL if name != "cached"}) == len(ALL) - 1


def test_the_optional_packages_are_installed_here():
    """Else half of this suite would say nothing."""
    assert all(map(find_spec, ("onnx", "safetensors", "tokenizers", "PIL")))
