"""What item vectors and another shop's model give a transformer that has little to learn from.

    python -m benchmarks.transfer FOLDER OUT

FOLDER holds ``amazon_office`` (see `benchmarks.datasets`), taken apart into two shops with nothing in common:
items of even codes and their events, and items of odd codes. The second keeps a tenth, a third or all of its
people to learn from, and is asked about four later weeks (NDCG@10, three seeds, all requests pooled):

    counts   item vectors start from counts of what occurs together, as by default
    reads    and items of few events amid those whose titles mean the same
    shop     as before, by what the first shop's model learned, which also lends its network

Passes are chosen on the four weeks before; needs torch.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.datasets import office
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.data.split import Cases
from shopkeeper.evaluation.files import load_events
from shopkeeper.evaluation.protocols import time_task
from shopkeeper.learners.sequence.config import SequenceConfig
from shopkeeper.metrics.interval import bootstrap, paired_bootstrap
from shopkeeper.metrics.ranking import Values, hits, ndcg
from shopkeeper.recommenders.sequence import Transformer
from shopkeeper.training.tuning.trials import value_of

K: Final = 10
DAYS: Final = 28
SHARES: Final = (0.1, 0.3, 1.0)
SEEDS: Final = (0, 1, 2)
STARTS: Final = ("counts", "reads", "shop")


def shop(dataset: Dataset, odd: int) -> Dataset:
    """The shop of every second item."""
    codes = np.arange(odd, dataset.n_items, 2)
    ids = tuple(dataset.items.ids[code] for code in codes)
    vectors = np.asarray(dataset.items.vectors)[codes]
    return dataset.over(ItemIndex(ids, dataset.items.table[codes.tolist()], lambda: vectors))


def some(dataset: Dataset, share: float, seed: int) -> Dataset:
    """The events of a share of the people."""
    chosen = np.random.default_rng(seed).random(len(dataset.people)) < share
    return dataset.where(np.append(chosen, False)[dataset.person])


def answered(model: Transformer, cases: Cases) -> Values:
    """NDCG@10 of each case."""
    return ndcg(hits(model.recommend(cases.requests, K).lists, cases.truth, K))


def learned(
    data: tuple[Dataset, Dataset, Cases], reads: bool, warm: Transformer | None, seed: int
) -> Transformer:
    """Fitted on the second dataset, with as many passes as helped after the first."""
    before, train, valid = data
    model = Transformer(SequenceConfig(reads=reads, seed=seed))
    passes = model.learn(before, lambda found: value_of(found, valid), warm=warm)
    return Transformer(replace(model.config, epochs=passes)).fit(train, warm=warm)


def main() -> None:
    """Print a row for each share and start."""
    folder, out = map(Path, sys.argv[1:])
    dataset = load_events(*office(folder / "amazon_office", out)).dataset
    tasks = [time_task(shop(dataset, odd), DAYS) for odd in (0, 1)]
    found: dict[tuple[float, str], list[Values]] = {}
    for seed in SEEDS:
        first, second = tasks
        assert first.tuning is not None
        assert second.tuning is not None
        other = learned((first.tuning.train, first.train, first.tuning.test), True, None, seed)
        for share in SHARES:
            data = some(second.tuning.train, share, seed), some(second.train, share, seed), second.tuning.test
            for start in STARTS:
                model = learned(data, start != "counts", other if start == "shop" else None, seed)
                found.setdefault((share, start), []).append(answered(model, second.test))
    print(f"| people | start | NDCG@{K} | less counts |\n|---|---|---|---|")
    for (share, start), values in found.items():
        pooled, counts = np.concatenate(values), np.concatenate(found[share, "counts"])
        mean, gain = bootstrap(pooled), paired_bootstrap(pooled, counts)
        print(
            f"| {share:.0%} | {start} | {mean.mean:.4f} [{mean.low:.4f}, {mean.high:.4f}] "
            f"| {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] |"
        )


if __name__ == "__main__":
    main()
