"""What every request passes: request id, security headers, figures, and one line of access log.

Plain ASGI, because a layer on the way of every batch of events must cost microseconds.
"""

import json
import logging
import re
import secrets
from time import perf_counter, time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopkeeper.serving import metrics
from shopkeeper.serving.origins import Origins, headers, preflight
from shopkeeper.serving.problems import problem, unexpected

ACCESS_LOG = "shopkeeper.access"
"""Logger of one JSON line a request, at level INFO. It names routes and no person."""
_ERRORS = logging.getLogger("shopkeeper")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_READING = frozenset(("GET", "HEAD", "OPTIONS"))
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"content-security-policy": (
        b"default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; "
        b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
}
"""Set on every answer that does not set them itself."""


class Edge:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, origins: Origins | None = None) -> None:
        self._app = app
        self._origins = origins or Origins()
        self._log = logging.getLogger(ACCESS_LOG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = self._origins.admitted(scope)
        passage = _Passage(scope, send, headers(origin) if origin else [])
        app = self._answering(scope, origin)
        try:
            await app(scope, receive, passage.send)
        except Exception:
            _ERRORS.exception("Request %s failed.", passage.request_id)
            if not passage.started:
                await unexpected()(scope, receive, passage.send)
        finally:
            passage.count(self._log)

    def _answering(self, scope: Scope, origin: bytes) -> ASGIApp:
        """What answers a request: nobody else's page gets past here, but for an admitted origin's."""
        if origin:
            return preflight() if scope["method"] == "OPTIONS" else self._app
        return _foreign if _from_elsewhere(scope) else self._app


class _Passage:
    """One request on its way through."""

    def __init__(self, scope: Scope, send: Send, more: list[tuple[bytes, bytes]]) -> None:
        self._scope = scope
        self._more = more
        self._send = send
        self._start = perf_counter()
        self._status = 500
        self.started = False
        given = _header(scope, b"x-request-id")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self._status = message["status"]
            headers = list(message.get("headers", ()))
            present = {name for name, _ in headers}
            headers += self._more
            headers += [(name, value) for name, value in _HEADERS.items() if name not in present]
            headers.append((b"x-request-id", self.request_id.encode()))
            message = {**message, "headers": headers}
        await self._send(message)

    def count(self, log: logging.Logger) -> None:
        seconds = perf_counter() - self._start
        route = getattr(self._scope.get("route"), "path", "unmatched")
        method = self._scope["method"] if self._scope["method"] in _METHODS else "other"
        metrics.REQUESTS.labels(method, route, str(self._status)).inc()
        metrics.SECONDS.labels(route).observe(seconds)
        if log.isEnabledFor(logging.INFO):
            line = {
                "time": round(time(), 3),
                "request_id": self.request_id,
                "method": method,
                "route": route,
                "status": self._status,
                "ms": round(seconds * 1000, 2),
            }
            log.info(json.dumps(line))


def _from_elsewhere(scope: Scope) -> bool:
    """Whether a browser says that another web site sent this to change something here."""
    return scope["method"] not in _READING and _header(scope, b"sec-fetch-site") == "cross-site"


async def _foreign(scope: Scope, receive: Receive, send: Send) -> None:
    answer = problem(
        403,
        "cross_site",
        "A page of another web site may not change anything here.",
        hint="Call the interface from your own servers or pages.",
    )
    await answer(scope, receive, send)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
