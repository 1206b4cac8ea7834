"""Whose picture is looked at."""

import numpy as np
import polars as pl

from shopkeeper.data.dataset import ItemIndex
from shopkeeper.features.colours import Colours
from shopkeeper.features.pictures import picture_encoders, pictures_of, viewable
from tests.catalog.goods import draw, goods


def test_pictures_stand_in_the_order_of_items_and_missing_ones_are_zeros(tmp_path):
    products = goods(6)
    draw(products, tmp_path)
    urls: list[str | None] = [f"https://shop.example/p/{name}" for name in products["picture"].to_list()]
    urls[2], urls[4] = "https://shop.example/p/lost.png", None
    table = pl.DataFrame({"item_id": list("abcdef"), "image_url": urls})
    items = viewable(ItemIndex.of([], table), (Colours().encode,), tmp_path)
    (found,) = items.pictures
    assert found.any(axis=1).tolist() == [True, True, False, True, False, True]
    expected = Colours().encode([tmp_path / products["picture"][5]])[0]
    np.testing.assert_allclose(found[5], expected)


def test_a_catalogue_without_pictures_has_none(tmp_path):
    items = ItemIndex.of(["a", "b"])
    assert items.pictures == ()
    assert not pictures_of(items, Colours().encode, tmp_path).any()


def test_colours_are_always_looked_at():
    assert any(isinstance(encoder, Colours) for encoder in picture_encoders())
