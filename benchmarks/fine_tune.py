"""What fine-tuning the English encoder on a shop's log gives likeness by meaning, on a GPU.

    python -m benchmarks.fine_tune FOLDER OUT [--encoder FOLDER] [--device cuda]

FOLDER holds ``amazon_office`` (see `benchmarks.datasets`). Pairs are of what came before the last four weeks,
which are asked about (NDCG@10, content by meaning alone, with settings by default). "Adapted" is the
projection that training learns without any GPU (decision 051). OUT gets the encoder; ``--encoder`` names
another one than that of the package.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.datasets import office
from shopkeeper.core import columns as c
from shopkeeper.encoders.bert import Bert, english_folder
from shopkeeper.evaluation.files import load_events
from shopkeeper.evaluation.protocols import Task, time_task
from shopkeeper.features.meaning import readable
from shopkeeper.metrics.interval import paired_bootstrap
from shopkeeper.metrics.ranking import Values, hits, ndcg
from shopkeeper.recommenders.content import Content, ContentConfig
from shopkeeper.training.fine_tune import fine_tune, pairs_of

K: Final = 10
DAYS: Final = 28
MEANING: Final = ContentConfig(words=0.0, kinds=0.0, attributes=0.0, picture=0.0, seen=0.0)
WAYS: Final = {"as it is": MEANING, "adapted": replace(MEANING, meaning=0.0, adapted=1.0)}
NO_SEARCHES: Final = pl.DataFrame(schema={c.SEARCH_TERM: pl.String, c.ITEM_ID: pl.String})


def answered(task: Task, config: ContentConfig, encoder: Path, cache: Path) -> Values:
    """NDCG@10 of each request, by what an encoder makes of titles."""
    read = Bert(encoder, cache, precision="float32").encode
    train = task.train.over(readable(task.train.items, read))
    return ndcg(hits(Content(config).fit(train).recommend(task.test.requests, K).lists, task.test.truth, K))


def main() -> None:
    """Print what the pairs held out say, then a row for each encoder and way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--encoder", type=Path, default=english_folder())
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    task = time_task(load_events(*office(options.folder / "amazon_office", options.out)).dataset, DAYS)
    pairs = pairs_of(task.train, NO_SEARCHES)
    started = time.perf_counter()
    tuned = fine_tune(options.encoder, pairs, options.out / "encoder", options.device)
    spent = time.perf_counter() - started
    print(f"{len(pairs):,} pairs, {spent:.0f} s on {options.device}; mean reciprocal rank of those held out:")
    print(f"{tuned.before:.4f} before, {tuned.after:.4f} after; written: {tuned.written}")
    print(f"\n| encoder | meaning | NDCG@{K} | less the first |\n|---|---|---|---|")
    first: Values | None = None
    encoders = {"package": options.encoder} | (
        {"fine-tuned": options.out / "encoder"} if tuned.written else {}
    )
    for name, encoder in encoders.items():
        for way, config in WAYS.items():
            values = answered(task, config, encoder, options.out)
            first = values if first is None else first
            gain = paired_bootstrap(values, first)
            more = f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
            print(f"| {name} | {way} | {values.mean():.4f} | {more} |")


if __name__ == "__main__":
    main()
