"""Running one contender in a process of its own: ours through the public command, a peer by its runner."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from benchmarks.peers.environments import ROOT, ready
from shopkeeper.core.types import Ragged

Lists = Mapping[str, Ragged]


@dataclass(frozen=True, slots=True)
class Peer:
    """Something to compare with.

    Attributes
    ----------
    name
        Name in tables and files.
    module, model
        The runner, and its name for the model.
    environment
        Where it runs; empty for our own.
    is_random
        Whether another seed gives other lists.
    most_items
        Catalogue above which its dense matrix does not fit into a laptop; 0 for none.
    """

    name: str
    module: str
    model: str
    environment: str = ""
    is_random: bool = False
    most_items: int = 0


PEERS: Final = (
    Peer("popularity", "run_closed", "popularity"),
    Peer("frequency", "run_closed", "frequency"),
    Peer("item-knn", "run_closed", "item-knn"),
    Peer("dir-cooc", "run_closed", "dir-cooc"),
    Peer("ease-decay", "run_closed", "ease-decay", most_items=25_000),
    Peer("implicit-als", "run_implicit", "als", "implicit", is_random=True),
    Peer("implicit-bpr", "run_implicit", "bpr", "implicit", is_random=True),
    Peer("implicit-item-item", "run_implicit", "item-item", "implicit"),
    Peer("rectools-ease", "run_rectools", "ease", "rectools", most_items=25_000),
    Peer("rectools-sasrec", "run_rectools", "sasrec", "rectools", is_random=True),
    Peer("rectools-esasrec", "run_rectools", "esasrec", "rectools", is_random=True),
)
"""Every peer, the cheapest first."""

OURS: Final = ("shopkeeper", "transformer", "cooccurrence")
"""Our models, by the names of ``shopkeeper evaluate``; the first is compared with every peer."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one process brought.

    Attributes
    ----------
    name, seed
        Of what.
    lists
        Answers to all requests by slice: ``all``, and where there are any ``repeats_only`` and
        ``new_to_person_only``. A request that has no such truth may have no answer there.
    fit_seconds, final_fit_seconds, predict_seconds
        Choosing settings and fitting, the last fit alone, and answering.
    cpu_seconds, peak_mb
        Of the whole process, reading included.
    facts
        Everything else it wrote.
    """

    name: str
    seed: int
    lists: Lists
    fit_seconds: float
    final_fit_seconds: float | None
    predict_seconds: float
    cpu_seconds: float
    peak_mb: float
    facts: Mapping[str, Any]


def run_peer(peer: Peer, split: Path, out: Path, seed: int, fixed: Mapping[str, Any]) -> Run:
    """Fit a peer and read its answers; another seed than the first takes over what the first one chose.

    Parameters
    ----------
    peer, split, out, seed
        What, on which split files, into which folder, and under which seed.
    fixed
        Settings that hold in every trial.
    """
    python = ready(peer.environment) if peer.environment else Path(sys.executable)
    target = out / f"{peer.name}-{seed}"
    command = [str(python), "-m", f"benchmarks.peers.{peer.module}", peer.model, str(split), str(target)]
    command += ["--seed", str(seed), "--set", json.dumps(dict(fixed))]
    if seed:
        first = json.loads((out / f"{peer.name}-0.json").read_text())
        command += ["--settings", json.dumps(first["settings"])]
    # implicit runs its own threads and warns of the linear algebra's inside them.
    threads = {"OPENBLAS_NUM_THREADS": "1"} if peer.environment == "implicit" else {}
    process = _run(command, target.with_suffix(".log"), {"PYTHONPATH": str(ROOT), **threads})
    facts = json.loads(target.with_suffix(".json").read_text()) | {"process": process}
    target.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
    return read_peer(peer.name, seed, split, out)


def read_peer(name: str, seed: int, split: Path, out: Path) -> Run:
    """What a peer wrote."""
    target = out / f"{name}-{seed}"
    facts = json.loads(target.with_suffix(".json").read_text())
    n = len(pl.read_parquet(split / "test" / "requests.parquet", columns=["request"]))
    lists = _lists(pl.read_parquet(target.with_suffix(".parquet")), n)
    final = facts["final_fit_seconds"]
    # Where the last-out protocol has nothing new to learn from, the last fit was one of the trials.
    tuned, shared = facts["tune_seconds"], json.loads((split / "split.json").read_text())["shared_train"]
    fit = final if tuned is None else tuned + (0.0 if shared else final)
    return Run(
        name,
        seed,
        lists,
        fit,
        final,
        facts["predict_seconds"],
        facts["process"]["cpu_seconds"],
        facts["peak_mb"],
        facts,
    )


def run_ours(name: str, arguments: Sequence[str], split: Path, out: Path, seed: int) -> Run:
    """Measure one of our models through the public command."""
    target = out / f"ours-{name}-{seed}"
    command = [
        sys.executable,
        "-m",
        "shopkeeper",
        "evaluate",
        *arguments,
        "--model",
        name,
        "--seed",
        str(seed),
    ]
    figures, lists = target.with_suffix(".json"), target.with_suffix(".parquet")
    process = _run([*command, "--json", str(figures), "--lists", str(lists)], target.with_suffix(".log"), {})
    facts = json.loads(figures.read_text()) | {"process": process}
    figures.write_text(json.dumps(facts, indent=1) + "\n")
    return read_ours(name, seed, split, out)


def read_ours(name: str, seed: int, split: Path, out: Path) -> Run:
    """What the public command wrote."""
    target = out / f"ours-{name}-{seed}"
    facts = json.loads(target.with_suffix(".json").read_text())
    codes = pl.read_parquet(split / "items.parquet")
    answers = pl.read_parquet(target.with_suffix(".parquet")).join(codes, on="item_id", maintain_order="left")
    found = facts["models"][0]
    return Run(
        name,
        seed,
        _lists(answers, facts["data"]["requests"]),
        found["fit_seconds"],
        found.get("final_fit_seconds"),
        found["predict_seconds"],
        facts["process"]["cpu_seconds"],
        found["peak_rss_mb"],
        facts,
    )


def _run(command: Sequence[str], log: Path, variables: Mapping[str, str]) -> dict[str, float]:
    """Run a command to its end; seconds by the clock and of all processors.

    A shell stands between, because a process inherits the largest memory of the one that started it.

    Raises
    ------
    RuntimeError
        It failed.
    """
    start = time.perf_counter()
    hop = ["/bin/sh", "-c", '"$@"; exit $?', "sh", *command]
    with log.open("w") as told:
        process = subprocess.Popen(
            hop, stdout=told, stderr=subprocess.STDOUT, cwd=ROOT, env={**os.environ, **variables}
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text()[-2000:]}")
    seconds = {"seconds": time.perf_counter() - start, "cpu_seconds": usage.ru_utime + usage.ru_stime}
    return {name: round(value, 2) for name, value in seconds.items()}


def _lists(answers: pl.DataFrame, n: int) -> dict[str, Ragged]:
    """Answers by slice."""
    found = {}
    for part in answers["slice"].unique(maintain_order=True):
        mine = answers.filter(pl.col("slice") == part).sort("request", "rank")
        offsets = np.searchsorted(mine["request"].to_numpy(), np.arange(n + 1)).astype(np.int64)
        found[part] = Ragged(offsets, mine["item"].to_numpy().astype(np.int32))
    return found
