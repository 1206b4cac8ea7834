"""What pages of other origins may ask: to send events, and for a homepage from a history they bring along.

Neither answer tells anything that the page does not know itself, so the only question is whose pages may use
the engine: those of `embed.origins` in the configuration.
"""

from collections.abc import Collection
from typing import Final

from starlette.responses import Response
from starlette.types import Scope

OPEN: Final = frozenset(("/v1/events", "/v1/homepage"))
"""Paths that pages of other origins may post to."""
_TEN_MINUTES: Final = "600"


class Origins:
    """Decides whether a browser's request from another origin may pass.

    Parameters
    ----------
    allowed
        Origins such as ``https://shop.example``.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = frozenset(origin.encode() for origin in allowed)

    def admitted(self, scope: Scope) -> bytes:
        """The origin of a request that may pass; empty for any other."""
        origin: bytes = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        posts = scope["method"] in ("POST", "OPTIONS")
        return origin if posts and scope["path"] in OPEN and origin in self._allowed else b""


def headers(origin: bytes) -> list[tuple[bytes, bytes]]:
    """What lets the page of an admitted origin read the answer; no cookie counts for it."""
    return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]


def preflight() -> Response:
    """The answer to a browser that asks before it posts."""
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": _TEN_MINUTES,
        },
    )
