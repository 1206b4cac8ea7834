"""How well search finds what people mean: by words alone, by meaning alone, and fused.

    python -m benchmarks.search FOLDER

FOLDER holds a Chinese shop of 239 goods: ``goods.csv``, ``category.csv``, ``brand.csv`` and
``goods_attribute.csv`` of linlinjava/litemall. Queries stand in ``benchmarks/queries``: each in English and
in Chinese, with every product that answers it, written down by reading the catalogue and not by looking at
results. Choices are made on ``litemall_validation.csv``; ``litemall.csv`` is the test. Nobody is known, so
nothing is ranked by taste.
"""

import csv
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import Ints, Ragged
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.encoders.text import Multilingual
from shopkeeper.features.meaning import vectors_of
from shopkeeper.features.searchable import searchable
from shopkeeper.metrics import ranking
from shopkeeper.retrieval.vectors import Neighbours
from shopkeeper.retrieval.words import Words
from shopkeeper.surfaces.search import POOL, Index

QUERIES = Path(__file__).parent / "queries"
SETS = {"validation": "litemall_validation.csv", "test": "litemall.csv"}
LANGUAGES = ("english", "chinese")
K = 10


def catalogue(folder: Path) -> pl.DataFrame:
    """The shop's goods as items."""
    goods, categories, brands, told = (
        pl.read_csv(folder / f"{name}.csv", infer_schema=False)
        for name in ("goods", "category", "brand", "goods_attribute")
    )
    names = dict(categories.select("id", "name").iter_rows())
    above = dict(categories.select("id", "pid").iter_rows())
    makers = dict(brands.select("id", "name").iter_rows())
    attributes: dict[str, dict[str, str]] = {}
    for item, name, value in told.select("goods_id", "attribute", "value").iter_rows():
        attributes.setdefault(item, {})[name] = value
    rows = [
        {
            c.ITEM_ID: row["id"],
            c.TITLE: row["name"],
            c.DESCRIPTION: row["brief"],
            c.CATEGORY: names.get(above.get(row["category_id"], ""), ""),
            c.CATEGORY2: names[row["category_id"]],
            c.BRAND: makers.get(row["brand_id"]),
            c.ATTRIBUTES: json.dumps(attributes.get(row["id"], {}), ensure_ascii=False),
        }
        for row in goods.iter_rows(named=True)
    ]
    return pl.DataFrame(rows).sort(c.ITEM_ID)


def told(name: str, lists: list[Ints], truth: Ragged, seconds: float) -> str:
    """One row of the table."""
    hits = ranking.hits(Ragged.of(lists), truth, K)
    first = ranking.hits(Ragged.of(lists), truth, POOL)
    recall, mrr = np.mean(ranking.recall(hits)), np.mean(ranking.mrr(first))
    return f"| {name} | {recall:.3f} | {mrr:.3f} | {1e3 * seconds / len(lists):.2f} |"


def main(folder: Path) -> None:
    """Print a table a language."""
    items = ItemIndex.of([], catalogue(folder))
    encoder = Multilingual(threads=1)
    words = Words.of(searchable(items.table))
    neighbours = Neighbours.of(vectors_of(items, encoder.encode), encoder.id)

    everything = np.ones(len(items), bool)
    index = Index(items.ids, words, neighbours, encoder)
    ways: dict[str, Callable[[str], Ints]] = {
        "words": lambda query: Index(items.ids, words).find(query, everything, POOL).codes,
        "meaning": lambda query: index.nearest(query, everything, POOL)[0],
        "fused": lambda query: index.find(query, everything, POOL).codes,
    }
    for kind, name in SETS.items():
        queries = list(csv.DictReader((QUERIES / name).read_text(encoding="utf-8").splitlines()))
        truth = Ragged.of([np.sort(items.encode(query["goods"].split())) for query in queries])
        for language in LANGUAGES:
            print(f"\n{kind}: {len(queries)} queries, {len(items)} goods, {language}\n")
            print(f"| | Recall@{K} | MRR | ms a query |\n|---|---|---|---|")
            for label, way in ways.items():
                way(queries[0][language])
                started = time.perf_counter()
                lists = [way(query[language]) for query in queries]
                print(told(label, lists, truth, time.perf_counter() - started))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
