"""How fast each encoder reads titles and looks at pictures, on one thread, and what the cache saves.

Rates are per second of processor time, over the same titles in each round, after some that warm up. Beside
them stand the cosine of the English encoder in whole numbers of 8 bits to itself in floats, and how much
faster a second run over an unchanged catalogue is (20,000 titles: those of the file, numbered).

    python -m benchmarks.encoders TITLES.csv [--column title] [--pictures FOLDER] [--rounds 5] [--json OUT]
"""

import argparse
import json
import os
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.bert import Bert, english_folder
from shopkeeper.encoders.cache import Cached
from shopkeeper.encoders.image import EfficientNet
from shopkeeper.encoders.text import Multilingual

TITLES = 2_000
"""Timed of a file, its own over again where it has fewer."""
CATALOGUE = 20_000
PICTURES = 320


def rate(encoder: Encoder[Any], values: list[Any], rounds: int) -> dict[str, float]:
    """Median and best rate of some rounds, per second of processor time."""
    encoder.encode(values[:50])
    rates = []
    for _ in range(rounds):
        started = time.process_time()
        encoder.encode(values)
        rates.append(len(values) / (time.process_time() - started))
    return {"median": round(median(rates)), "best": round(max(rates))}


def second_run(encoder: Encoder[str], titles: list[str], folder: Path, rounds: int) -> dict[str, float]:
    """Processor seconds of the first and of later runs over a catalogue, each with the file opened anew."""
    catalogue = [f"{title} {number}" for number, title in enumerate(islice(cycle(titles), CATALOGUE))]
    encoder.encode(titles[:50])
    seconds = []
    for _ in range(1 + rounds):
        started = time.process_time()
        with Cached(encoder, folder / "vectors.db") as cached:
            cached.encode(catalogue)
        seconds.append(time.process_time() - started)
    first, later = seconds[0], median(seconds[1:])
    return {"first": round(first, 2), "later": round(later, 3), "times as fast": round(first / later)}


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("titles", type=Path)
    parser.add_argument("--column", default="title")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    own = pl.read_csv(options.titles, infer_schema=False)[options.column].drop_nulls().to_list()
    titles = list(islice(cycle(own), TITLES))
    results: dict[str, Any] = {}

    def tell(what: str, found: Any) -> None:
        results[what] = found
        print(f"{what}: {found}", flush=True)

    with TemporaryDirectory() as name:
        folder = Path(name)
        multilingual = Multilingual(threads=1)
        tell("multilingual, titles/CPU-s", rate(multilingual, titles, options.rounds))
        if english := english_folder():
            small, whole = (
                Bert(english, folder, precision=precision, threads=1) for precision in ("int8", "float32")
            )
            tell("English int8, titles/CPU-s", rate(small, titles, options.rounds))
            tell("English float32, titles/CPU-s", rate(whole, titles, options.rounds))
            cosines = (small.encode(titles) * whole.encode(titles)).sum(axis=1)
            said = cosines[cosines != 0]
            tell(
                "int8 to float32, cosine",
                {"least": round(float(said.min()), 4), "mean": round(float(said.mean()), 4)},
            )
        tell("second run over 20,000 titles", second_run(multilingual, own, folder, options.rounds))
        if options.pictures:
            pictures = sorted(options.pictures.rglob("*.jpg"))[:PICTURES]
            tell("pictures/CPU-s", rate(EfficientNet(threads=1), pictures, options.rounds))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
