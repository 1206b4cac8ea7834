import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from shopkeeper.core.errors import MissingDependency
from shopkeeper.features.colours import Colours


def disc(path, colour, background="white", mode="RGB"):
    picture = Image.new("RGB", (60, 90), background)
    ImageDraw.Draw(picture).ellipse((10, 25, 50, 65), fill=colour)
    picture.convert(mode).save(path)
    return path


def test_shades_are_nearer_than_colours_and_background_does_not_count(tmp_path):
    paths = [
        disc(tmp_path / "a.png", "red"),
        disc(tmp_path / "b.png", (225, 20, 10)),
        disc(tmp_path / "c.png", "blue"),
        disc(tmp_path / "d.png", "red", "lightgreen"),
    ]
    red, dark_red, blue, elsewhere = Colours().encode(paths)
    assert red @ dark_red > 0.7 > 0.3 > red @ blue
    assert red @ elsewhere > 0.9


def test_vectors_are_unit_and_an_even_picture_has_one_too(tmp_path):
    Image.new("RGB", (30, 30), "white").save(tmp_path / "even.png")
    paths = [
        tmp_path / "even.png",
        disc(tmp_path / "p.png", "red", mode="P"),
        disc(tmp_path / "l.png", "black", mode="L"),
    ]
    vectors = Colours().encode(paths)
    assert vectors.shape == (3, Colours.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_what_is_no_picture_says_nothing(tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    assert not Colours().encode([tmp_path / "x.png", tmp_path / "none.png", tmp_path]).any()


def test_pillow_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingDependency, match="Pillow"):
        Colours().encode([tmp_path])
