"""Everybody on one dataset, in one run on one machine.

    python -m benchmarks.peers DATASET FOLDER OUT [--seeds 5] [--only NAMES] [--keep] [--set PEER=JSON]

DATASET is ``beauty``, ``diginetica``, ``journey`` or ``online_retail``; FOLDER holds its raw files as in
`benchmarks.datasets` (``journey`` needs none: give ``.``). Written into OUT: the split files, every list,
``peers.md``, ``peers.json`` and ``peers.svg``. Each contender runs in a process of its own, one by one.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import datasets
from benchmarks.accuracy import PROTOCOLS, journey
from benchmarks.peers import report
from benchmarks.peers.measure import Measured, check, measure
from benchmarks.peers.runs import OURS, PEERS, Peer, Run, read_ours, read_peer, run_ours, run_peer
from benchmarks.peers.splits import write_split
from shopkeeper.evaluation.files import load_events, load_sessions
from shopkeeper.evaluation.protocols import Task, last_out_task, sessions_task, time_task

CONVERTERS: Final[Mapping[str, Callable[[Path, Path], list[Path]]]] = {
    **datasets.DATASETS,
    "journey": lambda folder, out: journey(out),
}


def main() -> None:
    """Convert, split, run everybody, compare."""
    options = _options()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    files = CONVERTERS[options.dataset](options.folder, out)
    split = out / "split"
    task = _split(options.dataset, files, split)
    test = ["--test", str(files[1])] if len(files) > 1 else []
    arguments = ["--events", str(files[0]), *test, "--protocol", *PROTOCOLS[options.dataset]]
    found = [
        *(_ours(name, arguments, task, options) for name in OURS if name in options.only),
        *(_peer(peer, task, options) for peer in PEERS if peer.name in options.only and _fits(peer, task)),
    ]
    ours = next((model for model in found if model.name == OURS[0]), None)
    report.write(out, task.protocol, found, ours)
    text = _text(task, found, ours)
    (out / "peers.md").write_text(text + "\n", encoding="utf-8")
    print(text)


def _options() -> argparse.Namespace:
    names = [*OURS, *(peer.name for peer in PEERS)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("dataset", choices=sorted(CONVERTERS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, default=5, help="for what is random (default: 5)")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--keep", action="store_true", help="keep answers that are there from a run before")
    parser.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="PEER=JSON",
        help="settings that hold in every trial of a peer",
    )
    return parser.parse_args()


def _split(name: str, files: Sequence[Path], folder: Path) -> Task:
    protocol, *rest = PROTOCOLS[name]
    loaded = load_sessions(*files) if protocol == "sessions" else load_events(files[0])
    tasks: dict[str, Callable[[], Task]] = {
        "last-out": lambda: last_out_task(loaded.dataset),
        "time": lambda: time_task(loaded.dataset, float(rest[1])),
        "sessions": lambda: sessions_task(loaded.dataset, loaded.test_people),
    }
    task = tasks[protocol]()
    write_split(task, loaded.dataset, folder)
    return task


def _ours(name: str, arguments: Sequence[str], task: Task, options: argparse.Namespace) -> Measured:
    split, out = options.out / "split", options.out
    runs = []
    for seed in range(options.seeds):
        kept = options.keep and (out / f"ours-{name}-{seed}.parquet").exists()
        run = read_ours(name, seed, split, out) if kept else run_ours(name, arguments, split, out, seed)
        runs.append(_told(run))
    measured = measure(task, runs)
    for seed, run in enumerate(runs):
        check({key: values[seed] for key, values in measured.values.items()}, run.facts["models"][0])
    return measured


def _peer(peer: Peer, task: Task, options: argparse.Namespace) -> Measured:
    split, out = options.out / "split", options.out
    fixed = _fixed(options.set).get(peer.name, {})
    runs = []
    for seed in range(options.seeds if peer.is_random else 1):
        kept = options.keep and (out / f"{peer.name}-{seed}.parquet").exists()
        run = read_peer(peer.name, seed, split, out) if kept else run_peer(peer, split, out, seed, fixed)
        runs.append(_told(run))
    return measure(task, runs)


def _fixed(given: Sequence[str]) -> dict[str, Any]:
    pairs = (text.partition("=") for text in given)
    return {name: json.loads(settings) for name, _, settings in pairs}


def _fits(peer: Peer, task: Task) -> bool:
    fits = not peer.most_items or task.train.n_items <= peer.most_items
    if not fits:
        print(
            f"{peer.name}: left out, a dense matrix over {task.train.n_items:,} items is too large",
            flush=True,
        )
    return fits


def _told(run: Run) -> Run:
    seconds = f"fitted in {run.fit_seconds:.1f} s, answered in {run.predict_seconds:.1f} s"
    print(
        f"{run.name}, seed {run.seed}: {seconds}, {run.cpu_seconds:.0f} s CPU, {run.peak_mb:.0f} MB",
        flush=True,
    )
    return run


def _text(task: Task, found: Sequence[Measured], ours: Measured | None) -> str:
    peers = [model for model in found if model.name not in OURS]
    parts = [report.table(task.protocol, found)]
    if ours is not None and len(found) > 1:
        others = [model for model in found if model is not ours]
        parts.append(report.gains(task.protocol, ours, others))
    if peers:
        parts.append(f"The peer to beat, NDCG@10:\n\n{report.strongest(task.protocol, peers)}")
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
