"""Homepages a second and how long one takes, under open-loop load, beside a constant of the same size.

    python -m benchmarks.serving FOLDER load [--seconds 20] [--rounds 3] [--json OUT]
    python -m benchmarks.serving FOLDER changed [--rounds 2000]
    python -m benchmarks.serving FOLDER memory [--minutes 10]
    python -m benchmarks.serving FOLDER training [--budget 40]

FOLDER comes from ``python -m benchmarks.serving.shop``: 100,000 items, histories of 50 events. The server is
two worker processes of ``shopkeeper serve`` on this machine; so is the load generator. The most there can be
a second is measured with `MOST` connections that never rest; open loop then runs at half of it. A constant
of the same size, from a route of the same application, is measured beside, in turn. On a machine that others
use too, the ratio by processor time says more than that of the rates.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving.asking import Shop
from benchmarks.serving.changed import changed
from benchmarks.serving.client import Load, Outcome, send
from benchmarks.serving.server import served
from benchmarks.serving.watched import memory, pids, training

MOST = 8
OPEN = 32


@dataclass(frozen=True)
class Spent:
    """A load that was sent, and the processor milliseconds of server and generator for each answer."""

    outcome: Outcome
    milliseconds: float


def load(shop: Shop, seconds: float, rounds: int) -> dict[str, Any]:
    """Rates beside a constant, and latencies at half the rate."""
    found = {}
    with served(shop.folder) as port:
        for name, requests in (("homepage", shop.homepages()), ("recommendations", shop.recommendations())):
            found[name] = beside(port, name, requests, seconds, rounds)
    return found


def spending(port: int, load: Load) -> Spent:
    """Send a load, and look what it took."""
    workers = pids(port)
    before = sum(map(_processor_seconds, workers))
    outcome = send(port, load)
    spent = sum(map(_processor_seconds, workers)) - before + outcome.client_cpu
    return Spent(outcome, 1e3 * spent / max(1, len(outcome.milliseconds)))


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def beside(port: int, name: str, requests: Sequence[bytes], seconds: float, rounds: int) -> dict[str, Any]:
    """One route beside a constant of its size."""
    first = send(port, Load(requests, MOST, 3 * seconds))  # warm-up: histories, the order of rows
    # The answer's own body: what heads take is the same on both.
    constant = [b"GET /constant/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % (first.bytes - _head(port))]
    most, ratios, spent = [], [], []
    for _ in range(rounds):
        cheap, dear = (spending(port, Load(asked, MOST, seconds)) for asked in (constant, requests))
        best, own = cheap.outcome, dear.outcome
        most.append(own)
        ratios.append(own.rate / best.rate)
        spent.append((dear.milliseconds, cheap.milliseconds))
        tell(f"{name}, as many as there can be", own)
        tell(f"constant of {first.bytes:,.0f} bytes", best)
    rate = statistics.median(one.rate for one in most)
    half = [send(port, Load(requests, OPEN, seconds, rate / 2)) for _ in range(rounds)]
    for one in half:
        tell(f"{name}, open loop at {rate / 2:.0f}/s", one)
    return {
        "bytes": round(first.bytes),
        "rate": round(rate, 1),
        "ratio": round(statistics.median(ratios), 4),
        "ratios": [round(one, 4) for one in ratios],
        "processor_ms": round(statistics.median(own for own, _ in spent), 3),
        "processor_ms_of_the_constant": round(statistics.median(best for _, best in spent), 3),
        "ratio_by_processor": round(statistics.median(best / own for own, best in spent), 4),
        "half_p50_ms": round(statistics.median(one.percentile(50) for one in half), 2),
        "half_p99_ms": round(statistics.median(one.percentile(99) for one in half), 2),
        "errors": sum(one.errors for one in (*most, *half)),
    }


def _head(port: int) -> int:
    """Bytes of the head of an answer."""
    empty = send(port, Load([b"GET /constant/0 HTTP/1.1\r\nHost: localhost\r\n\r\n"], 1, 0.2))
    return round(empty.bytes)


def tell(what: str, one: Outcome) -> None:
    """Print a run."""
    print(
        f"{what}: {one.rate:,.1f}/s, p50 {one.percentile(50):.2f} ms, p99 {one.percentile(99):.2f} ms, "
        f"{one.errors} errors, {one.bytes:,.0f} bytes, "
        f"generator {100 * one.client_cpu / one.seconds:.0f}% of a core",
        flush=True,
    )


def main() -> None:
    """Measure one thing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", choices=("load", "changed", "memory", "training"))
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=40.0, help="homepages a second: memory and training")
    parser.add_argument("--budget", type=float, help="seconds of the training's time budget")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    shop = Shop(given.folder)
    start = time.strftime("%Y-%m-%d %H:%M")
    found: dict[str, Any]
    if given.what == "load":
        found = load(shop, given.seconds, given.rounds or 3)
    elif given.what == "changed":
        found = changed(shop, given.rounds or 2000)
    elif given.what == "memory":
        found = memory(shop, given.minutes, given.rate)
    else:
        found = training(shop, given.seconds, given.rate, given.budget)
    print(json.dumps({"at": start, given.what: found}, indent=1))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
