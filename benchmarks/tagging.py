"""How well products are labelled from text, picture and both, beside a plain TF-IDF and logistic regression.

    python -m benchmarks.tagging FOLDER OUT [SEED ...]

FOLDER holds 2,906 fashion products as ``fashion.csv`` (``ProductType``, ``Colour``, ``Usage``, ``Gender``,
``ProductTitle``, ``Image``) and their photos in ``images/``: knowrohit/Fashion-Rec-Sys on GitHub, from
"Fashion Product Images" on Kaggle. Each seed (0 to 4 where none is named) is a split of 70 to 30 of its own,
the same for ``shopkeeper tag`` and the peer. OUT keeps the splits, the vectors, and a file of
outcomes for each seed; the table is over all seeds in OUT. Nothing is tuned on this data.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from shopkeeper import app
from shopkeeper.catalog.tagging import Encoders, Question, tag_files
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.remembered import Remembered
from shopkeeper.metrics.classification import expected_calibration_error
from shopkeeper.metrics.interval import bootstrap, paired_bootstrap

SEEDS = range(5)
TARGETS = ("ProductType", "Colour", "Usage", "Gender")
TITLE, IMAGE = "ProductTitle", "Image"
MODES = ("text", "picture", "both")
PEER = "TF-IDF + LR"
CHINESE = {
    "Blazers": "西装外套",
    "Booties": "短靴",
    "Capris": "七分裤",
    "Casual Shoes": "休闲鞋",
    "Churidar": "印度紧身裤",
    "Clothing Set": "服装套装",
    "Dresses": "连衣裙",
    "Flats": "平底鞋",
    "Flip Flops": "人字拖",
    "Formal Shoes": "正装皮鞋",
    "Heels": "高跟鞋",
    "Innerwear Vests": "内衣背心",
    "Jackets": "夹克",
    "Jeans": "牛仔裤",
    "Kurta Sets": "印度长衫套装",
    "Kurtas": "印度长衫",
    "Leggings": "打底裤",
    "Lehenga Choli": "印度传统裙装",
    "Rompers": "连体衣",
    "Salwar": "印度宽松裤",
    "Sandals": "凉鞋",
    "Shirts": "衬衫",
    "Shorts": "短裤",
    "Skirts": "半身裙",
    "Sports Sandals": "运动凉鞋",
    "Sports Shoes": "运动鞋",
    "Sweatshirts": "卫衣",
    "Tops": "上衣",
    "Trousers": "长裤",
    "Tshirts": "T恤",
    "Waistcoat": "马甲",
}


class Kept(Remembered[Any]):
    """An encoder whose vectors are kept in a file, so that splits and columns share them."""

    def __init__(self, encoder: Encoder[Any], folder: Path) -> None:
        super().__init__(encoder)
        self._path = folder / f"vectors-{self.id.replace('/', '-')}.npz"
        if self._path.exists():
            kept = np.load(self._path)
            self._known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def keep(self) -> None:
        """Write the file."""
        np.savez(self._path, keys=np.array(list(self._known)), vectors=np.array(list(self._known.values())))


def split(products: pl.DataFrame, out: Path, seed: int) -> tuple[Path, Path]:
    """Write the two files of a seed."""
    order = np.random.default_rng(seed).permutation(len(products))
    cut = int(0.7 * len(products))
    files = out / f"train-{seed}.csv", out / f"test-{seed}.csv"
    for path, rows in zip(files, (order[:cut], order[cut:]), strict=True):
        products[rows].write_csv(path)
    return files


def measure(folder: Path, out: Path, seed: int, encoders: Encoders) -> dict[str, Any]:
    """Everything of one seed: right or wrong by row, and figures."""
    train, test = split(pl.read_csv(folder / "fashion.csv"), out, seed)
    found: dict[str, Any] = {}
    for target in TARGETS:
        text = Question(train, test, target, (TITLE,))
        both = replace(text, image=IMAGE, image_dir=folder / "images")
        # A column that says nothing stands for no text at all.
        asked = {"text": text, "picture": replace(both, text=("nothing",)), "both": both}
        found[target] = {mode: outcome(asked[mode], encoders) for mode in MODES}
        found[target][PEER] = peer(train, test, target)
        found[target]["zero-shot"] = outcome(replace(text, zero_shot=True), encoders)
    found["ProductType"]["zero-shot, Chinese names"] = outcome(chinese(train, test, out), encoders)
    return found


def outcome(asked: Question, encoders: Encoders) -> dict[str, Any]:
    """Run ``shopkeeper tag`` and compare with the truth."""
    if asked.text == ("nothing",):
        asked = replace(asked, train=blank(asked.train), test=blank(asked.test))
    started = time.perf_counter()
    tagging = tag_files(asked, encoders)
    truth = pl.read_csv(asked.test)[asked.target].to_list()
    return {
        "right": [int(one.label == truth[one.row]) for one in tagging.predictions],
        "macro_f1": tagging.macro_f1,
        "ece": tagging.ece,
        "floor": floor(np.array([one.confidence for one in tagging.predictions], np.float32)),
        "seconds": time.perf_counter() - started,
    }


def floor(confidence: Any) -> float:
    """The calibration error that these confidences would have on so many rows if they were true."""
    rng = np.random.default_rng(0)
    draws = (rng.random(len(confidence)) < confidence for _ in range(200))
    return float(np.mean([expected_calibration_error(confidence, right) for right in draws]))


def blank(path: Path) -> Path:
    """The same file with an empty column instead of the title."""
    out = path.with_stem(f"{path.stem}-blank")
    pl.read_csv(path).with_columns(pl.lit(None, pl.String).alias("nothing")).drop(TITLE).write_csv(out)
    return out


def chinese(train: Path, test: Path, out: Path) -> Question:
    """Types by Chinese names: a file of names alone, and the truth under these names."""
    names, truth = out / "names.csv", out / f"{test.stem}-chinese.csv"
    pl.DataFrame({"ProductType": list(CHINESE.values())}).write_csv(names)
    pl.read_csv(test).with_columns(pl.col("ProductType").replace_strict(CHINESE)).write_csv(truth)
    return Question(names, truth, "ProductType", (TITLE,), zero_shot=True)


def peer(train: Path, test: Path, target: str) -> dict[str, Any]:
    """TF-IDF of words, pairs and pieces of words, and logistic regression, as anybody would write it."""
    known, asked = pl.read_csv(train), pl.read_csv(test)
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2))
    pieces = TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(2, 5))
    model = make_pipeline(make_union(words, pieces), LogisticRegression(C=10.0, max_iter=1000))
    started = time.perf_counter()
    told = model.fit(known[TITLE].to_list(), known[target].to_list()).predict(asked[TITLE].to_list())
    seconds = time.perf_counter() - started
    return {"right": (told == asked[target].to_numpy()).astype(int).tolist(), "seconds": seconds}


def table(found: list[dict[str, Any]]) -> str:
    """Means over the seeds in Markdown, and what "both" gains over the others, with intervals."""
    lines = ["| target | by | accuracy | macro F1 | ECE | ECE if true | s |", "|---|---|---|---|---|---|---|"]
    gains = []
    for target in TARGETS:
        runs = {by: [seed[target][by] for seed in found] for by in found[0][target]}
        right = {
            by: np.concatenate([run["right"] for run in some]).astype(float) for by, some in runs.items()
        }
        for by, some in runs.items():
            sure = bootstrap(right[by])
            means = [_mean(some, name) for name in ("macro_f1", "ece", "floor")]
            means.append(f"{np.mean([run['seconds'] for run in some]):.1f}")
            accuracy = f"{sure.mean:.4f} [{sure.low:.4f}, {sure.high:.4f}]"
            lines.append(f"| {target} | {by} | {accuracy} | {' | '.join(means)} |")
        for other in ("text", "picture", PEER):
            gap = paired_bootstrap(right["both"], right[other])
            gains.append(f"- {target}, both less {other}: {gap.mean:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]")
    return "\n".join([*lines, "", *gains])


def _mean(runs: list[dict[str, Any]], name: str) -> str:
    return f"{np.mean([run[name] for run in runs]):.4f}" if name in runs[0] else ""


def main() -> None:
    """Measure the seeds that are named, and print the table over all that were measured."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    default = app.encoders()
    text = Kept(default.text, out)
    pictures = [Remembered(one) for one in default.pictures]
    for seed in [int(seed) for seed in sys.argv[3:]] or SEEDS:
        found = measure(folder, out, seed, Encoders(text, tuple(pictures)))
        (out / f"seed-{seed}.json").write_text(json.dumps(found))
    text.keep()
    print(table([json.loads(path.read_text()) for path in sorted(out.glob("seed-*.json"))]))


if __name__ == "__main__":
    main()
