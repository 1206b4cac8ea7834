"""How well `shopkeeper uplift` ranks effects that are known, beside the oracle that knows them.

    python -m benchmarks.uplift OUT [--rows N] [--seeds FIRST LAST]

Populations are generated: ten columns of numbers and one of words, an outcome whose probability is known with
and without treatment. ``clear`` is a coupon that moves some, ``rare`` an outcome of few in a hundred, ``both
ways`` one that drives some away, ``chosen`` a coupon that went to those who buy anyway (treatment by what
people are like), ``none`` no effect. Every figure comes from what the command writes; the oracle's Qini is
that of the true effects on the same rows. The seeds from 100 on were used to choose settings, those reported
were not.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from shopkeeper.cli import main as shopkeeper
from shopkeeper.metrics.uplift import Trial, uplift

Doubles = NDArray[np.float64]
COLUMNS: Final = 10
CITIES: Final = ("north", "south", "east", "west")


@dataclass(frozen=True)
class World:
    """How people of a population behave.

    Attributes
    ----------
    base
        Log-odds of the outcome without treatment, from columns and city.
    effect
        What the treatment adds to the log-odds.
    chance
        Probability of treatment.
    """

    base: Callable[[Doubles, NDArray[np.int64]], Doubles]
    effect: Callable[[Doubles, NDArray[np.int64]], Doubles]
    chance: Callable[[Doubles], Doubles]


def _half(x: Doubles) -> Doubles:
    return np.full(len(x), 0.5)


def _habit(x: Doubles, city: NDArray[np.int64]) -> Doubles:
    return np.asarray(-1.5 + 0.6 * x[:, 0] - 0.5 * x[:, 1] * (x[:, 2] > 0) + 0.4 * (city == 1))


def _moved(x: Doubles, city: NDArray[np.int64]) -> Doubles:
    return np.asarray(0.9 * expit(2 * x[:, 3]) + 0.6 * (city == 2) * (x[:, 0] < 0))


WORLDS: Final = {
    "clear": World(_habit, _moved, _half),
    "rare": World(lambda x, city: _habit(x, city) - 2.0, lambda x, city: 1.5 * _moved(x, city), _half),
    "both ways": World(_habit, lambda x, city: 0.8 * np.tanh(1.5 * x[:, 3]) + 0.3 * x[:, 4], _half),
    "chosen": World(_habit, _moved, lambda x: expit(0.9 * x[:, 0] - 0.5 * x[:, 5])),
    "none": World(_habit, lambda x, city: np.zeros(len(x)), _half),
}


def people(world: World, n: int, seed: int) -> tuple[pl.DataFrame, Doubles]:
    """A file of people, and the true effect on each."""
    rng = np.random.default_rng(seed)
    x, city = rng.normal(size=(n, COLUMNS)), rng.integers(0, len(CITIES), n)
    base, more = world.base(x, city), world.effect(x, city)
    treated = rng.random(n) < world.chance(x)
    bought = rng.random(n) < expit(base + more * treated)
    frame = pl.DataFrame({f"x{place}": x[:, place] for place in range(COLUMNS)}).with_columns(
        city=pl.Series([CITIES[code] for code in city]), coupon=treated.astype(int), bought=bought.astype(int)
    )
    return frame, expit(base + more) - expit(base)


def ask(name: str, n: int, seed: int, folder: Path) -> str:
    """One row of the table."""
    train, _ = people(WORLDS[name], n, 2 * seed)
    test, effect = people(WORLDS[name], n, 2 * seed + 1)
    files = {part: folder / f"{part}.parquet" for part in ("train", "test")}
    train.write_parquet(files["train"])
    test.write_parquet(files["test"])
    out, started = folder / "uplift.json", time.perf_counter()
    options = [f"--{part}={path}" for part, path in files.items()]
    options += ["--treatment=coupon", "--outcome=bought"]
    with redirect_stdout(StringIO()):
        if shopkeeper(["uplift", *options, f"--json={out}"]):
            raise SystemExit(2)
    spent = time.perf_counter() - started
    found = json.loads(out.read_text("utf-8"))
    trial = Trial.of(*(test[column].cast(pl.Boolean).to_numpy() for column in ("coupon", "bought")))
    best = uplift(effect, trial, resamples=2).qini.mean
    low, high = found["qini_interval"]
    # Of expected outcomes, not of those drawn: what the order is worth without the noise of the test.
    scores = np.array(found["scores"])
    true = expected_qini(scores, effect) / expected_qini(effect, effect) if effect.any() else float("nan")
    alone = " | ".join(f"{one['weight']:.2f} {one['qini']:.4f}" for one in found["learners"].values())
    return (
        f"| {name} | {seed} | {found['qini']:.4f} | {low:.4f} to {high:.4f} | {best:.4f} "
        f"| {found['qini'] / best if best else float('nan'):.2f} | {true:.2f} | {found['auuc']:.4f} "
        f"| {alone} | {'yes' if found['overlap']['random'] else 'no'} | {spent:.0f} |"
    )


def expected_qini(scores: Doubles, effect: Doubles) -> float:
    """The Qini of an order where the effect on each is known."""
    gain = np.append(0.0, np.cumsum(effect[np.argsort(-scores, kind="stable")])) / len(effect)
    return float(np.trapezoid(gain, np.linspace(0, 1, len(gain))) - gain[-1] / 2)


def main(arguments: list[str]) -> int:
    """Print a row a population and seed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 3))
    parser.add_argument("--only", nargs="+", choices=WORLDS, default=list(WORLDS))
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    heads = "population|seed|Qini|95%|oracle's|share|share, expected|AUUC|S|T|DR|random|seconds"
    print(f"| {heads.replace('|', ' | ')} |")
    print("|---" * (heads.count("|") + 1) + "|")
    for name in options.only:
        for seed in range(*options.seeds):
            print(ask(name, options.rows, seed, options.out), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
