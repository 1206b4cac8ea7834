"""Delivery to a real file and to a real server that fails in the usual ways."""

import csv
import hmac
import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from shopkeeper.core.config import Actions
from shopkeeper.core.errors import InvalidConfig, InvalidRequest
from shopkeeper.core.types import DAY_MS
from shopkeeper.data import catalogue, outbox
from shopkeeper.data.outbox import GIVEN_UP, SENT, WAITING, WITHDRAWN, Message, Rest
from shopkeeper.data.schema import CUSTOMERS
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
        store.write(partial(outbox.put, messages=messages, rest=Rest(14))).result()
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
    store.write(partial(outbox.put, messages=[more], rest=Rest(14))).result()
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


def test_quiet_hours_hold_everything_back_and_it_goes_after(store, listen):
    server = listen(204)
    hour = NOW // 3_600_000 % 24
    terms = Actions(quiet_from=hour, quiet_until=(hour + 2) % 24)
    held = deliver(store, webhook(server, []), lambda: NOW, terms=terms)
    assert (held.sent, held.waiting) == (0, 2)
    assert server.seen == []
    assert held.quiet_until == (NOW // 3_600_000 + 2) * 3_600_000
    done = deliver(store, webhook(server, []), lambda: held.quiet_until, terms=terms)
    assert (done.sent, done.waiting, done.quiet_until) == (2, 0, None)


def test_quiet_hours_that_begin_meanwhile_hold_back_the_rest(store, listen):
    server = listen(204)
    hour = NOW // 3_600_000 % 24
    terms = Actions(quiet_from=(hour + 1) % 24, quiet_until=(hour + 2) % 24)
    times = iter([NOW, NOW, NOW + 3_600_000])
    done = deliver(store, webhook(server, []), lambda: next(times), terms=terms)
    assert (done.sent, done.waiting) == (1, 1)
    assert len(server.seen) == 1


def test_consent_withdrawn_after_approval_is_honoured_and_kept(store, tmp_path):
    rows = [("c_a", 0, None, None)]
    store.write(partial(catalogue.upsert, table=CUSTOMERS, rows=rows)).result()
    done = deliver(store, CsvFile(tmp_path / "out.csv"), lambda: NOW)
    assert (done.sent, done.withdrawn) == (1, 1)
    assert "c_a" not in (tmp_path / "out.csv").read_text("utf-8")
    told = store.read(outbox.history).row(0, named=True)
    assert (told["status"], told["fault"]) == (WITHDRAWN, "consent was withdrawn")


def test_whoever_rests_when_it_would_go_waits(store, tmp_path):
    lately = (
        f"UPDATE messages SET customer_id = 'c_a', status = '{SENT}', sent_at = {NOW - 1} "
        "WHERE message_id = 'm_b'"
    )
    store.write(lambda connection: connection.execute(lately).rowcount).result()
    held = deliver(store, CsvFile(tmp_path / "out.csv"), lambda: NOW, terms=Actions(rest_days=14))
    assert (held.sent, held.waiting) == (0, 1)
    assert store.read(outbox.waiting)[0].fault == "held back: the customer rests"
    after = NOW + 15 * DAY_MS
    done = deliver(store, CsvFile(tmp_path / "out.csv"), lambda: after, terms=Actions(rest_days=14))
    assert done.sent == 1
    assert store.read(outbox.history)["fault"].to_list() == [None, None]


def test_a_campaign_and_its_items_are_told(store, listen):
    server = listen(204)
    own = Message("m_c", "c_c", "campaign", 1.0, 0.1, NOW, campaign_id="spring", items=("i1", "i2"))
    store.write(partial(outbox.put, messages=[own], rest=Rest(14))).result()
    deliver(store, webhook(server, []), lambda: NOW)
    told = json.loads(server.seen[-1][1])
    assert (told["campaign_id"], told["items"]) == ("spring", ["i1", "i2"])
