"""The server while something goes on: ten minutes of memory, or a training beside it."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving.asking import Shop
from benchmarks.serving.changed import one_a_worker
from benchmarks.serving.client import Load, Outcome, send
from benchmarks.serving.server import served
from shopkeeper.serving.trainer import Trainer

CONNECTIONS = 32
SAMPLE_SECONDS = 5.0
WARM_SECONDS = 60.0


def memory(shop: Shop, minutes: float, rate: float) -> dict[str, Any]:
    """Resident memory of the workers under homepages at a fixed rate."""
    with served(shop.folder) as port:
        workers = pids(port)
        send(port, Load(shop.homepages(), CONNECTIONS, WARM_SECONDS, rate))
        done = threading.Event()
        samples: list[tuple[float, list[float]]] = []
        watcher = threading.Thread(target=_watch, args=(workers, samples, done))
        watcher.start()
        outcome = send(port, Load(shop.homepages(), CONNECTIONS, 60 * minutes, rate))
        done.set()
        watcher.join()
    at = np.array([moment for moment, _ in samples]) / 60
    told = {}
    for n in range(len(workers)):
        rss = np.array([values[n] for _, values in samples])
        slope = float(np.polyfit(at, rss, 1)[0])
        late = at >= at[-1] / 2
        told[f"worker {n + 1}"] = {
            "start_mb": round(float(rss[0]), 1),
            "end_mb": round(float(rss[-1]), 1),
            "most_mb": round(float(rss.max()), 1),
            "slope_mb_a_minute": round(slope, 3),
            "slope_of_the_second_half": round(float(np.polyfit(at[late], rss[late], 1)[0]), 3),
        }
    return {"rate": rate, "minutes": minutes, **_latency(outcome), **told}


def training(shop: Shop, seconds: float, rate: float, budget: float | None = None) -> dict[str, Any]:
    """Latency of homepages before a training, while it runs, and as the new model is taken in.

    Parameters
    ----------
    budget
        Seconds it may choose and fit for; None for the usual.
    """
    with served(shop.folder) as port:
        load = Load(shop.homepages(), CONNECTIONS, seconds, rate)
        send(port, load)
        before = [send(port, load) for _ in range(3)]
        trainer = Trainer(shop.folder)
        start = time.perf_counter()
        trainer.start(*([] if budget is None else ["--time-budget", str(budget)]))
        beside = []
        while trainer.running:
            beside.append(send(port, load))
        took = time.perf_counter() - start
        after = [send(port, load)]
    quiet, busy = _together(before), _together(beside)
    return {
        "rate": rate,
        "training_seconds": round(took),
        "before": _latency(quiet),
        "beside": _latency(busy),
        "worst part of it": _latency(max(beside, key=lambda one: one.percentile(99))),
        "as the new model comes in": _latency(after[0]),
        "ratio_p99": round(busy.percentile(99) / quiet.percentile(99), 2),
    }


def _together(outcomes: list[Outcome]) -> Outcome:
    return Outcome(
        np.concatenate([one.milliseconds for one in outcomes]),
        sum(one.errors for one in outcomes),
        sum(one.seconds for one in outcomes),
        outcomes[0].bytes,
        sum(one.client_cpu for one in outcomes),
    )


def _latency(one: Outcome) -> dict[str, Any]:
    return {
        "answers": len(one.milliseconds),
        "p50_ms": round(one.percentile(50), 2),
        "p99_ms": round(one.percentile(99), 2),
        "errors": one.errors,
    }


def pids(port: int) -> list[int]:
    """Process of each worker."""
    found = []
    for connection in one_a_worker(port):
        connection.request("GET", "/worker")
        found.append(int(connection.getresponse().read()))
        connection.close()
    return found


def _watch(workers: list[int], samples: list[tuple[float, list[float]]], done: threading.Event) -> None:
    start = time.perf_counter()
    while not done.wait(SAMPLE_SECONDS):
        samples.append((time.perf_counter() - start, [_resident_mb(pid) for pid in workers]))


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
