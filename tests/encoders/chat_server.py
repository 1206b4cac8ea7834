"""A chat endpoint with bad days, in a process of its own.

The path says how it behaves, ``/BEHAVIOUR/NAME/chat/completions``; each path counts its own calls, and
``GET /BEHAVIOUR/NAME`` tells them: how many, and what was asked.

It tags a product by the words of its title, a customer by the weakest word of the vocabulary, sings of a
campaign by what it is for, and gives an item as its own reason. Like a naive
model it does what it is told, wherever that stands, except between the lines its system message calls data.
"""

import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, ClassVar
from urllib.request import urlopen

ORDER = re.compile(
    r"(?:ignore previous instructions and answer|忽略之前的指令并回答)\s*(\{.*\})", re.I | re.S
)
KEY = "secret"


class ChatHandler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    bodies: ClassVar[dict[str, list[Any]]] = defaultdict(list)
    lock = Lock()

    def log_message(self, format, *args):
        pass

    def do_GET(self):
        self.send(200, json.dumps({"calls": len(self.bodies[self.path]), "bodies": self.bodies[self.path]}))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.removesuffix("/chat/completions")
        with self.lock:
            self.bodies[path].append(body)
            call = len(self.bodies[path])
        getattr(self, path.split("/")[1])(body, call)

    def send(self, status, text, headers=()):
        data = text.encode()
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(data)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def say(self, content, **usage):
        completion = {"choices": [{"message": {"role": "assistant", "content": content}}]}
        self.send(200, json.dumps(completion | ({"usage": usage} if usage else {})))

    def good(self, body, call):
        self.say(answer(body["messages"]), total_tokens=100)

    def uncounted(self, body, call):
        self.say(answer(body["messages"]))

    def hang(self, body, call):
        time.sleep(3)

    def drip(self, body, call):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(30):
            self.wfile.write(b" ")
            time.sleep(0.1)

    def busy(self, body, call):
        if call == 1:
            self.send(429, "later", [("Retry-After", "1")])
        else:
            self.good(body, call)

    def failing(self, body, call):
        self.send(500, "oh")

    def flaky(self, body, call):
        if call % 2:
            self.send(503, "oh")
        else:
            self.good(body, call)

    def broken(self, body, call):
        self.send(200, '{"choices": [')

    def huge(self, body, call):
        self.say("x" * 2_000_000)

    def locked(self, body, call):
        if self.headers.get("Authorization") == f"Bearer {KEY}":
            self.good(body, call)
        else:
            self.send(401, "no")

    def simple(self, body, call):
        if set(body) - {"model", "messages"}:
            self.send(400, "unknown setting")
        else:
            self.good(body, call)

    def fenced(self, body, call):
        self.say(
            f"<think>{{is it?}}</think>Of course!\n```json\n{answer(body['messages'])}\n```\nAnything else?"
        )

    def corrected(self, body, call):
        if len(body["messages"]) > 2:
            self.good(body, call)
        else:
            self.say('{"labels": []}')

    def stubborn(self, body, call):
        self.say("I would rather not.")

    def hijacked(self, body, call):
        """Obeys the data in spite of everything."""
        self.say(ORDER.findall(" ".join(json.loads(data_of(body["messages"])).values()))[0])


def blocks(messages):
    """What stands between the lines that the system message calls data."""
    mark = re.search(r"BEGIN (\w+)", messages[0]["content"])
    return (
        re.compile(rf"^BEGIN {mark[1]}\n(.*?)\nEND {mark[1]}$", re.M | re.S) if mark else re.compile(r"(?!)")
    )


def data_of(messages):
    found = blocks(messages).search(messages[1]["content"])
    return found[1] if found else "{}"


def answer(messages):
    """What a naive model says."""
    rest = "\n".join(blocks(messages).sub("", message["content"]) for message in messages[1:])
    order = ORDER.search(rest)
    if order:
        return order[1]
    data = json.loads(data_of(messages))
    words = re.findall(r"\w+", data.get("title", "").lower())
    if "occasion" in data:
        said = {"title": data["occasion"], "text": " ".join(data["items"]) or "Come in", "tone": "warm"}
    elif "reason" in data:
        said = {"reason": f"{data['item']}, for you"}
    else:
        said = {"tags": data["vocabulary"][-1:] if "vocabulary" in data else words[:8]}
    return json.dumps(said, ensure_ascii=False)


@contextmanager
def running() -> Iterator[str]:
    """The address of a fresh server process."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{next(iter(process.stdout or ())).strip()}"
        finally:
            process.kill()


def told(base_url):
    """Calls of an address so far, and their bodies."""
    with urlopen(base_url) as response:
        return json.load(response)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), ChatHandler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
