"""``shopkeeper tag --shop``: a catalogue completed beside what was given."""

import json

import polars as pl
import pytest

from shopkeeper.app import create_shop
from shopkeeper.catalog.completion import FILLED
from shopkeeper.cli import main
from shopkeeper.core import columns as c
from shopkeeper.data.derived import completed
from tests.catalog.goods import draw, goods

N = 160
PRODUCTS = goods(N, silent=0.2)
HIDDEN = pl.int_range(N) % 4 == 0


def catalogue():
    tags = [
        json.dumps({"tags": tags.split("|"), "colour": colour, "sku": sku}) if row % 4 else None
        for row, (tags, colour, sku) in enumerate(PRODUCTS.select("tags", "colour", "item_id").iter_rows())
    ]
    return PRODUCTS.select(
        "item_id",
        "title",
        pl.when(~HIDDEN).then("parent").alias(c.CATEGORY),
        pl.when(pl.int_range(N) % 3 > 0).then("kind").alias(c.CATEGORY2),
        pl.when(~HIDDEN).then("brand").alias(c.BRAND),
        (pl.lit("https://shop/p/") + pl.col("picture")).alias(c.IMAGE_URL),
    ).with_columns(pl.Series(c.ATTRIBUTES, tags, pl.String))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("shops") / "shop"
    draw(PRODUCTS, out.parent / "pictures")
    twin = catalogue().head(1).with_columns(item_id=pl.lit("twin"))
    with create_shop(out) as shop:
        shop.import_frames("items", iter([pl.concat([catalogue(), twin])]))
    assert main(["tag", "--shop", str(out), "--image-dir", str(out.parent / "pictures")]) == 0
    return out


@pytest.fixture(scope="module")
def items(folder):
    from shopkeeper.app import open_shop

    with open_shop(folder) as shop:
        return shop.store.items()


def test_given_values_stay_as_they_were(items):
    given = catalogue().sort("item_id")
    found = items.filter(pl.col("item_id") != "twin")
    for name in (c.TITLE, c.CATEGORY, c.CATEGORY2, c.BRAND):
        assert found[name].to_list() == given[name].to_list()
    for before, after in zip(given[c.ATTRIBUTES], found[c.ATTRIBUTES], strict=True):
        known = json.loads(after)
        derived = known.pop("derived", {})
        assert known == json.loads(before or "{}")
        assert not set(derived) & set(known)


def test_what_was_missing_is_told_with_source_confidence_and_date(items):
    full = completed(items).filter(pl.col("item_id") != "twin")
    truth = PRODUCTS.sort("item_id")
    for name, wanted in ((c.CATEGORY, "parent"), (c.CATEGORY2, "kind"), (c.BRAND, "brand")):
        assert (full[name] == truth[wanted]).fill_null(False).to_numpy().mean() > 0.95
    derived = [json.loads(text).get("derived", {}) for text in items[c.ATTRIBUTES]]
    values = [value for one in derived for value in one.values()]
    assert {"category", "category2", "brand", "tags", "colour"} == {name for one in derived for name in one}
    assert all(FILLED <= value["confidence"] <= 1 for value in values)
    assert all(value["source"].startswith("learned from words") for value in values)
    assert all(len(value["date"]) == 10 for value in values)


def test_the_child_belongs_to_the_parent(items):
    paths = set(PRODUCTS.select("parent", "kind").iter_rows())
    full = completed(items).select(c.CATEGORY, c.CATEGORY2).drop_nulls()
    assert set(full.iter_rows()) <= paths
    assert len(full) > 0.95 * N


def test_lists_for_somebody_to_look_at(folder):
    review = pl.read_csv(folder / "review.csv")
    assert review.columns == ["item_id", "title", "field", "suggestion", "confidence", "filled"]
    assert review["confidence"].is_sorted()
    assert review["confidence"].to_numpy().max(initial=0) < 0.8
    assert (review["filled"] == (review["confidence"] >= FILLED)).all()
    twins = pl.read_csv(folder / "duplicates.csv").row(0, named=True)
    assert twins["likeness"] == pytest.approx(1, abs=1e-3)
    assert twins["title"] == twins["other_title"]


def test_again_learns_from_given_values_only_and_given_ones_win(folder, items, capsys):
    from shopkeeper.app import open_shop

    with open_shop(folder) as shop:
        shop.import_frames("items", iter([pl.DataFrame({"item_id": ["p0000"], "category": ["garden"]})]))
        shop.tag()
        again = shop.store.items()
        row = again.filter(pl.col("item_id") == "p0000").row(0, named=True)
        assert row[c.CATEGORY] == "garden"
        assert "category" not in json.loads(row[c.ATTRIBUTES]).get("derived", {})
        assert completed(again).filter(pl.col("item_id") == "p0000")[c.CATEGORY].item() == "garden"


def test_shops_with_nothing_to_go_by(tmp_path, capsys):
    with create_shop(tmp_path / "shop") as shop:
        pass
    assert main(["tag", "--shop", str(tmp_path / "shop")]) == 2
    assert "catalogue is empty" in capsys.readouterr().err
    with create_shop(tmp_path / "silent") as shop:
        shop.import_frames("items", iter([pl.DataFrame({"item_id": ["a", "b"]})]))
    assert main(["tag", "--shop", str(tmp_path / "silent")]) == 0
    assert "No item has a title" in capsys.readouterr().out
    assert main(["tag", "--shop", str(tmp_path / "silent"), "--image-dir", "/nowhere"]) == 2
    assert main(["tag", "--shop", str(tmp_path / "none")]) == 2
