"""The shop as ``shopkeeper serve`` serves it, with two routes beside: a constant, and who answers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from shopkeeper.app import application

RUN = """
import sys
from pathlib import Path
from shopkeeper.serving.server import run
run(Path(sys.argv[1]), port=0, workers=int(sys.argv[2]), factory="benchmarks.serving.server:app")
"""
LARGEST = 1_000_000
_FILL = b" " * LARGEST


def app() -> FastAPI:
    """The application of a worker."""
    made = application()
    made.add_route("/constant/{size:int}", _constant)
    made.add_route("/worker", _worker)
    return made


async def _constant(request: Request) -> Response:
    """As many bytes as asked for, as cheap as the framework can answer."""
    return Response(_FILL[: request.path_params["size"]], media_type="application/json")


async def _worker(request: Request) -> Response:
    return Response(str(os.getpid()))


@contextmanager
def served(folder: Path, workers: int = 2) -> Iterator[int]:
    """A server of a shop while the block runs; its port."""
    server = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), str(workers)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield int(server.stdout.readline().split()[5].rsplit(":", 1)[1])
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
