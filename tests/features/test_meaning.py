"""What is read of items, and how often."""

from dataclasses import replace

import numpy as np
import polars as pl

from shopkeeper.core.errors import EndpointFailed
from shopkeeper.core.types import Floats
from shopkeeper.data.dataset import ItemIndex, build_dataset
from shopkeeper.encoders.text import Multilingual
from shopkeeper.features.meaning import readable, texts_of, vectors_of
from shopkeeper.recommenders.content import Content

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


def test_a_service_that_fails_costs_the_vectors_and_is_told_of(caplog):
    def failing(texts: list[str]) -> Floats:
        raise EndpointFailed("http://127.0.0.1:9/embeddings gave no answer.", hint="See to it.")

    items = readable(ITEMS, failing)
    assert items.vectors is None
    assert items.vectors is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "not by their meaning: http://127.0.0.1:9" in caplog.text
    shop = build_dataset(pl.DataFrame({"person": ["x"], "item_id": ["a"], "timestamp": [1]}), TABLE)
    alike = Content().fit(replace(shop, items=items)).similar(np.array([0], np.int32), 3)
    assert alike.lists[0].tolist() == [1]
