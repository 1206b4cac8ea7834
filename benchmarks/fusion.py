"""What each way of telling items gains: titles, pictures, attributes, and behaviour beside.

    python -m benchmarks.fusion FOLDER OUT

FOLDER holds ``fashion_myntra`` (see `benchmarks.tagging`), ``amazon_office`` and ``online_retail_ii`` (see
`benchmarks.datasets`).

Fashion: how many of the ten nearest products have the same type and colour, neither of which is told as an
attribute; attributes are gender, usage, category and subcategory. Weights are chosen on one half of the
products and measured on the other; ``some missing`` leaves a third without title and another third without
picture.

Office and online retail: likeness as a recommender, NDCG@10 of four later weeks. Settings, and whether
meaning is adapted to what people take together, are chosen by the engine's own tuner on four weeks before.
``not adapted`` has the encoder's own vectors in its place; ``behaviour`` is co-occurrence, tuned alike.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.datasets import office, online_retail
from shopkeeper.core import columns as c
from shopkeeper.core.types import Ints
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.encoders.cache import Cached
from shopkeeper.encoders.text import Multilingual
from shopkeeper.evaluation.files import load_events
from shopkeeper.evaluation.protocols import Task, time_task
from shopkeeper.features.fields import ATTRIBUTES, MEANING, PICTURE, WORDS, Fields, Rows, joined
from shopkeeper.features.meaning import readable
from shopkeeper.features.pictures import picture_encoders, viewable
from shopkeeper.metrics.interval import bootstrap, paired_bootstrap
from shopkeeper.metrics.ranking import hits, ndcg
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.training.tuning.content import tune_content
from shopkeeper.training.tuning.counts import tune_cooccurrence

K, DAYS = 10, 28
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


def precision(fields: Fields, weights: dict[str, float], kinds: Ints, rows: Rows) -> Values:
    """Share of the ten nearest that are of the same kind, for each of these products."""
    alike = joined(fields, weights).block(rows)
    alike[np.arange(len(rows)), rows] = -np.inf
    near = np.argpartition(-alike, K, axis=1)[:, :K]
    return np.asarray((kinds[near] == kinds[rows][:, None]).mean(axis=1), np.float64)


def weighed(fields: Fields, names: Sequence[str], kinds: Ints, rows: Rows) -> dict[str, float]:
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


def told_by_content(dataset: Dataset, subsets: Mapping[str, Sequence[str]]) -> None:
    """The table of the recommender."""
    print(f"\n| content by | NDCG@{K} | all less this |\n|---|---|---|")
    found: dict[str, Values] = {}
    for name, hidden in subsets.items():
        task = time_task(without(dataset, hidden), DAYS)
        assert task.tuning is not None
        config = tune_content(task.tuning, task.tuning.test).config
        found[name] = answered(Content(config), task)
        if not hidden:
            plain = replace(config, adapted=0.0, meaning=config.meaning + config.adapted)
            found["the same, not adapted"] = answered(Content(plain), task)
    task = time_task(dataset, DAYS)
    assert task.tuning is not None
    found["behaviour"] = answered(
        Cooccurrence(tune_cooccurrence(task.tuning, task.tuning.test, 0).config), task
    )
    for name, values in found.items():
        gain = paired_bootstrap(next(iter(found.values())), values)
        print(
            f"| {name} | {values.mean():.4f} | {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] |",
            flush=True,
        )


def answered(model: Content | Cooccurrence, task: Task) -> Values:
    """NDCG@10 of each request, after a fit on all that came before."""
    return ndcg(hits(model.fit(task.train).recommend(task.test.requests, K).lists, task.test.truth, K))


def main() -> None:
    """Print both tables."""
    folder, out = map(Path, sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    told_fashion(folder / "fashion_myntra", out / "vectors.db")
    told_by_content(load_events(*office(folder / "amazon_office", out)).dataset, LEFT_OUT)
    told_by_content(load_events(*online_retail(folder / "online_retail_ii", out)).dataset, {"text": ()})


if __name__ == "__main__":
    main()
