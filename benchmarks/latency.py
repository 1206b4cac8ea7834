"""How long one request takes in process, on one thread: the default blend over a large catalogue.

    python -m benchmarks.latency OUT [--items 100000] [--people 40000]

A made-up log with habits, sequences and a long tail is learned from as ``shopkeeper train`` would; the model
is kept in OUT and asked by a process with one thread, one request at a time: by people with a history of 50
events, and by heavy households. OUT gets the figures as JSON.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core.config import EventWeights
from shopkeeper.core.types import DAY_MS, EventType, Requests
from shopkeeper.data.dataset import Dataset, ItemIndex, event_weights
from shopkeeper.data.histories import build_histories
from shopkeeper.evaluation.protocols import time_task
from shopkeeper.training.portfolio import fit_portfolio
from shopkeeper.training.promote import load_model, save_model

K = 20
ASKED = 500
ROUNDS = 3
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
GROUPS = {"history of 50": (50, 50), "heavy household": (300, 10_000)}
"""Fewest and most events of those who are asked; the first are cut to their last 50."""


def made_up(items: int, people: int, seed: int = 0) -> Dataset:
    """A year of people with staples of their own, who otherwise walk from an item to one near it."""
    rng = np.random.default_rng(seed)
    lengths = np.minimum(20 + rng.pareto(1.1, people) * 12, 1_500).astype(int)
    person = np.repeat(np.arange(people), lengths)
    start = np.cumsum(lengths) - lengths
    n = len(person)
    first = (items * rng.random(people) ** 2.5).astype(np.int64)
    steps = np.where(rng.random(n) < 0.15, rng.integers(-items, items, n), rng.integers(1, 40, n))
    walked = np.cumsum(steps)
    item = (first[person] + walked - walked[start][person]) % items
    staples = (items * rng.random((people, 8)) ** 2.5).astype(np.int64)
    habit = rng.random(n) < 0.35
    item[habit] = staples[person[habit], rng.integers(0, 8, int(habit.sum()))]
    moments = np.sort(rng.random(n) + person) - person
    ids = tuple(f"i{code:07}" for code in range(items))
    categories = [f"c{code % 200}" for code in range(items)]
    table = pl.DataFrame({"item_id": ids, "category": categories, "price": 1.0 + rng.pareto(2.0, items)})
    return Dataset(
        ItemIndex(ids, table),
        tuple(f"p{code:07}" for code in range(people)),
        person.astype(np.int32),
        item.astype(np.int32),
        np.full(n, EventType.purchase, np.int8),
        (moments * 365 * DAY_MS).astype(np.int64),
        np.ones(n, np.float32),
        event_weights(EventWeights()),
    )


def fit(dataset: Dataset, out: Path) -> Path:
    """Choose and fit as training does; the folder of the model."""
    task = time_task(dataset, 28)
    portfolio = fit_portfolio(task.train, task.tuning)
    for choice in portfolio.settings.plan:
        print(f"  {choice.name:18} {'trained' if choice.chosen else 'not trained':12} {choice.reason}")
    print(f"  weights {portfolio.settings.blend}")
    out.mkdir(parents=True, exist_ok=True)
    return out / save_model(out, portfolio, dataset, {})


def asked(dataset: Dataset, fewest: int, most: int) -> list[Requests]:
    """Requests of one, of people with at least so many events, cut to the last ``most``."""
    people = np.flatnonzero(np.diff(dataset.offsets) >= fewest)[:ASKED]
    cut = dataset.time[np.maximum(dataset.offsets[1:][people] - most, dataset.offsets[:-1][people])]
    found = []
    for person, since in zip(people, cut, strict=True):
        rows = (dataset.person == person) & (dataset.time >= since)
        part = dataset.where(rows)
        now = np.array([dataset.end], np.int64)
        everything = np.ones(dataset.n_items, bool)
        found.append(Requests(build_histories(part, np.array([person], np.int64), now), now, everything))
    return found


def milliseconds(folder: Path, requests: list[Requests]) -> NDArray[np.float64]:
    """Time of each request, ``ROUNDS`` times, after a warm-up."""
    model = load_model(folder).default
    for request in requests[:50]:
        model.recommend(request, K)
    found = []
    for request in requests * ROUNDS:
        start = time.perf_counter()
        model.recommend(request, K)
        found.append(1e3 * (time.perf_counter() - start))
    return np.array(found)


def ask(folder: Path, dataset: Dataset) -> dict[str, dict[str, float]]:
    """Median and 99th percentile of each group."""
    found = {}
    for name, (fewest, most) in GROUPS.items():
        times = milliseconds(folder, asked(dataset, fewest, most))
        found[name] = {f"p{q}": float(np.percentile(times, q)) for q in (50, 99)}
        print(f"{name:16} p50 {found[name]['p50']:.2f} ms  p99 {found[name]['p99']:.2f} ms", flush=True)
    return found


def main() -> None:
    """Fit in this process, ask in another with one thread."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=40_000)
    parser.add_argument("--model", type=Path, help="ask this one, made before")
    given = parser.parse_args()
    dataset = made_up(given.items, given.people)
    if given.model is not None:
        found = ask(given.model, dataset)
        record = {"items": given.items, "events": len(dataset), "machine": platform.machine(), "asked": found}
        (given.out / "latency.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
        return
    print(f"{len(dataset):,} events, {given.items:,} items, {given.people:,} people")
    folder = fit(dataset, given.out)
    again = [sys.executable, "-m", "benchmarks.latency", *sys.argv[1:], "--model", str(folder)]
    subprocess.run(again, check=True, env=os.environ | ONE_THREAD)


if __name__ == "__main__":
    main()
