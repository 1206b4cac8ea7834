"""What the people of the made-up shop ask for."""

import json
from pathlib import Path

import numpy as np

from benchmarks.serving.shop import ASKERS

HEAD = "{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"


class Shop:
    """A folder that ``benchmarks.serving.shop`` made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        self.askers: list[str] = (folder / ASKERS).read_text(encoding="utf-8").split()
        np.random.default_rng(0).shuffle(self.askers)

    def homepages(self) -> list[bytes]:
        """A homepage of everybody."""
        return [request("GET", f"/v1/homepage?customer_id={who}") for who in self.askers]

    def recommendations(self) -> list[bytes]:
        """Recommendations for everybody."""
        return [request("POST", "/v1/recommendations", {"customer_id": who}) for who in self.askers]


def request(method: str, path: str, body: object = None) -> bytes:
    """A whole HTTP request."""
    text = b"" if body is None else json.dumps(body).encode()
    return HEAD.format(method, path, len(text)).encode() + text
