"""Who may see personal data: this machine alone or, where an admin token is configured, who brings it."""

import base64
import binascii
import hmac
from ipaddress import ip_address
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

TOKEN_VARIABLE: Final = "SHOPKEEPER_ADMIN_TOKEN"  # noqa: S105 - its name, not its value
"""Environment variable with the admin token."""
_LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Guard:
    """Decides who may see personal data; call it, or use it as a FastAPI dependency.

    A request counts as coming from this machine if its address is a loopback address, it names this machine
    as the host (so that a foreign page cannot reach in by its own name), and no proxy has passed it on.

    Parameters
    ----------
    token
        The admin token, accepted as ``Authorization: Bearer TOKEN`` or as password of HTTP Basic; None if
        none is configured.
    """

    def __init__(self, token: str | None = None) -> None:
        self._token = token.encode() if token else None

    def __call__(self, connection: HTTPConnection) -> None:
        """Let pass, or refuse.

        Raises
        ------
        HTTPException
            403 where there is no token, 401 where it is missing or wrong.
        """
        if is_local(connection):
            return
        if self._token is None:
            raise HTTPException(
                403, "personal data is shown on this machine only, unless an admin token is set"
            )
        if not hmac.compare_digest(_given(connection), self._token):
            raise HTTPException(
                401, "the admin token is missing or wrong", {"WWW-Authenticate": 'Basic realm="shopkeeper"'}
            )


def is_local(connection: HTTPConnection) -> bool:
    """Whether a request comes straight from this machine and means this machine."""
    headers = connection.headers
    if any(name in headers for name in _FORWARDED):
        return False
    return _is_loopback(connection) and _host(headers.get("host", "")) in _LOCAL_NAMES


def _is_loopback(connection: HTTPConnection) -> bool:
    if connection.client is None:
        return False
    try:
        return ip_address(connection.client.host).is_loopback
    except ValueError:
        return False


def _host(header: str) -> str:
    """The host name without the port."""
    if header.startswith("["):
        return header.partition("]")[0] + "]"
    return header.partition(":")[0].lower()


def _given(connection: HTTPConnection) -> bytes:
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip().encode()
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2]
    except binascii.Error:
        return b""
