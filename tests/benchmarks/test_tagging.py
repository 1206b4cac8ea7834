"""The benchmark of tagging runs, and its parts are fair."""

import polars as pl

from benchmarks import tagging
from shopkeeper import app
from tests.catalog.goods import draw, goods


def test_it_runs_from_a_folder_to_a_table(tmp_path, monkeypatch, capsys):
    products = goods(80).rename(
        {"kind": "ProductType", "colour": "Colour", "title": "ProductTitle", "picture": "Image"}
    )
    products = products.with_columns(Usage="brand", Gender="parent", ProductId="item_id")
    (tmp_path / "images").mkdir()
    products.write_csv(tmp_path / "fashion.csv")
    draw(goods(80), tmp_path / "images")
    names = {"lamp": "台灯", "shoes": "鞋子", "teapot": "茶壶", "umbrella": "雨伞", "backpack": "背包"}
    monkeypatch.setattr(tagging, "CHINESE", names)
    monkeypatch.setattr(tagging, "TARGETS", ("ProductType",))
    monkeypatch.setattr("sys.argv", ["tagging", str(tmp_path), str(tmp_path / "out"), "3"])
    tagging.main()
    said = capsys.readouterr().out
    assert "| ProductType | both | 1.0000 [1.0000, 1.0000] |" in said
    assert "- ProductType, both less TF-IDF + LR: +0.0000 [+0.0000, +0.0000]" in said
    parts = [pl.read_csv(tmp_path / "out" / f"{part}-3.csv") for part in ("train", "test")]
    assert [len(part) for part in parts] == [56, 24]
    assert set(parts[0]["item_id"]) | set(parts[1]["item_id"]) == set(products["item_id"])


def test_vectors_are_remembered(tmp_path):
    text = app.encoders().text
    kept = tagging.Kept(text, tmp_path)
    first = kept.encode(["a lamp", "", "a lamp"])
    kept.keep()
    again = tagging.Kept(text, tmp_path).encode(["", "a lamp"])
    assert (again == first[1:]).all()
