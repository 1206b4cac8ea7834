"""What the transformer costs and gains by its size, in whole numbers of 8 bits, and beside recurrent units.

    python -m benchmarks.sequence EVENTS OUT [--sizes tiny small medium] [--passes 8] [--rounds 500]

EVENTS is a file for ``shopkeeper evaluate``, asked by the protocol ``last-out``. For each size, once more
with gates, and for the recurrent baseline: NDCG@10 on validation after each pass, NDCG@10 and HR@10 on test
after the best pass, the same with the network in 8 bits, processor seconds of a pass and of a million events,
and how long one history of 50 events takes on one thread. OUT gets all of it as JSON.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.core.types import Requests
from shopkeeper.data.split import Cases
from shopkeeper.evaluation.files import load_events
from shopkeeper.evaluation.protocols import Task, last_out_task
from shopkeeper.learners.sequence.config import SIZES, SequenceConfig
from shopkeeper.metrics.ranking import hits, ndcg, recall
from shopkeeper.recommenders.sequence import GruSequence, Transformer
from shopkeeper.training.tuning.trials import value_of

LENGTH = 50
CASES = 6_000


@dataclass(frozen=True)
class Contender:
    """One network to train."""

    family: type[Transformer]
    config: SequenceConfig


def contenders(sizes: list[str], passes: int) -> dict[str, Contender]:
    """Each size plain and with gates, and the baseline at the size of the default."""
    found = {}
    for size in sizes:
        config = SequenceConfig(size=size, epochs=passes)
        found[size] = Contender(Transformer, config)
        found[f"{size} gated"] = Contender(Transformer, replace(config, gate=True))
    return {**found, "gru": Contender(GruSequence, SequenceConfig(epochs=passes))}


def measured(contender: Contender, task: Task, rounds: int) -> dict[str, Any]:
    """All figures of one network."""
    assert task.tuning is not None
    cases, train = task.tuning.test.sample(CASES, 0), task.tuning.train
    passes: list[dict[str, float]] = []
    model = contender.family(contender.config)
    last = time.process_time()

    def watch(found: Transformer) -> float:
        nonlocal last
        spent, value = time.process_time() - last, value_of(found, cases)
        passes.append({"validation": round(value, 5), "cpu_s": round(spent, 2)})
        last = time.process_time()
        return value

    best = model.learn(train, watch)
    a_pass = float(np.median([one["cpu_s"] for one in passes[1:]])) if len(passes) > 1 else 0.0
    small = model.in_whole_numbers()
    history = _longest(task.test)
    return {
        "passes": passes,
        "best_pass": best,
        "cpu_s_a_pass": a_pass,
        "cpu_s_a_million_events": round(a_pass / len(train) * 1e6, 1),
        "weights": model.n_weights,
        "validation": [round(value_of(one, cases), 5) for one in (model, small)],
        "test": [_figures(one, task.test) for one in (model, small)],
        "one_history_ms": [_milliseconds(one, history, rounds) for one in (model, small)],
    }


def _figures(model: Transformer, cases: Cases) -> dict[str, float]:
    found = hits(model.recommend(cases.requests, 10).lists, cases.truth, 10)
    return {"ndcg": round(float(ndcg(found).mean()), 5), "hr": round(float(recall(found).mean()), 5)}


def _longest(cases: Cases) -> Requests:
    """One request with the longest history there is, repeated to `LENGTH` events."""
    row = int(np.diff(cases.requests.histories.offsets).argmax())
    one = cases.requests.take(np.array([row]))
    place = np.sort(np.resize(np.arange(len(one.histories.items)), LENGTH))
    events = {name: getattr(one.histories, name)[place] for name in ("items", "kinds", "times", "values")}
    return replace(one, histories=replace(one.histories, offsets=np.array([0, LENGTH]), **events))


def _milliseconds(model: Transformer, request: Requests, rounds: int) -> dict[str, float]:
    """From the request to its vector."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        model.represent(request)
        times.append(1e3 * (time.perf_counter() - start))
    p50, p99 = np.percentile(times, [50, 99])
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3)}


def table(found: Mapping[str, dict[str, Any]], write: Callable[[str], None] = print) -> None:
    """One line a network."""
    names = ("weights", "NDCG", "HR", "8 bits", "passes", "s/pass", "ms", "8 bits")
    write(f"{'network':16}" + "".join(f"{name:>9}" for name in names))
    for name, one in found.items():
        whole, small = one["test"]
        slow, quick = (part["p50"] for part in one["one_history_ms"])
        write(
            f"{name:16}{one['weights']:9,}{whole['ndcg']:9.4f}{whole['hr']:9.4f}{small['ndcg']:9.4f}"
            f"{one['best_pass']:9}{one['cpu_s_a_pass']:9.1f}{slow:9.2f}{quick:9.2f}"
        )


def main() -> None:
    """Read the command line, measure, tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("events", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=["tiny", "small", "medium"])
    parser.add_argument("--passes", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=500)
    wanted = parser.parse_args()
    task = last_out_task(load_events(wanted.events).dataset)
    found: dict[str, dict[str, Any]] = {}
    for name, contender in contenders(wanted.sizes, wanted.passes).items():
        found[name] = measured(contender, task, wanted.rounds)
        wanted.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
    table(found)


if __name__ == "__main__":
    main()
