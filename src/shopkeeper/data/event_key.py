"""The key of an event: what makes a second arrival of the same event recognisable.

An event with an id of its own is known by it. Any other is known by its moment, its content and its
occurrence number, that is how many rows of the same content came before it within its source. So real repeats
survive (two lines of one receipt that read alike), and the same source read again gives the same keys.

A key has 16 bytes. By content, the first six are the moment in milliseconds, so that keys of a log in order
of time arrive nearly in order and the index over them stays cheap; ten bytes of BLAKE2b follow (80 bits,
which only events of the same millisecond could share).
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final

from shopkeeper.core import columns as c
from shopkeeper.core.ports import EventRow
from shopkeeper.data.schema import KEY_BYTES

TIME_BYTES: Final = 6
DIGEST_BYTES: Final = KEY_BYTES - TIME_BYTES
SEPARATOR: Final = "\x1f"
"""Before each field of the content; a control character, which validated text never holds."""
SCALE: Final = 1e6
"""Numbers enter the content as whole millionths. Coarser than the value itself, which does no harm: rows that
differ by less count as repeats of each other."""

CONTENT_COLUMNS: Final = tuple(name for name in c.EVENT_COLUMNS if name not in (c.EVENT_ID, c.CONSENT))
NUMBER_COLUMNS: Final = frozenset(
    (c.QUANTITY, c.PRICE, c.VALUE, c.DISCOUNT, c.RATING, c.ENGAGEMENT_TIME_MSEC)
)
MARKS: Final = {
    name: f"{SEPARATOR}{place}=" for place, name in enumerate(c.EVENT_COLUMNS) if name in CONTENT_COLUMNS
}
"""What stands before the value of each column in the content."""
_PLACES: Final = tuple(
    (c.EVENT_COLUMNS.index(name), mark, name in NUMBER_COLUMNS) for name, mark in MARKS.items()
)
_TIME: Final = c.EVENT_COLUMNS.index(c.TIMESTAMP)


def content_of(row: Sequence[Any]) -> str:
    """Canonical content of a row in `columns.EVENT_COLUMNS`: its filled fields, each after its mark."""
    return "".join(
        [
            f"{mark}{math.floor(row[place] * SCALE + 0.5) if number else row[place]}"
            for place, mark, number in _PLACES
            if row[place] is not None
        ]
    )


def key_of_content(content: str, occurrence: int, timestamp: int) -> bytes:
    """Key of an event without an id; ``occurrence`` counts from 0."""
    if occurrence:
        content = f"{content}{SEPARATOR}#{occurrence}"
    return (
        timestamp.to_bytes(TIME_BYTES, "big") + blake2b(content.encode(), digest_size=DIGEST_BYTES).digest()
    )


def key_of_id(event_id: str) -> bytes:
    """Key of an event that brought its own id."""
    return blake2b(event_id.encode(), digest_size=KEY_BYTES, person=b"event id").digest()


def keyed(rows: Sequence[Sequence[Any]]) -> list[EventRow]:
    """Rows in `columns.EVENT_COLUMNS` with the text id in front replaced by the key, for one small source."""
    seen: dict[str, int] = {}
    out: list[EventRow] = []
    for row in rows:
        if row[0] is not None:
            key = key_of_id(row[0])
        else:
            content = content_of(row)
            occurrence = seen.get(content, 0)
            seen[content] = occurrence + 1
            key = key_of_content(content, occurrence, row[_TIME])
        out.append((key, *row[1:]))
    return out
