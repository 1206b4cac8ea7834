"""Delivery to a real file and to a real server that fails in the usual ways."""

import csv
import hmac
import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from shopkeeper.core.errors import InvalidConfig, InvalidRequest
from shopkeeper.data import outbox
from shopkeeper.data.outbox import GIVEN_UP, SENT, WAITING, Message
from shopkeeper.data.store import Store
from shopkeeper.serving.delivery import (
    ATTEMPTS,
    KEY,
    SIGNATURE,
    TIMESTAMP,
    CsvFile,
    Webhook,
    deliver,
    secret_of,
    sign,
)

NOW = 1_700_000_000_000
SECRET = "between us"


class Listener(HTTPServer):
    """Answers with the next of some codes, the last one for ever, and keeps what it was sent."""

    def __init__(self, codes):
        super().__init__(("127.0.0.1", 0), Handler)
        self.codes, self.seen = list(codes), []


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((dict(self.headers), body))
        codes = self.server.codes
        self.send_response(codes.pop(0) if len(codes) > 1 else codes[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        """Nothing."""


@pytest.fixture
def listen():
    servers = []

    def start(*codes):
        server = Listener(codes)
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        servers.append((server, thread))
        return server

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        messages = [Message(f"m_{name}", f"c_{name}", "remind", 1.0, 0.1, NOW) for name in "ab"]
        store.write(partial(outbox.put, messages=messages, rest_days=14)).result()
        yield store


def webhook(server, pauses):
    url = f"http://127.0.0.1:{server.server_port}/hook"
    return Webhook(url, SECRET, pause=pauses.append, clock=lambda: NOW)


def statuses(store):
    return store.read(outbox.history)["status"].to_list()


def test_a_webhook_gets_each_message_once_and_signed(store, listen):
    server = listen(204)
    done = deliver(store, webhook(server, []), lambda: NOW, lambda pseudonym: pseudonym.removeprefix("c_"))
    assert (done.sent, done.waiting, done.given_up) == (2, 0, 0)
    assert statuses(store) == [SENT, SENT]
    for headers, body in server.seen:
        expected = sign(SECRET.encode(), headers[TIMESTAMP], body)
        assert hmac.compare_digest(headers[SIGNATURE], expected)
        assert not hmac.compare_digest(headers[SIGNATURE], sign(b"another", headers[TIMESTAMP], body))
        told = json.loads(body)
        assert headers[KEY] == told["message_id"] == f"m_{told['customer_id']}"
        assert told["action"] == "remind"
    deliver(store, webhook(server, []), lambda: NOW)
    assert len(server.seen) == 2


def test_passing_faults_are_tried_again_under_the_same_id(store, listen):
    server = listen(503, 429, 200)
    pauses: list[float] = []
    deliver(store, webhook(server, pauses), lambda: NOW)
    assert [headers[KEY] for headers, _ in server.seen] == ["m_a", "m_a", "m_a", "m_b"]
    assert pauses == [1.0, 2.0]
    assert store.read(outbox.history)["attempts"].to_list() == [3, 1]


def test_what_does_not_get_through_waits_and_what_is_refused_is_given_up(store, listen):
    down = listen(500)
    done = deliver(store, webhook(down, []), lambda: NOW)
    assert (done.sent, done.waiting) == (0, 2)
    assert len(down.seen) == 2 * ATTEMPTS
    assert statuses(store) == [WAITING, WAITING]
    assert store.read(outbox.history)["fault"].to_list() == ["HTTP 500"] * 2
    refusing = listen(404)
    assert deliver(store, webhook(refusing, []), lambda: NOW).given_up == 2
    assert statuses(store) == [GIVEN_UP, GIVEN_UP]
    assert len(refusing.seen) == 2


def test_nobody_listening_leaves_messages_waiting(store):
    closed = Webhook("http://127.0.0.1:9/hook", SECRET, pause=lambda seconds: None, clock=lambda: NOW)
    assert deliver(store, closed, lambda: NOW).waiting == 2
    assert store.read(outbox.history)["fault"].to_list() == ["ConnectError"] * 2


def test_a_file_gets_a_row_a_message(store, tmp_path):
    path = tmp_path / "out.csv"
    assert deliver(store, CsvFile(path), lambda: NOW).sent == 2
    more = Message("m_c", "c_c", "offer", 1.0, 0.1, NOW)
    store.write(partial(outbox.put, messages=[more], rest_days=14)).result()
    deliver(store, CsvFile(path), lambda: NOW)
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert [row["message_id"] for row in rows] == ["m_a", "m_b", "m_c"]
    assert [row["action"] for row in rows] == ["remind", "remind", "offer"]


def test_what_cannot_be_is_refused(store, tmp_path, monkeypatch):
    for url in ("http://shop.example/hook", "ftp://shop.example", "nothing", "https://[", ""):
        with pytest.raises(InvalidRequest, match="https"):
            Webhook(url, SECRET)
    with pytest.raises(InvalidRequest, match="cannot be written"):
        deliver(store, CsvFile(tmp_path), lambda: NOW)
    assert statuses(store) == [WAITING, WAITING]
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    with pytest.raises(InvalidConfig, match="NO_SUCH_SECRET"):
        secret_of("NO_SUCH_SECRET")
    monkeypatch.setenv("NO_SUCH_SECRET", "x")
    assert secret_of("NO_SUCH_SECRET") == "x"
