"""What item vectors and another shop's model give a transformer that has little to learn from.

    python -m benchmarks.transfer FOLDER OUT

FOLDER holds ``amazon_office`` (see `benchmarks.datasets`), taken apart into two shops with nothing in common:
items of even codes and their events, and items of odd codes. The second keeps a tenth, a third or all of its
people to learn from, and is asked about four later weeks (NDCG@10, three seeds, all requests pooled):

    counts   item vectors start from counts of what occurs together, as by default
    reads    and items of few events amid those whose titles mean the same
    shop     as before, by what the first shop's model learned, which also lends its network

Passes are chosen on the four weeks before; needs torch. A second table says what it gives the other models
whose item vectors are learned, on the second shop with the same people: a start by chance, and by what titles
mean.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.datasets import office
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.data.split import Cases
from shopkeeper.evaluation.files import load_events
from shopkeeper.evaluation.protocols import Task, time_task
from shopkeeper.learners.sequence.config import SequenceConfig
from shopkeeper.metrics.interval import bootstrap, paired_bootstrap
from shopkeeper.metrics.ranking import Values, hits, ndcg
from shopkeeper.recommenders.autoencoder import Autoencoder, AutoencoderConfig
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.factorization_machine import FactorizationMachine, FactorizationMachineConfig
from shopkeeper.recommenders.factors import Factors, FactorsConfig
from shopkeeper.recommenders.sequence import Transformer
from shopkeeper.training.tuning.trials import value_of

K: Final = 10
DAYS: Final = 28
SHARES: Final = (0.1, 0.3, 1.0)
SEEDS: Final = (0, 1, 2)
STARTS: Final = ("counts", "reads", "shop")
Learner = Autoencoder | FactorizationMachine | Factors
OTHERS: Final[dict[str, Callable[[int], Learner]]] = {
    "autoencoder": lambda seed: Autoencoder(AutoencoderConfig(seen=0.0, seed=seed)),
    "factorization machine": lambda seed: FactorizationMachine(
        FactorizationMachineConfig(reads=True, seen=0.0, seed=seed)
    ),
    "factors": lambda seed: Factors(FactorsConfig(seen=0.0, seed=seed)),
}


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


def answered(model: Recommender, cases: Cases) -> Values:
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


def started(model: Learner, data: tuple[Dataset, Dataset, Cases]) -> Recommender:
    """The same for the other models."""
    before, train, valid = data
    if isinstance(model, Factors):
        return model.fit(train)
    passes = model.learn(before, lambda found: value_of(found, valid))
    return type(model)(replace(model.config, epochs=max(passes, 1))).fit(train)  # type: ignore[arg-type]


def table(found: dict[tuple[str, str], list[Values]], first: str) -> None:
    """A row for each setting and start, beside the first start."""
    print(f"| setting | start | NDCG@{K} | less {first} |\n|---|---|---|---|")
    for (setting, start), values in found.items():
        pooled, other = np.concatenate(values), np.concatenate(found[setting, first])
        mean, gain = bootstrap(pooled), paired_bootstrap(pooled, other)
        print(
            f"| {setting} | {start} | {mean.mean:.4f} [{mean.low:.4f}, {mean.high:.4f}] "
            f"| {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] |",
            flush=True,
        )


def others(second: Task) -> None:
    """Print the second table."""
    assert second.tuning is not None
    items = second.train.items
    catalogues = {"chance": replace(items, read=None), "reads": items}
    found: dict[tuple[str, str], list[Values]] = {}
    for name, share in product(OTHERS, SHARES):
        for seed, (start, catalogue) in product(SEEDS, catalogues.items()):
            before = some(second.tuning.train, share, seed).over(catalogue)
            train = some(second.train, share, seed).over(catalogue)
            model = started(OTHERS[name](seed), (before, train, second.tuning.test))
            found.setdefault((f"{name}, {share:.0%}", start), []).append(answered(model, second.test))
    table(found, "chance")


def main() -> None:
    """Print both tables."""
    folder, out = map(Path, sys.argv[1:])
    dataset = load_events(*office(folder / "amazon_office", out)).dataset
    tasks = [time_task(shop(dataset, odd), DAYS) for odd in (0, 1)]
    others(tasks[1])
    found: dict[tuple[str, str], list[Values]] = {}
    for seed in SEEDS:
        first, second = tasks
        assert first.tuning is not None
        assert second.tuning is not None
        other = learned((first.tuning.train, first.train, first.tuning.test), True, None, seed)
        for share in SHARES:
            data = some(second.tuning.train, share, seed), some(second.train, share, seed), second.tuning.test
            for start in STARTS:
                model = learned(data, start != "counts", other if start == "shop" else None, seed)
                found.setdefault((f"{share:.0%}", start), []).append(answered(model, second.test))
    table(found, "counts")


if __name__ == "__main__":
    main()
