"""What the friends' graph adds to a model of behaviour, and for whom: Last.fm.

    python -m benchmarks.social FOLDER OUT [SEED ...]

FOLDER is that of ``lastfm`` in `benchmarks.datasets`. Plays, consents and friendships are imported into a
shop. There are no times, so for each of five seeds everybody keeps a share of their artists, drawn between a
twentieth and all but a twentieth of them, and is asked for the others: people of whom little is known and
people of whom much is. The blend of the base installation is chosen and fitted twice on what was kept, with
the ties and without them, all of it learned on artists held back from that in the same way; settings of
families that hear no circle are chosen once. Told are NDCG@10 and Recall@10 by how many artists and plays are
known of who asks, with 95% intervals; each person is one draw, the mean of their seeds. OUT keeps figures.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

import shopkeeper
from benchmarks.datasets import lastfm
from shopkeeper.core.types import DAY_MS, Bools, Ragged, Requests
from shopkeeper.data.circles import build_circle
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import build_histories
from shopkeeper.data.split import Cases, Split
from shopkeeper.data.tied import Ties
from shopkeeper.metrics.interval import Interval, bootstrap, paired_bootstrap
from shopkeeper.metrics.ranking import Values, hits, ndcg, recall
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.social import Social
from shopkeeper.training.checkpoint import Checkpoint
from shopkeeper.training.learning import read_learnable
from shopkeeper.training.portfolio import Portfolio, fit_portfolio

SEEDS: Final = (0, 1, 2, 3, 4)
K: Final = 10
BATCH: Final = 512
LEAST: Final = 0.05
BUDGET: Final = 1e6
"""Seconds: enough for whatever suits, so that the load of the machine decides nothing."""
CONFIG: Final = "[cleaning]\nmax_quantity = 1_000_000\n"
METRICS: Final = {"NDCG@10": ndcg, "Recall@10": recall}
ARTISTS, PLAYS = "artists", "plays"
Told = dict[str, Values]
"""Figures of each person by model and metric, and what is known of them; NaN for who is not asked."""


def dataset_of(folder: Path, out: Path) -> Dataset:
    """What a training would learn from, in a shop into which everything was imported."""
    files = lastfm(folder, out)
    if not (out / "shop").exists():
        with shopkeeper.create(out / "shop", CONFIG) as shop:
            for path in files:
                print("\n".join(shop.import_(path, kind=path.stem).lines()), flush=True)
    with shopkeeper.open(out / "shop") as shop:
        return read_learnable(shop.store, shop.store, shop.config, out / "cache").dataset


def held_out(dataset: Dataset, seed: int) -> Split:
    """Everybody keeps a share of what they did, and is asked for the rest."""
    rng = np.random.default_rng(seed)
    shares = rng.uniform(LEAST, 1 - LEAST, len(dataset.people))
    kept = rng.random(len(dataset)) < shares[dataset.person]
    train, rest = dataset.where(kept), dataset.where(~kept)
    people = np.flatnonzero(np.diff(rest.offsets)).astype(np.int64)
    moments = np.full(len(people), dataset.end + DAY_MS, np.int64)
    requests = Requests(
        build_histories(train, people, moments), moments, circle=build_circle(train, people, moments)
    )
    truth = [np.unique(rest.item[rest.offsets[person] : rest.offsets[person + 1]]) for person in people]
    return Split(train, Cases(requests, Ragged.of(truth)))


def asked(model: Recommender, cases: Cases) -> Ragged:
    """Lists for all cases."""
    rows = [np.arange(start, min(start + BATCH, len(cases))) for start in range(0, len(cases), BATCH)]
    return Ragged.joined([model.recommend(cases.requests.take(part), K).lists for part in rows])


def fitted(split: Split, seed: int, steps: Path) -> Portfolio:
    """The blend, chosen on artists held back from what is learned from."""
    tuning = held_out(split.train, seed + 1_000)
    kept = Checkpoint(steps)
    return fit_portfolio(split.train, tuning, seed=seed, budget=BUDGET, deep=False, checkpoint=kept)


def measured(dataset: Dataset, seed: int, out: Path) -> Told:
    """Figures of one seed, shape ``(n_people,)`` each."""
    path = out / f"seed-{seed}.npz"
    if path.exists():
        with np.load(path) as kept:
            return dict(kept)
    found: Told = {}
    for name, ties in (("without", Ties()), ("with", dataset.ties)):
        split = held_out(replace(dataset, ties=ties), seed)
        model = fitted(split, seed, out / f"steps-{seed}")
        print(f"seed {seed}, {name}: {model.settings.blend}", flush=True)
        models = {name: model} | {part.name: part for part in model.sources if isinstance(part, Social)}
        for label, one in models.items():
            lists = hits(asked(one, split.test), split.test.truth, K)
            found |= {f"{label} {metric}": of(lists) for metric, of in METRICS.items()}
        train, n = split.train, len(dataset.people)
        known = {
            ARTISTS: np.bincount(train.person, minlength=n),
            PLAYS: np.bincount(train.person, train.value, n),
        }
    everybody = np.flatnonzero(np.diff(dataset.offsets) > np.diff(train.offsets))
    whole = {label: np.full(n, np.nan) for label in found}
    for label, values in found.items():
        whole[label][everybody] = values
    whole |= {label: values.astype(np.float64) for label, values in known.items()}
    np.savez(path, allow_pickle=False, **whole)
    return whole


def groups(told: Told) -> dict[str, Bools]:
    """Who is asked, by what is known of them."""
    artists, plays = told[ARTISTS], told[PLAYS]
    low, high = np.quantile(plays, (1 / 3, 2 / 3))
    return {
        "all": artists >= 0,
        "up to 4 artists": artists < 5,
        "5 to 19 artists": (artists >= 5) & (artists < 20),
        "20 artists or more": artists >= 20,
        "the third with fewest plays": plays < low,
        "the middle third": (plays >= low) & (plays < high),
        "the third with most plays": plays >= high,
    }


def of_people(seeds: list[Told], label: str, group: str) -> Values:
    """Mean over the seeds in which a person was asked as one of a group."""
    # Where friends got no weight at all there is no figure of theirs.
    values = np.stack([np.where(groups(told)[group], told.get(label, np.nan), np.nan) for told in seeds])
    counts = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    return np.where(np.isnan(values).all(axis=0), np.nan, np.nansum(values, axis=0) / counts)


def shown(gain: Interval) -> str:
    """Mean and bounds."""
    return f"{gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"


def main(arguments: list[str]) -> None:
    """Print a row for each metric and group."""
    folder, out = map(Path, arguments[:2])
    dataset = dataset_of(folder, out)
    seeds = [measured(dataset, seed, out) for seed in map(int, arguments[2:] or SEEDS)]
    print("| | of whom is known | people | without | with | gain | friends alone |\n" + "|---" * 7 + "|")
    for metric in METRICS:
        for group in groups(seeds[0]):
            without, with_, alone = (
                of_people(seeds, f"{label} {metric}", group) for label in ("without", "with", Social.name)
            )
            gain = paired_bootstrap(with_, without)
            means = [f"{bootstrap(values).mean:.4f}" for values in (without, with_, alone)]
            cells = metric, group, f"{gain.n:,}", *means[:2], shown(gain), means[2]
            print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main(sys.argv[1:])
