"""How long fitting takes as a shop grows: 1 x, 4 x and 16 x the customers and the items of a generated shop.

    python -m benchmarks.growth [--customers 300] [--items 1000] [--days 180] [--rounds 3] [--out DIR]

Printed and drawn (``growth.png``, ``growth.svg``, ``growth.json``) is the time of the final fit, the one that
goes live, of each source with its default settings and of all together: processor time, the best of several
rounds. Beside it stands the slope of time over events on logarithmic axes: 1 is linear, and the whole
must stay at or below 1.1 (the exit status says so).

    python -m benchmarks.growth --crowd 1000000 10000000 50000000 [--whole] [--out DIR]

fits co-occurrence alone to as many generated events in memory (`benchmarks.crowd`), each in a process of its
own, and tells its peak memory as well, the events included (``growth_crowd.json``). With ``--whole`` it is
all that ``train`` does without torch instead: plan, tuning on the last four weeks, blend, ranker and final
fit, by the clock (``growth_whole.json``).
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import polars as pl

from benchmarks.crowd import crowd
from shopkeeper.core import columns as c
from shopkeeper.data.dataset import PERSON, Dataset, build_dataset
from shopkeeper.data.split import time_split
from shopkeeper.data.synthetic import generate
from shopkeeper.recommenders.blend import Blend
from shopkeeper.recommenders.registry import BASIC, RECOMMENDERS
from shopkeeper.training.portfolio import Portfolio, Settings, fit_portfolio

mpl.use("Agg")

FACTORS = (1, 4, 16)
STEEPEST = 1.1

Fit = Callable[[Dataset], object]


def dataset_of(customers: int, items: int, days: int) -> Dataset:
    """A generated shop, ready to learn from."""
    shop = generate(customers, items, days, seed=1)
    events = shop.events.with_columns(pl.coalesce(c.CUSTOMER_ID, c.SESSION_ID).alias(PERSON))
    return build_dataset(events, shop.items)


def fits() -> dict[str, Fit]:
    """What is timed, by name: the whole portfolio first."""
    whole: dict[str, Fit] = {Blend.name: lambda dataset: Portfolio.of(Settings()).fit(dataset)}
    return whole | {name: _alone(name) for name in (source.name for source in BASIC)}


def _alone(name: str) -> Fit:
    return lambda dataset: RECOMMENDERS[name]().fit(dataset)


def seconds(fit: Fit, dataset: Dataset, rounds: int) -> float:
    """Processor time of the best of several rounds: what else the machine does is not counted."""
    found = []
    for _ in range(rounds):
        start = time.process_time()
        fit(dataset)
        found.append(time.process_time() - start)
    return min(found)


def slope(events: list[int], times: list[float]) -> float:
    """Least-squares slope of time over events on logarithmic axes."""
    return float(np.polyfit(np.log(events), np.log(times), 1)[0])


def draw(events: list[int], times: dict[str, list[float]], slopes: dict[str, float], out: Path) -> None:
    """Time over events, a line a fit, beside what linear would be."""
    figure, axes = plt.subplots(figsize=(7, 4.5), constrained_layout=True)
    for name, found in times.items():
        width = 2.5 if name == Blend.name else 1.2
        axes.loglog(events, found, marker="o", linewidth=width, label=f"{name} ({slopes[name]:.2f})")
    first = times[Blend.name][0]
    axes.loglog(events, [first * n / events[0] for n in events], "k:", linewidth=1, label="linear (1.00)")
    axes.set(xlabel="events", ylabel="processor seconds to fit", title="Fit time as a shop grows (slope)")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for suffix in ("png", "svg"):
        figure.savefig(out / f"growth.{suffix}", dpi=150)
    plt.close(figure)


def fit_crowd(events: int, kind: str) -> dict[str, float]:
    """Seconds of a fit to a crowd, see `CROWD_FITS`, and peak gigabytes of this process."""
    dataset = crowd(events)
    took = CROWD_FITS[kind](dataset)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"events": len(dataset), "seconds": took, "gigabytes": peak}


def train_whole(dataset: Dataset) -> float:
    """Seconds by the clock to choose, tune, blend and fit everything that needs no torch."""
    start = time.perf_counter()
    fit_portfolio(dataset, time_split(dataset, 28), _tell, deep=False)
    return time.perf_counter() - start


def _tell(stage: str, done: int, total: int) -> None:
    print(f"{time.strftime('%X')} {stage} {done}/{total}", file=sys.stderr, flush=True)


CROWD_FITS: Mapping[str, Callable[[Dataset], float]] = {
    "crowd": lambda dataset: seconds(_alone("cooccurrence"), dataset, 1),
    "whole": train_whole,
}
"""Co-occurrence alone in processor seconds, or the whole training by the clock."""


def measure_crowds(sizes: list[int], kind: str, out: Path) -> int:
    """Fit to crowds of these sizes; 1 if time grows faster than it may."""
    found = []
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.growth", "--one-crowd", str(size), kind]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found.append(json.loads(told))
        print(
            "{events:>11,.0f} events  {seconds:7.1f} s  {gigabytes:5.2f} GB".format(**found[-1]), flush=True
        )
    steep = slope([one["events"] for one in found], [one["seconds"] for one in found]) if sizes[1:] else 1.0
    print(f"slope {steep:.2f}")
    out.mkdir(parents=True, exist_ok=True)
    record = {"fits": found, "slope": steep}
    (out / f"growth_{kind}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return int(steep > STEEPEST)


def main() -> int:
    """Measure, print, draw; 1 if the whole grows faster than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--items", type=int, default=4_000)
    parser.add_argument("--widening", type=float, default=0.0)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    parser.add_argument("--crowd", type=int, nargs="+", default=[])
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--one-crowd", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one_crowd:
        print(json.dumps(fit_crowd(int(given.one_crowd[0]), given.one_crowd[1])))
        return 0
    if given.crowd:
        return measure_crowds(given.crowd, "whole" if given.whole else "crowd", given.out)
    events: list[int] = []
    times: dict[str, list[float]] = {name: [] for name in fits()}
    for factor in FACTORS:
        items = round(given.items * factor**given.widening)
        dataset = dataset_of(given.customers * factor, items, given.days)
        events.append(len(dataset))
        for name, fit in fits().items():
            times[name].append(seconds(fit, dataset, given.rounds))
        figures = "  ".join(f"{name} {found[-1]:.3f} s" for name, found in times.items())
        print(f"{factor:>2} x  {len(dataset):>9,} events  {dataset.n_items:>6,} items  {figures}", flush=True)
    slopes = {name: slope(events, found) for name, found in times.items()}
    print("slope  " + "  ".join(f"{name} {found:.2f}" for name, found in slopes.items()))
    given.out.mkdir(parents=True, exist_ok=True)
    draw(events, times, slopes, given.out)
    record = {"events": events, "seconds": times, "slopes": slopes}
    (given.out / "growth.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return int(slopes[Blend.name] > STEEPEST)


if __name__ == "__main__":
    raise SystemExit(main())
