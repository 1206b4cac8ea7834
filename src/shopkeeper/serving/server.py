"""Processes: one port, one or more workers, a clean end."""

import gc
import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from fastapi import FastAPI
from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.serving.ads import WORKERS_VARIABLE
from shopkeeper.serving.edge import ACCESS_LOG
from shopkeeper.serving.http import create_app
from shopkeeper.serving.metrics import MULTIPROCESS
from shopkeeper.serving.opening import open_service

SHOP_VARIABLE: Final = "SHOPKEEPER_SHOP"
"""Environment variable through which workers learn which shop they serve."""
ACCESS_LOG_VARIABLE: Final = "SHOPKEEPER_ACCESS_LOG"
"""Environment variable; if it is set, each request writes one line of JSON to standard output."""
API: Final = "shopkeeper.serving.server:api"
"""Factory of an application with the interface alone."""
_GRACE_SECONDS: Final = 10
_IDLE_SECONDS: Final = 75
"""Connections are kept longer than proxies keep theirs (mostly 60 s): none writes into a closed one."""
_SWITCH_SECONDS: Final = 0.0005
_LOOK_SECONDS: Final = 0.05
_BALANCED: Final = sys.platform == "linux"
"""Elsewhere sockets of one address share nothing evenly."""


def served_folder() -> Path:
    """The shop that this worker serves."""
    return Path(os.environ[SHOP_VARIABLE])


def api() -> FastAPI:
    """The application of a worker that serves the interface alone."""
    prepare_worker()
    service = open_service(served_folder())
    service.prepare_models_with(settle)
    return create_app(service)


def prepare_worker() -> None:
    """Settings of a process that serves; every application factory calls it first.

    The writer's thread gives the interpreter lock back around every statement; with the usual 5 ms it would
    wait that long for each row while requests are being parsed.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    if os.environ.get(ACCESS_LOG_VARIABLE):
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(message)s"))
        access = logging.getLogger(ACCESS_LOG)
        access.addHandler(handler)
        access.setLevel(logging.INFO)
        access.propagate = False


def settle(_: object = None) -> None:
    """Take all that is in memory now out of sight of the garbage collector.

    A model and its catalogue stay for hours. Looking through them for garbage stops a worker for a tenth of
    a second, and is done once for each new model instead of now and then while people wait.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def run(
    folder: Path, *, host: str = "127.0.0.1", port: int = 8000, workers: int = 1, factory: str = API
) -> None:
    """Serve a shop until SIGTERM or SIGINT; requests under way are finished.

    Parameters
    ----------
    folder
        The shop.
    host, port
        Where to listen; port 0 takes a free one.
    workers
        Number of processes. They share histories through the log.
    factory
        ``module:function`` that makes the application in each worker; it reads `served_folder`.

    Raises
    ------
    InvalidRequest
        The address cannot be had, or the number of workers is not positive.
    ShopNotFound
        The folder is not a shop.
    """
    if workers < 1:
        raise InvalidRequest(f"workers = {workers} must be at least 1.")
    open_service(folder).close()  # Whatever is wrong is told once, before workers start.
    listener = listen(host, port)
    os.environ[SHOP_VARIABLE] = str(folder.resolve())
    os.environ[WORKERS_VARIABLE] = str(workers)
    with _shared_figures(workers):
        config = _config(factory, workers)
        if workers == 1:
            print_url(host, listener)
            with _quiet_signals():
                Server(config).run(sockets=[listener])
        elif _BALANCED:
            with _Address.of(listener) as address:
                _Workers(config, address, lambda: print_url(host, address)).run()
        else:
            print_url(host, listener)
            Multiprocess(config, [listener]).run()
    listener.close()


class _Address(socket.socket):
    """An address at which every worker listens by itself, so that the system spreads connections evenly.

    At one socket for all, whoever wakes first takes every connection of an idle moment, and keeps them.
    Handed to a worker it becomes a socket of the worker's own; a worker that dies takes only that along.
    """

    @classmethod
    def of(cls, listener: socket.socket) -> Self:
        """The address of a socket, which is closed."""
        family, address = listener.family, listener.getsockname()
        listener.close()
        return cls._bound(family, address)

    @classmethod
    def _bound(cls, family: int, address: object) -> Self:
        made = cls(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)  # type: ignore[arg-type]
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return self._bound, (int(self.family), self.getsockname())


class _Workers(Multiprocess):
    """Workers that listen by themselves.

    Parameters
    ----------
    config, address
        What they serve, and where.
    opened
        Called as soon as all of them listen: before, nobody would answer.
    """

    def __init__(self, config: Config, address: _Address, opened: Callable[[], None]) -> None:
        super().__init__(config, [address])
        self._opened = opened

    def init_processes(self) -> None:
        """Start them, and wait until they listen, or one of them ends or all are told to."""
        super().init_processes()
        while not self.should_exit.is_set():
            if not all(process.process.is_alive() for process in self.processes):
                return
            if all(process.is_ready(timeout=1) for process in self.processes):
                self._opened()
                return
            self.should_exit.wait(_LOOK_SECONDS)
            self.handle_signals()


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address.

    Raises
    ------
    InvalidRequest
        The address is in use, not allowed, or not of this machine.
    """
    if not 0 <= port <= 65_535:
        raise InvalidRequest(f"port = {port} must be between 0 and 65535.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise InvalidRequest(f"host = {host!r}, port = {port}: {error}.") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise InvalidRequest(
            f"Port {port} of {host} cannot be had: {error.strerror}.",
            hint="Stop what uses it, or choose another with --port.",
        ) from None
    listener.set_inheritable(True)
    return listener


def print_url(host: str, listener: socket.socket) -> None:
    """Say where the shop is open."""
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(f"The shop is open at http://{shown}:{port}  (Ctrl+C closes it)\n")
    sys.stdout.flush()


def _config(factory: str, workers: int) -> Config:
    return Config(
        factory,
        factory=True,
        workers=workers,
        loop="auto",
        http="auto",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_worker_healthcheck=60,
    )


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """Let a stop asked for by signal end in a plain return: the server sends itself the signal once more."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _shared_figures(workers: int) -> Iterator[None]:
    """A folder in which workers count together, if there are several; it goes with them."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="shopkeeper-metrics-") as folder:
        os.environ[MULTIPROCESS] = folder
        try:
            yield
        finally:
            del os.environ[MULTIPROCESS]
