"""Category artwork: small, safe, the same everywhere, fitting, and different for neighbours."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.web.artwork import _glyphs, artwork, glyph_name

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", sorted(_glyphs()))
def test_every_drawing_is_small_valid_and_reaches_no_other_host(name):
    words = _glyphs()[name].words or ("?",)
    for key in map(str, range(12)):
        drawing = artwork(words[0], None, key)
        ET.fromstring(drawing)
        assert len(drawing.encode()) < 3000
        assert drawing.count("http") == 1  # the SVG namespace, which nothing fetches
        assert "$" not in drawing


@given(st.text(max_size=60), st.none() | st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_drawn_and_escaped(category, category2, key):
    printable = "".join(char for char in category2 or category if char.isprintable())
    root = ET.fromstring(artwork(category, category2, key))
    assert root.get("role") == "img"
    assert (root.findtext(f"{SVG}title") or "") == printable


def test_a_hostile_category_stays_text():
    drawing = artwork("<script>alert(1)</script>", "\"'&", "k")
    assert ET.fromstring(drawing).findtext(f"{SVG}title") == "\"'&"


def test_same_item_same_drawing_and_neighbours_differ():
    drawings = [artwork("Dairy & eggs", "Cheese", str(item)) for item in range(40)]
    assert drawings == [artwork("Dairy & eggs", "Cheese", str(item)) for item in range(40)]
    assert len(set(drawings)) == 40
    assert all(_without_ids(a) != _without_ids(b) for a, b in pairwise(drawings))


def test_ids_are_distinct_so_that_many_fit_one_page():
    ids = [ET.fromstring(artwork("Dairy & eggs", "Cheese", str(item))).get("id") for item in range(500)]
    assert len(set(ids)) == 500


def test_it_knows_light_and_dark():
    assert "prefers-color-scheme:dark" in artwork("Drinks", None, "1")


@pytest.mark.parametrize(
    ("category", "category2", "name"),
    [
        ("Dairy & eggs", "Milk & creamers", "milk"),
        ("Frozen", "Pizza & snacks", "pizza"),
        ("Meat", "Breakfast sausage", "sausage"),
        ("Meat", "Hot dogs", "sausage"),
        ("Pets", "Dog food", "paw"),
        ("Snacks & sweets", "Rice cakes", "cookie"),
        ("Home & leisure", "Light bulbs & electrical", "bulb"),
        ("Beer, wine & spirits", "Imported wine", "wine"),
        ("Baby", "Something never heard of", "baby"),
        ("服装", None, "shirt"),
        ("家居", "咖啡", "coffee"),
        ("Something never heard of", None, "parcel"),
        ("", None, "parcel"),
    ],
)
def test_the_words_choose_the_drawing(category, category2, name):
    assert glyph_name(category, category2) == name


def _without_ids(drawing: str) -> str:
    name = ET.fromstring(drawing).get("id")
    assert name
    return drawing.replace(name, "")
