import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.catalog import columns

FRAME = pl.DataFrame(
    {
        "SKU": ["1", "2", "3"],
        "Product Title": ["Red tea pot", "Blue lamp", "红色茶壶"],
        "Kind": ["pot", "lamp", "pot"],
        "notes": ["kept in the back", "kept in the back", None],
        "link": ["https://x/a b c", "https://x/b b b", "https://x/c c"],
    }
)


def test_texts_are_guessed_by_name_and_else_by_what_they_hold():
    assert columns.guess_texts(FRAME, ["Kind"]) == ["Product Title"]
    odd = FRAME.rename({"Product Title": "wording"})
    assert columns.guess_texts(odd, ["Kind"]) == ["wording"]
    assert columns.guess_texts(odd, ["Kind", "wording"]) == ["notes"]
    assert columns.guess_texts(odd.select("SKU", "link"), []) == []


def test_columns_are_read_together_as_plain_text():
    frame = pl.DataFrame({"a": ["<b>Tea</b>", None], "b": [1.0, 2.5]})
    assert columns.texts(frame, ["a", "b"]) == ["Tea 1", "2.5"]
    assert columns.texts(frame, []) == ["", ""]
    assert columns.labels(frame.with_columns(a=pl.Series([" x  y ", ""])), "a") == ["x y", None]


@pytest.mark.parametrize(
    ("values", "parted"),
    [
        (
            ["red|tea", "blue|tea", None, "red|pot", "blue|pot"],
            [["red", "tea"], ["blue", "tea"], [], ["red", "pot"], ["blue", "pot"]],
        ),
        (['["a", "b"]', "c", '["a"', None], [["a", "b"], ["c"], ['["a"'], []]),
        (
            ["红色、茶", "蓝色、茶", "红色、壶", "蓝色、壶"],
            [["红色", "茶"], ["蓝色", "茶"], ["红色", "壶"], ["蓝色", "壶"]],
        ),
        (["Tops", "Home; Garden", "Tops", "Home; Garden"], None),
        (["a", "b"], None),
        ([None], None),
    ],
)
def test_several_labels_are_told_from_one(values, parted):
    assert columns.tags(values) == parted


def test_lists_of_a_file_are_several():
    frame = pl.DataFrame({"tags": [["a", "b"], [], ["b"]]})
    assert columns.tags(columns.labels(frame, "tags")) == [["a", "b"], [], ["b"]]


@given(st.lists(st.none() | st.text(max_size=8), max_size=6))
def test_any_text_is_a_label_or_none(values):
    read = columns.labels(pl.DataFrame({"x": pl.Series(values, dtype=pl.String)}), "x")
    assert [label is None for label in read] == [not (value or "").split() for value in values]
