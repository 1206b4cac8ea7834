"""Events over HTTP, acknowledged only when on disk, against bare SQLite with the same batches.

    python benchmarks/http_events.py [--seconds 5] [--rounds 3] [--json OUT]

A real server process (``shopkeeper`` with one worker) takes ``POST /v1/events`` in batches of 100 over
keep-alive connections; the clients are raw sockets in one process of their own, with bodies made beforehand.
Beside it, in turn and in the same run, as many threads as there are connections write the same rows into a
table of the same columns, key and indexes with ``executemany``, one transaction a batch, in write-ahead mode
with ``synchronous=FULL``, each on a connection of its own. Printed is the ratio of rows a second.
"""

import argparse
import json
import multiprocessing
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.data import schema
from shopkeeper.data.collect import prepare
from shopkeeper.data.connections import BUSY_SECONDS
from shopkeeper.privacy.identity import KEY_FILE, Identity, create_key, load_key

BATCH = 100
CONNECTIONS = (1, 8)
SERVER = """
import sys
from pathlib import Path
from shopkeeper.serving.server import run
run(Path(sys.argv[1]), port=0)
"""
HEAD = (
    "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Content-Length: {}\r\n\r\n"
)


def make_rows(first: int) -> list[dict[str, object]]:
    """One batch: views, carts and purchases of a few hundred customers."""
    now = int(time.time() * 1000)
    kinds = ("view_item", "view_item", "view_item", "add_to_cart", "purchase")
    return [
        {
            c.EVENT_ID: f"e-{first + i}",
            c.CUSTOMER_ID: f"customer-{(first + i) * 7 % 997}",
            c.SESSION_ID: f"session-{(first + i) * 7 % 997}-{first // 10_000}",
            c.EVENT_TYPE: kinds[i % len(kinds)],
            c.ITEM_ID: f"item-{(first + i) * 31 % 9_973}",
            c.TIMESTAMP: now + i,
            c.QUANTITY: 1,
            c.PRICE: 9.99,
            c.CURRENCY: "USD",
        }
        for i in range(BATCH)
    ]


def make_requests(count: int, start: int) -> list[bytes]:
    """Whole HTTP requests, ready to be sent."""
    requests = []
    for number in range(count):
        body = json.dumps({"events": make_rows(start + number * BATCH)}).encode()
        requests.append(HEAD.format(len(body)).encode() + body)
    return requests


def post_all(port: int, requests: list[bytes], seconds: float) -> tuple[int, float, list[float]]:
    """Send requests one after another on one connection until time is up; batches stored and latencies."""
    latencies: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter()
        for request in requests:
            before = time.perf_counter()
            if before - start >= seconds:
                break
            connection.sendall(request)
            check(read_answer(connection))
            latencies.append(time.perf_counter() - before)
    return len(latencies), time.perf_counter() - start, latencies


def read_answer(connection: socket.socket) -> bytes:
    """One answer with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += receive(connection)
    return head + b"\r\n\r\n" + body


def receive(connection: socket.socket) -> bytes:
    chunk = connection.recv(65_536)
    if not chunk:
        raise RuntimeError("The server closed the connection.")
    return chunk


def check(answer: bytes) -> None:
    """Every row of the batch must have been new and stored."""
    if b'"stored":%d,' % BATCH not in answer:
        raise RuntimeError(f"Unexpected answer: {answer[:500]!r}")


def client(
    port: int, connections: int, seconds: float, start: int, results: "multiprocessing.Queue[object]"
) -> None:
    """One process of clients, a thread a connection."""
    most = int(seconds * 400 / connections) + 50
    work = [make_requests(most, start + n * most * BATCH) for n in range(connections)]
    with ThreadPoolExecutor(connections) as pool:
        outcomes = list(pool.map(lambda requests: post_all(port, requests, seconds), work))
    rate = sum(batches / took for batches, took, _ in outcomes) * BATCH
    latencies = sorted(value for _, _, values in outcomes for value in values)
    results.put(
        (rate, statistics.median(latencies) * 1000, latencies[int(0.99 * (len(latencies) - 1))] * 1000)
    )


def measure_http(port: int, connections: int, seconds: float, start: int) -> tuple[float, float, float]:
    """Rows a second, median and 99th percentile of milliseconds a batch."""
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[object] = context.Queue()
    process = context.Process(target=client, args=(port, connections, seconds, start, results))
    process.start()
    outcome = results.get(timeout=seconds + 120)
    process.join()
    return outcome  # type: ignore[return-value]


def bare_table(path: Path) -> None:
    """The log's own table and indexes, in a database of its own."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    schema.ensure_schema(connection)
    connection.close()


