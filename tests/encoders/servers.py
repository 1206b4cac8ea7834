"""A real embeddings service on this machine, which can be told to misbehave."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]
Misbehaviour = Callable[[], Answer | None]
DIM = 26


def vector(text: str, dim: int = DIM) -> list[float]:
    """How often each letter stands in a text."""
    counts = Counter(ord(c) % dim for c in text)
    return [float(counts[place]) for place in range(dim)]


class Embeddings:
    """A service whose answers to the first requests may be given one by one.

    Attributes
    ----------
    script
        What to answer first: ready answers, or functions that may wait and give one; None answers as agreed.
    requests
        Bodies that came, with the time of their coming and the headers.
    dim
        Length of the vectors.
    """

    def __init__(self, script: list[Answer | Misbehaviour | None] | None = None, dim: int = DIM) -> None:
        self.script, self.dim = list(script or []), dim
        self.requests: list[tuple[float, dict[str, Any], dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append((time.monotonic(), body, dict(self.headers)))
                step = outer.script.pop(0) if outer.script else None
                answer = step() if callable(step) else step
                status, headers, content = answer or (200, {}, outer.agreed(body))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> str:
        """Serve; the URL."""
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def agreed(self, body: dict[str, Any]) -> bytes:
        """What the interface says; last text first, as it may be."""
        rows = [{"index": i, "embedding": vector(text, self.dim)} for i, text in enumerate(body["input"])]
        return json.dumps({"object": "list", "data": rows[::-1], "model": body["model"]}).encode()
