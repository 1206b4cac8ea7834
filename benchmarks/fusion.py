"""What each way of telling items gains: titles, pictures, attributes, and behaviour beside.

    python -m benchmarks.fusion FOLDER OUT

FOLDER holds ``fashion_myntra`` (see `benchmarks.tagging`) and ``amazon_office`` (see `benchmarks.datasets`).

Fashion: how many of the ten nearest products have the same type and colour, neither of which is told as an
attribute; attributes are gender, usage, category and subcategory. Weights are chosen on one half of the
products and measured on the other; ``some missing`` leaves a third without title and another third without
picture.

Office: likeness as a recommender, NDCG@10 of four later weeks. Settings are chosen by the engine's own tuner
on four weeks before. ``behaviour`` is co-occurrence, tuned and fitted in the same way.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.datasets import office
from shopkeeper.core import columns as c
from shopkeeper.core.types import Ints
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.encoders.cache import Cached
from shopkeeper.encoders.text import Multilingual
from shopkeeper.evaluation.files import load_events
from shopkeeper.evaluation.protocols import time_task
from shopkeeper.features.fields import ATTRIBUTES, MEANING, PICTURE, WORDS, Fields, joined
from shopkeeper.features.meaning import readable
from shopkeeper.features.pictures import picture_encoders, viewable
from shopkeeper.metrics.interval import bootstrap, paired_bootstrap
from shopkeeper.metrics.ranking import hits, ndcg
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.training.tuning.content import tune_content
from shopkeeper.training.tuning.counts import tune_cooccurrence

K = 10
WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)
TEXT = (WORDS, MEANING)
ASKED = {
    "text": TEXT,
    "picture": (PICTURE,),
    "attributes": (ATTRIBUTES,),
    "text and attributes": (*TEXT, ATTRIBUTES),
    "text and picture": (*TEXT, PICTURE),
    "all": (*TEXT, PICTURE, ATTRIBUTES),
}
LEFT_OUT = {
    "text, brand": (),
    "words, brand": ("meaning",),
    "meaning": (c.DESCRIPTION, c.BRAND, "words"),
    "brand": (c.TITLE, c.DESCRIPTION, "meaning"),
}
Values = NDArray[np.float64]


def fashion(folder: Path, cache: Path, missing: bool) -> tuple[Fields, Ints]:
    """Fields of the products, and a code for each type and colour together."""
    table = pl.read_csv(folder / "fashion.csv", infer_schema=False).unique("ProductId", maintain_order=True)
    row = pl.int_range(pl.len()) * 7 % 3
    title, picture = pl.col("ProductTitle"), pl.col("Image")
    told = [json.dumps(row) for row in table.select("Gender", "Usage", "Category", "SubCategory").to_dicts()]
    items = table.select(
        pl.col("ProductId").alias(c.ITEM_ID),
        (pl.when(row != 0).then(title) if missing else title).alias(c.TITLE),
        (pl.when(row != 1).then(picture) if missing else picture).alias(c.IMAGE_URL),
        pl.Series(c.ATTRIBUTES, told),
    )
    index = ItemIndex(tuple(items[c.ITEM_ID].to_list()), items)
    with Cached(Multilingual(), cache) as text:
        seen = [Cached(encoder, cache) for encoder in picture_encoders()]
        looks = tuple(one.encode for one in seen)
        index = viewable(readable(index, text.encode), looks, folder / "images")
        fields = Fields.of(index)
        for one in seen:
            one.close()
    kinds = table.select(pl.concat_str("ProductType", "Colour", separator="/").rank("dense")).to_series()
    return fields, kinds.to_numpy().astype(np.int32)


def precision(fields: Fields, weights: dict[str, float], kinds: Ints, rows: Ints) -> Values:
    """Share of the ten nearest that are of the same kind, for each of these products."""
    alike = joined(fields, weights).block(rows)
    alike[np.arange(len(rows)), rows] = -np.inf
    near = np.argpartition(-alike, K, axis=1)[:, :K]
    return np.asarray((kinds[near] == kinds[rows][:, None]).mean(axis=1), np.float64)


def weighed(fields: Fields, names: Sequence[str], kinds: Ints, rows: Ints) -> dict[str, float]:
    """Weights chosen on some products, one field after the other, twice over."""
    best = dict.fromkeys(names, 1.0)
    value = precision(fields, best, kinds, rows).mean()
    for name, weight in product([*names, *names] if len(names) > 1 else (), WEIGHTS):
        other = {**best, name: weight}
        found = precision(fields, other, kinds, rows).mean() if any(other.values()) else 0.0
        if found > value:
            best, value = other, found
    return best


def told_fashion(folder: Path, cache: Path) -> None:
    """The table of the products."""
    print(f"\n| of the same type and colour | Precision@{K} | all less this | weights |\n|---|---|---|---|")
    for missing in (False, True):
        fields, kinds = fashion(folder, cache, missing)
        rows = np.random.default_rng(0).permutation(len(kinds))
        valid, test = np.sort(rows[: len(rows) // 2]), np.sort(rows[len(rows) // 2 :])
        weights = {name: weighed(fields, names, kinds, valid) for name, names in ASKED.items()}
        found = {name: precision(fields, weights[name], kinds, test) for name in ASKED}
        for name, values in found.items():
            mean, gain = bootstrap(values), paired_bootstrap(found["all"], values)
            print(
                f"| {name}{', some missing' * missing} | {mean.mean:.4f} [{mean.low:.4f}, {mean.high:.4f}] "
                f"| {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] | {weights[name]} |",
                flush=True,
            )


def without(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """The same with less known of its items."""
    items, texts = dataset.items, [c.TITLE, c.DESCRIPTION] if "words" in names else []
    hidden = [name for name in (*names, *texts) if name in items.table.columns]
    vectors = items.vectors
    read = None if vectors is None or "meaning" in names else partial(np.asarray, vectors)
    return replace(dataset, items=ItemIndex(items.ids, items.table.drop(hidden), read))


def told_office(folder: Path, out: Path) -> None:
    """The table of the recommender."""
    dataset = load_events(*office(folder, out)).dataset
    print(f"\n| content by | NDCG@{K} | all less this |\n|---|---|---|")
    found = {}
    for name, hidden in LEFT_OUT.items():
        task = time_task(without(dataset, hidden), 28)
        if task.tuning is None:
            raise SystemExit("too few events")
        model: Recommender = Content(tune_content(task.tuning, task.tuning.test).config).fit(task.train)
        found[name] = ndcg(hits(model.recommend(task.test.requests, K).lists, task.test.truth, K))
    task = time_task(dataset, 28)
    if task.tuning is not None:
        model = Cooccurrence(tune_cooccurrence(task.tuning, task.tuning.test, 0).config).fit(task.train)
    found["behaviour"] = ndcg(hits(model.recommend(task.test.requests, K).lists, task.test.truth, K))
    for name, values in found.items():
        gain = paired_bootstrap(next(iter(found.values())), values)
        print(f"| {name} | {values.mean():.4f} | {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] |")


def main() -> None:
    """Print both tables."""
    folder, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    told_fashion(folder / "fashion_myntra", out / "vectors.db")
    told_office(folder / "amazon_office", out)


if __name__ == "__main__":
    main()
