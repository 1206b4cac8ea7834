import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.features.searchable import searchable


def test_texts_stand_in_their_fields_in_every_language():
    told = (
        '{"title_zh": "绿茶", "brand_zh": "老厂", "tags": ["organic", "loose"], "material": "leaf",'
        ' "weight": 5, "discreet": "x", "derived": {"brand": {"value": "y"}}}'
    )
    items = pl.DataFrame(
        {
            c.ITEM_ID: ["a", "b"],
            c.TITLE: ["Green tea", None],
            c.BRAND: ["Old Mill", None],
            c.CATEGORY: ["Drinks", "Food"],
            c.CATEGORY3: ["Tea", None],
            c.ATTRIBUTES: [told, "[1]"],
        }
    )
    assert searchable(items) == {
        "title": ["Green tea 绿茶", ""],
        "brand": ["Old Mill 老厂", ""],
        "category": ["Drinks Tea", "Food"],
        "attributes": ["organic loose leaf", ""],
        "description": ["", ""],
    }
