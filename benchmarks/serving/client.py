"""A load generator: keep-alive connections on one event loop, in a process of its own.

Open loop: request ``i`` is due at ``start + i / rate`` whatever became of the others. One that finds no free
connection waits for one, and its latency counts from when it was due, so a server that falls behind cannot
hide it (no coordinated omission). Without a rate every connection asks again as soon as it was answered,
which measures how many a second there can be. The loop is uvloop and nothing is parsed but status and length;
the processor time it takes is told, as it shares the cores with what it measures.
"""

import asyncio
import itertools
import multiprocessing
import resource
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import uvloop

DRAIN_SECONDS = 30.0
"""How long answers are waited for after the last request was due."""


@dataclass(frozen=True)
class Load:
    """What to send.

    Attributes
    ----------
    requests
        Whole HTTP requests, sent in turn.
    connections
        How many are kept open.
    seconds
        How long.
    rate
        Requests a second; None sends as fast as answers come.
    """

    requests: Sequence[bytes]
    connections: int
    seconds: float
    rate: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes
    ----------
    milliseconds
        Latency of each answer, in the order of answers.
    errors
        Answers other than 200, connections that broke, and requests never answered.
    seconds
        From the first request to the last answer.
    bytes
        Mean size of an answer, head and body.
    client_cpu
        Processor seconds that the generator took.
    """

    milliseconds: np.ndarray
    errors: int
    seconds: float
    bytes: float
    client_cpu: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.milliseconds) / self.seconds

    def percentile(self, q: float) -> float:
        """Of the latencies, in milliseconds."""
        return float(np.percentile(self.milliseconds, q)) if len(self.milliseconds) else float("nan")


def send(port: int, load: Load) -> Outcome:
    """Send a load from a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_send, (port, load))


def _send(port: int, load: Load) -> Outcome:
    return uvloop.run(_Generator(port, load).run())


class _Generator:
    """One run."""

    def __init__(self, port: int, load: Load) -> None:
        self._port = port
        self._load = load
        self._requests: Iterator[bytes] = itertools.cycle(load.requests)
        self._free: deque[_Connection] = deque()
        self._due: deque[float] = deque()
        self._milliseconds: list[float] = []
        self._bytes = 0
        self._errors = 0
        self._open = 0
        self._ended = asyncio.Event()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        for connected in spread(self._port, self._load.connections):
            _, connection = await loop.create_connection(lambda: _Connection(self), sock=connected)
            self._free.append(connection)
        before = resource.getrusage(resource.RUSAGE_SELF)
        start = time.perf_counter()
        await self._fire(start)
        if self._open or self._due:
            self._ended.clear()
            try:
                await asyncio.wait_for(self._ended.wait(), DRAIN_SECONDS)
            except TimeoutError:
                self._errors += self._open + len(self._due)
        took = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        answers = len(self._milliseconds)
        return Outcome(np.array(self._milliseconds), self._errors, took, self._bytes / max(answers, 1), cpu)

    async def _fire(self, start: float) -> None:
        """Have requests fall due until time is up."""
        end = start + self._load.seconds
        if self._load.rate is None:
            self._again = True
            while self._free:
                self._due.append(time.perf_counter())
                self._next()
            await asyncio.sleep(self._load.seconds)
            self._again = False
            return
        self._again = False
        for number in itertools.count():
            due = start + number / self._load.rate
            if due >= end:
                return
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            self._due.append(due)
            self._next()

    def _next(self) -> None:
        """Send what is due over connections that are free, the one that waited longest first."""
        while self._due and self._free:
            self._open += 1
            self._free.popleft().ask(next(self._requests), self._due.popleft())

    def answered(self, connection: "_Connection", size: int, due: float, *, ok: bool) -> None:
        """Take an answer."""
        self._open -= 1
        self._bytes += size
        if ok:
            self._milliseconds.append(1e3 * (time.perf_counter() - due))
        else:
            self._errors += 1
        self._free.append(connection)
        if self._again:
            self._due.append(time.perf_counter())
        self._next()
        if not self._open and not self._due:
            self._ended.set()

    def broken(self) -> None:
        """A connection closed while an answer was due."""
        self._open -= 1
        self._errors += 1


class _Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, generator: _Generator) -> None:
        self._generator = generator
        self._head = b""
        self._left = -1
        self._size = 0
        self._asked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def ask(self, request: bytes, due: float) -> None:
        """Send a request that was due at a moment."""
        self._due, self._asked = due, True
        self._head, self._left, self._size = b"", -1, 0
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._size += len(data)
        if self._left >= 0:
            self._left -= len(data)
        else:
            self._head += data
            head, found, body = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = head
            self._left = _length(head) - len(body)
        if self._left <= 0:
            self._asked = False
            ok = self._head.startswith(b"HTTP/1.1 200")
            self._generator.answered(self, self._size, self._due, ok=ok)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._asked:
            self._generator.broken()


def spread(port: int, connections: int, workers: int = 2) -> list[socket.socket]:
    """Connections, the same number to each worker, in turn.

    Workers share one listening socket, and one of them may take all connections of an idle moment.
    """
    most = -(-connections // workers)
    found: dict[bytes, list[socket.socket]] = {}
    spare: list[socket.socket] = []
    while sum(map(len, found.values())) < connections:
        connected = socket.create_connection(("127.0.0.1", port))
        connected.sendall(b"GET /worker HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head, body = b"", b""
        while not body:
            head += connected.recv(65_536)
            body = head.partition(b"\r\n\r\n")[2]
        pid = body[: _length(head)]
        own = found.setdefault(pid, [])
        (own if len(own) < most else spare).append(connected)
    for connected in spare:
        connected.close()
    return [one for turn in zip_longest(*found.values()) for one in turn if one is not None]


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
