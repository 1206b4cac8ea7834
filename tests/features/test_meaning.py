"""What is read of items, and how often."""

import polars as pl

from shopkeeper.core.types import Floats
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.encoders.text import Multilingual
from shopkeeper.features.meaning import readable, texts_of, vectors_of

TABLE = pl.DataFrame(
    {
        "item_id": ["a", "b", "c", "d"],
        "title": ["Green tea", "Green tea", None, "绿茶"],
        "brand": ["Leaf", "Twig", None, None],
        "category": ["Tea", "Tea", None, None],
    }
)
ITEMS = ItemIndex.of(TABLE["item_id"].to_list(), TABLE)


def test_titles_and_categories_are_read():
    assert texts_of(ITEMS) == ["Green tea. Tea", "Green tea. Tea", "", "绿茶"]
    assert texts_of(ItemIndex.of(["a"])) == [""]


def test_vectors_stand_in_the_order_of_items_and_languages_meet():
    vectors = vectors_of(ITEMS, Multilingual().encode)
    assert (vectors[0] == vectors[1]).all()
    assert not vectors[2].any()
    assert vectors[0] @ vectors[3] > 0.3


def test_each_text_is_read_once_and_only_when_wanted():
    read: list[str] = []

    def reading(texts: list[str]) -> Floats:
        read.extend(texts)
        return Multilingual().encode(texts)

    items = readable(ITEMS, reading)
    assert read == []
    assert items.vectors is items.vectors
    assert sorted(read) == ["", "Green tea. Tea", "绿茶"]
