"""Request bodies, read with a bound: a large one is refused while it arrives, a zip bomb while it grows."""

import math
import zlib
from collections.abc import AsyncIterator
from typing import Any

from pydantic_core import from_json
from starlette.requests import Request

from shopkeeper.core.errors import InvalidJson, InvalidRequest, PayloadTooLarge

_GZIP = 16 + zlib.MAX_WBITS
_ENCODINGS = ("", "identity", "gzip", "deflate")


async def read_json(request: Request, *, max_bytes: int) -> Any:
    """The JSON value of a request's body.

    Raises
    ------
    PayloadTooLarge
        The body, packed or unpacked, has more than ``max_bytes``; the rest is not read.
    InvalidRequest
        It is packed in another way than gzip or deflate.
    InvalidJson
        It is not JSON, or damaged where packed.
    """
    return parse_json(await read_body(request, max_bytes=max_bytes))


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """The unpacked bytes of a request's body; see `read_json`."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise InvalidRequest(
            f"Content-Encoding = {encoding[:80]!r} is not understood.",
            hint="Send gzip, deflate or plain JSON.",
        )
    if encoding in ("", "identity"):
        return await _gather(request.stream(), max_bytes)
    return await _gather(_inflated(request.stream(), encoding, max_bytes), max_bytes)


def parse_json(body: bytes) -> Any:
    """The value of JSON text.

    ``NaN`` and ``Infinity``, which some clients write, are read as numbers, so that the row they stand in can
    be set aside alone.

    Raises
    ------
    InvalidJson
        The text is not JSON in UTF-8, or nested too deep.
    """
    if not body.strip():
        raise InvalidJson("The body is empty.", hint='Send JSON, such as {"events": [...]}.')
    try:
        return from_json(body, allow_inf_nan=True, cache_strings="keys")
    except ValueError as error:
        raise InvalidJson(f"The body is not JSON: {error}.", hint="Send JSON in UTF-8.") from None


def finite(value: Any) -> Any:
    """A JSON value in which numbers that JSON does not know are null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


async def _gather(chunks: AsyncIterator[bytes], max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(max_bytes)
        parts.append(chunk)
    return b"".join(parts)


async def _inflated(chunks: AsyncIterator[bytes], encoding: str, max_bytes: int) -> AsyncIterator[bytes]:
    """Unpack piece by piece, each bounded, so that a bomb is stopped before it has grown."""
    unpack = zlib.decompressobj(_GZIP if encoding == "gzip" else zlib.MAX_WBITS)
    try:
        async for chunk in chunks:
            rest = chunk
            while rest:
                yield unpack.decompress(rest, max_bytes + 1)
                rest = unpack.unconsumed_tail
        yield unpack.flush()
    except zlib.error as error:
        raise InvalidJson(f"The body is not {encoding}: {error}.", hint="Send it again, or plain.") from None
    if not unpack.eof:
        raise InvalidJson(f"The {encoding} body ends too early.", hint="Send it again, or plain.")


def _too_large(max_bytes: int) -> PayloadTooLarge:
    return PayloadTooLarge(
        f"The body has more than {max_bytes / 1e6:g} MB.",
        hint="Send smaller batches, or raise limits.max_body_mb in shopkeeper.toml.",
    )
