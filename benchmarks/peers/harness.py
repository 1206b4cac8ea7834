"""What every runner shares: choosing settings on the tuning part, answering, writing.

This runs inside the environments of the peers, so it needs nothing but NumPy, SciPy and pyarrow.
"""

import argparse
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.peers.parts import Array, Part, batches, read_split

Settings = dict[str, Any]

K: Final = 20
"""Length of the lists."""

TUNING_REQUESTS: Final = 5_000
"""Most questions asked to compare settings."""


class Model(Protocol):
    """One fitted thing that answers.

    Attributes
    ----------
    settings
        What it was made with; after a fit also what the fit found out, such as a number of epochs.
    """

    settings: Settings

    def fit(self, part: Part) -> None:
        """Learn from the events of a part."""
        ...

    def recommend(self, part: Part, k: int, *, fresh: bool) -> Array:
        """Best items of each request, shape ``(n, k)``, -1 past the end; ``fresh`` leaves known ones out."""
        ...

    def scores(self, part: Part) -> Array:
        """Score of every item for every request of a small part, shape ``(n, n_items)``."""
        ...


@dataclass(frozen=True)
class Family:
    """A model and the settings it is tried with; the first are its defaults."""

    make: Callable[[Settings, int], Model]
    grid: Sequence[Settings]


@dataclass(frozen=True)
class Chosen:
    """The best model on the tuning part, whether it leaves known items out, its figures, and all trials."""

    model: Model
    fresh: bool
    ndcg: float
    seconds: float
    trials: list[Settings]


def ndcg(lists: Array, part: Part, k: int = 10) -> float:
    """Mean NDCG@k, as in `shopkeeper.metrics.ranking`, to compare settings with."""
    sizes = np.diff(part.truth_offsets)
    wanted = np.repeat(np.arange(len(part)), sizes) * part.n_items + part.truth
    asked = np.arange(len(part))[:, None] * part.n_items + lists[:, :k]
    found = np.isin(asked, wanted) & (lists[:, :k] >= 0)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    return float(((found @ discount) / np.cumsum(discount)[np.minimum(sizes, k) - 1]).mean())


def top(scores: Array, k: int) -> Array:
    """Best ``k`` items of each row, equal ones by rising code, -1 where the score is not finite."""
    k = min(k, scores.shape[1])
    part = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    found = np.take_along_axis(scores, part, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    lists = np.take_along_axis(part, order, axis=1)
    return np.where(np.isfinite(np.take_along_axis(found, order, axis=1)), lists, -1)


def recommend_by_scores(model: Model, part: Part, k: int, *, fresh: bool) -> Array:
    """`Model.recommend` for a model that has nothing better than all its scores."""
    return np.concatenate([top(_fresh(model.scores(batch), batch, fresh), k) for batch in batches(part)])


def recommend_known(model: Model, part: Part, k: int) -> Array:
    """Each person's known items by the model's score."""
    found = []
    for batch in batches(part):
        scores = np.full((len(batch), part.n_items), -np.inf, np.float32)
        rows = batch.owner
        scores[rows, batch.history] = model.scores(batch)[rows, batch.history]
        found.append(top(scores, k))
    return np.concatenate(found)


def choose(family: Family, tuning: Part, seed: int) -> Chosen:
    """Try every setting, with known items and without."""
    asked = tuning.sample(TUNING_REQUESTS)
    best: Chosen | None = None
    trials: list[Settings] = []
    for settings in family.grid:
        start = time.perf_counter()
        model = family.make(settings, seed)
        model.fit(asked)
        seconds = round(time.perf_counter() - start + getattr(model, "saved_seconds", 0.0), 4)
        for fresh in (False, True):
            value = ndcg(model.recommend(asked, K, fresh=fresh), asked)
            trials.append({**model.settings, "fresh": fresh, "ndcg@10": round(value, 6), "seconds": seconds})
            print(trials[-1], flush=True)
            if best is None or value > best.ndcg:
                best = Chosen(model, fresh, value, seconds, trials)
    assert best is not None, "a grid has settings"
    return best


def run(families: Mapping[str, Family], packages: Sequence[str]) -> None:
    """Read the command, fit, answer, and write ``OUT.parquet`` and ``OUT.json``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=list(families))
    parser.add_argument("split", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--settings", type=json.loads, help="settings a former run chose: nothing is tuned")
    parser.add_argument("--set", type=json.loads, default={}, help="settings that hold in every trial")
    options = parser.parse_args()
    family, test = families[options.model], read_split(options.split, "test")
    family = replace(family, grid=[{**settings, **options.set} for settings in family.grid])
    facts: Settings = {"model": options.model, "seed": options.seed}
    if options.settings is None:
        model, fresh = _tuned(family, options.split, test, options.seed, facts)
    else:
        fresh = options.settings.pop("fresh")
        model = family.make(options.settings, options.seed)
        facts |= {"tune_seconds": None, "final_fit_seconds": _timed(lambda: model.fit(test))}
    lists: dict[str, Array] = {}
    facts["predict_seconds"] = _timed(lambda: lists.update(all=model.recommend(test, K, fresh=fresh)))
    if json.loads((options.split / "split.json").read_text())["protocol"] == "time":
        lists["repeats_only"] = recommend_known(model, test, K)
        lists["new_to_person_only"] = model.recommend(test, K, fresh=True)
    facts |= {"settings": {**model.settings, "fresh": fresh}, "history": getattr(model, "log", None)}
    facts["peak_mb"] = round(peak_mb(), 1)
    facts |= {"python": platform.python_version(), "versions": {name: version(name) for name in packages}}
    _write_lists(lists, options.out.with_suffix(".parquet"))
    options.out.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _tuned(family: Family, split: Path, test: Part, seed: int, facts: Settings) -> tuple[Model, bool]:
    """Choose settings, then fit once more where the test part has more to learn from."""
    found: list[Chosen] = []
    tuning = read_split(split, "tuning")
    facts["tune_seconds"] = _timed(lambda: found.append(choose(family, tuning, seed)))
    chosen = found[0]
    facts["trials"] = chosen.trials
    if len(tuning.item) == len(test.item):  # the last-out protocol: nothing new to learn from
        facts["final_fit_seconds"] = chosen.seconds
        return chosen.model, chosen.fresh
    model = family.make(chosen.model.settings, seed)
    facts["final_fit_seconds"] = _timed(lambda: model.fit(test))
    return model, chosen.fresh


def peak_mb() -> float:
    """Largest resident memory of this process so far; the unit of the system call differs by platform."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return round(time.perf_counter() - start, 4)


def _fresh(scores: Array, part: Part, fresh: bool) -> Array:
    if fresh:
        scores[part.owner, part.history] = -np.inf
    return scores


def _write_lists(lists: Mapping[str, Array], path: Path) -> None:
    tables = []
    for part, found in lists.items():
        request, rank = np.nonzero(found >= 0)
        item = found[request, rank].astype(np.int64)
        tables.append(
            pa.table({"slice": [part] * len(item), "request": request, "rank": rank + 1, "item": item})
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(tables), path)
