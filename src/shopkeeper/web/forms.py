"""What a browser sends with a form: its fields, and whether they may be believed."""

import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from shopkeeper.core.errors import InvalidRequest, PayloadTooLarge

_MOST_BYTES = 16_384
_MOST_FIELDS = 50


async def read_form(request: Request) -> dict[str, str]:
    """The fields of an URL-encoded form; of a field given twice the last one counts.

    Raises
    ------
    PayloadTooLarge
        The body has more than 16 kB.
    InvalidRequest
        The body is not a form.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise PayloadTooLarge(f"The form has more than {_MOST_BYTES} bytes.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except (UnicodeDecodeError, ValueError):
        raise InvalidRequest("The body is not an URL-encoded form.") from None


def is_own(request: Request) -> bool:
    """Whether a form was sent from a page of this very shop.

    Browsers name the sending site in ``Origin`` with every form; a request that names none is not believed
    unless ``Referer`` does. Together with cookies that are ``SameSite=Lax`` no other site can act for a
    visitor.
    """
    told = request.headers.get("origin") or request.headers.get("referer") or ""
    host = request.headers.get("host", "")
    return bool(host) and urlsplit(told).netloc == host


def field(form: Mapping[str, str], name: str) -> str:
    """One field that must be there and not be empty.

    Raises
    ------
    InvalidRequest
        The field is missing or empty.
    """
    value = form.get(name, "").strip()
    if not value:
        raise InvalidRequest(f"The form lacks the field {name!r}.")
    return value


def chosen_item(form: Mapping[str, str]) -> tuple[str, str]:
    """Shelf and item of an add button, whose value is ``shelf:item_id``; the shelf may be empty.

    Raises
    ------
    InvalidRequest
        The form names no item.
    """
    shelf, colon, item_id = field(form, "item").partition(":")
    if not colon or not item_id:
        raise InvalidRequest("The form names no item.")
    return shelf, item_id


def quantity(form: Mapping[str, str]) -> int:
    """How many pieces; one where the form does not say.

    Raises
    ------
    InvalidRequest
        Not a whole number between 1 and 99.
    """
    text = form.get("quantity", "1").strip()
    if not re.fullmatch(r"[1-9][0-9]?", text, re.ASCII):
        raise InvalidRequest(f"quantity = {text[:20]!r} is not a whole number between 1 and 99.")
    return int(text)


def nonce() -> str:
    """A word that is on one page only, so that a form sent twice counts once."""
    return secrets.token_urlsafe(12)
