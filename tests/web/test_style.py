"""The colours of the style sheet keep the contrast that WCAG 2.2 asks for at level AA, light and dark."""

import re
from pathlib import Path

import pytest

import shopkeeper.web

STYLE = (Path(shopkeeper.web.__file__).parent / "static" / "shop.css").read_text()
COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", STYLE)
}
TEXT = [
    *[(ink, paper) for ink in ("ink", "soft") for paper in ("paper", "surface", "sunken", "accent-wash")],
    ("accent", "paper"),
    ("accent", "surface"),
    ("accent-deep", "accent-wash"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("paper", "ink"),
    ("leaf", "surface"),
    ("leaf", "leaf-wash"),
    ("gold", "gold-wash"),
    ("plum", "plum-wash"),
    ("sky", "sky-wash"),
    ("surface", "sky"),
    ("surface", "leaf"),
    ("soft", "leaf-wash"),
    ("ink", "leaf-wash"),
]
EDGES = [("edge", "paper"), ("edge", "surface"), ("accent", "paper"), ("accent", "gold-wash")]


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_can_be_read(front, back, scheme):
    assert contrast(COLOURS[front][scheme], COLOURS[back][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), EDGES)
def test_controls_can_be_seen(front, back, scheme):
    assert contrast(COLOURS[front][scheme], COLOURS[back][scheme]) >= 3


def test_faces_can_be_read():
    hues = re.findall(r"\.hue\d \{ background: (#\w{6})", STYLE)
    assert len(hues) == 8
    assert all(contrast(hue, "#ffffff") >= 4.5 for hue in hues)


def test_nothing_is_loaded_from_elsewhere():
    assert not re.search(r"url\(|@import|https?:", STYLE)