def measure_bare(path: Path, identity: Identity, connections: int, seconds: float, start: int) -> float:
    """Rows a second of bare ``executemany``, one transaction a batch, a thread and connection each."""
    most = int(seconds * 400 / connections) + 50
    work = [
        [
            prepare(
                make_rows(start + (n * most + i) * BATCH),
                config=ShopConfig(),
                identity=identity,
                now=int(time.time() * 1000),
            )[1]
            for i in range(most)
        ]
        for n in range(connections)
    ]
    with ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(lambda batches: write_all(path, batches, seconds), work))


def write_all(path: Path, batches: list[list[tuple[object, ...]]], seconds: float) -> float:
    """Rows a second of one connection."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    names, marks = ", ".join(c.EVENT_COLUMNS), ", ".join("?" * len(c.EVENT_COLUMNS))
    insert = f"INSERT INTO {schema.EVENTS} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"
    start, done = time.perf_counter(), 0
    for rows in batches:
        if time.perf_counter() - start >= seconds:
            break
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(insert, rows)
        connection.execute("COMMIT")
        done += 1
    took = time.perf_counter() - start
    connection.close()
    return done * BATCH / took


def start_server(folder: Path) -> tuple["subprocess.Popen[str]", int]:
    """A server process and its port."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert server.stdout is not None
    port = int(server.stdout.readline().split()[5].rsplit(":", 1)[1])
    return server, port


def run(seconds: float, rounds: int) -> dict[str, object]:
    """All measurements, server and bare in turn."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "shopkeeper.toml").write_text("", encoding="utf-8")
        create_key(folder / KEY_FILE)
        identity = Identity(load_key(folder / KEY_FILE))
        bare_table(folder / "bare.db")
        server, port = start_server(folder)
        try:
            measure_http(port, 1, 1.0, 0)
            results = [
                compare(folder, identity, port, connections, seconds, rounds) for connections in CONNECTIONS
            ]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    return {"batch": BATCH, "seconds": seconds, "rounds": rounds, "results": results}


def compare(
    folder: Path, identity: Identity, port: int, connections: int, seconds: float, rounds: int
) -> dict[str, float]:
    """Both at one number of connections; medians over the rounds."""
    ours, bare = [], []
    for turn in range(rounds):
        start = (connections * 100 + turn) * 10**7
        ours.append(measure_http(port, connections, seconds, start))
        bare.append(measure_bare(folder / "bare.db", identity, connections, seconds, start))
    ratios = [rate / other for (rate, _, _), other in zip(ours, bare, strict=True)]
    return {
        "connections": connections,
        "http_rows_per_second": round(statistics.median(rate for rate, _, _ in ours)),
        "bare_rows_per_second": round(statistics.median(bare)),
        "ratio": round(statistics.median(ratios), 3),
        "median_ms": round(statistics.median(median for _, median, _ in ours), 2),
        "p99_ms": round(statistics.median(p99 for _, _, p99 in ours), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each kind; the median counts")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    figures = run(arguments.seconds, arguments.rounds)
    for result in figures["results"]:  # type: ignore[attr-defined]
        print(
            "{connections} connection(s): {http_rows_per_second:,} rows/s over HTTP, "
            "{bare_rows_per_second:,} bare, ratio {ratio}; {median_ms} ms a batch, p99 {p99_ms} ms".format(
                **result
            )
        )
    print(json.dumps(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
