"""A service of embeddings, against a real server that misbehaves."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest

from shopkeeper.core.errors import EndpointFailed, InvalidConfig
from shopkeeper.encoders.endpoint import Endpoint
from tests.encoders.servers import DIM, Embeddings, vector

TEXTS = [f"shirt {n} of cotton" for n in range(7)]


@pytest.fixture
def service():
    made = []

    def start(script=None, dim=DIM):
        made.append(Embeddings(script, dim))
        return made[-1], made[-1].start()

    yield start
    for server in made:
        server.stop()


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def quick(url: str, **settings) -> Endpoint:
    return Endpoint(url, "letters", **{"first_wait": 0.01, "timeout": 5.0, **settings})


def test_vectors_come_in_order_whatever_the_order_of_the_answer(service):
    server, url = service()
    found = quick(url, batch=3).encode(TEXTS)
    expected = np.array([vector(text) for text in TEXTS])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [len(body["input"]) for _, body, _ in server.requests] == [3, 3, 1]
    assert {body["model"] for _, body, _ in server.requests} == {"letters"}


def test_the_key_comes_from_the_environment(service, monkeypatch):
    server, url = service()
    monkeypatch.setenv("TEA_KEY", "oolong")
    quick(url, api_key_env="TEA_KEY").encode(["tea"])
    assert server.requests[0][2]["Authorization"] == "Bearer oolong"
    monkeypatch.delenv("TEA_KEY")
    with pytest.raises(InvalidConfig, match="TEA_KEY"):
        quick(url, api_key_env="TEA_KEY")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again(service, status):
    server, url = service([(status, {}, b"busy"), (status, {}, b"busy")])
    assert quick(url).encode(["tea"]).any()
    assert len(server.requests) == 3


def test_waits_grow(service):
    server, url = service([(503, {}, b"")] * 4)
    quick(url, first_wait=0.05).encode(["tea"])
    waits = np.diff([at for at, _, _ in server.requests])
    assert all(wait >= 0.025 * 2**n for n, wait in enumerate(waits))


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_heeded(service, form):
    def busy():
        later = datetime.now(UTC) + timedelta(seconds=2)
        told = "0.4" if form == "seconds" else format_datetime(later.replace(microsecond=0), usegmt=True)
        return 429, {"Retry-After": told}, b"slow down"

    server, url = service([busy])
    quick(url).encode(["tea"])
    first, second = (at for at, _, _ in server.requests)
    assert 0.4 <= second - first < 4


def test_too_long_a_wait_is_told_at_once(service):
    server, url = service([(429, {"Retry-After": "3600"}, b"come back tomorrow")])
    with pytest.raises(EndpointFailed, match="come back tomorrow"):
        quick(url).encode(["tea"])
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 301])
def test_what_will_not_pass_is_told_at_once(service, status):
    server, url = service([(status, {}, b"no such thing")])
    with pytest.raises(EndpointFailed, match=f"{status}: 'no such thing', at attempt 1 of 5"):
        quick(url).encode(["tea"])
    assert len(server.requests) == 1


def test_a_service_that_hangs_is_left_after_the_timeout(service):
    server, url = service([lambda: time.sleep(0.6)] * 2)
    started = time.monotonic()
    with pytest.raises(EndpointFailed, match="ReadTimeout"):
        quick(url, timeout=0.2, attempts=2).encode(["tea"])
    assert time.monotonic() - started < 0.6 + 0.5
    assert len(server.requests) == 2


def test_a_service_that_hung_once_is_asked_again(service):
    _, url = service([lambda: time.sleep(0.6)])
    assert quick(url, timeout=0.3).encode(["tea"]).any()


def test_nobody_there_is_told():
    with pytest.raises(EndpointFailed, match="ConnectError"):
        quick("http://127.0.0.1:9/v1", attempts=2).encode(["tea"])


def test_another_dimension_is_refused(service):
    server, url = service()
    encoder = quick(url)
    assert encoder.dim == DIM
    server.dim = 12
    with pytest.raises(EndpointFailed, match=f"12 numbers where {DIM} were agreed"):
        encoder.encode(["tea"])
    with pytest.raises(EndpointFailed, match="12 numbers where 99 were agreed"):
        quick(url, dim=99).encode(["tea"])


def data(*rows: object) -> bytes:
    return json.dumps({"data": rows}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>welcome</html>",
        b'{"data": [{"index": 0',
        b"[]",
        b'{"data": 3}',
        data(),
        data({"index": 0, "embedding": [1]}),
        data({"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}),
        data({"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}),
        data({"index": 0, "embedding": ["x"]}, {"index": 1, "embedding": ["y"]}),
        data({"index": 0, "embedding": []}, {"index": 1, "embedding": []}),
        data({"index": 0, "embedding": None}, {"index": 1, "embedding": [1]}),
        b"\xff\xfe\x00",
    ],
)
def test_what_is_not_the_interface_is_refused(service, content):
    _, url = service([(200, {}, content)])
    with pytest.raises(EndpointFailed, match="gave"):
        quick(url).encode(["tea", "cup"])


def test_no_more_requests_a_minute_than_allowed(service, monkeypatch):
    clock = Clock()
    monkeypatch.setattr("shopkeeper.encoders.endpoint.time", clock)
    server, url = service()
    quick(url, batch=1, requests_per_minute=600).encode(TEXTS[:4])
    assert len(server.requests) == 4
    assert clock.waits == pytest.approx([0.0, 0.1, 0.1, 0.1])
