"""One value at a time: text, numbers, times and flags, as people and programs write them.

These are the plain definitions; `data.value_columns` does the same to whole columns.
"""

import json
import math
import re
from datetime import UTC, date, datetime
from typing import Any, Final

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import EventType, Tie
from shopkeeper.data.contract import MAX_ATTRIBUTES, MAX_ID, Kind, Reason

CONTROL: Final = "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]"
"""Control characters have no place in text; `data.occurrences` relies on their absence."""
NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
DIGITS: Final = r"^[+-]?[0-9]{1,19}(\.[0-9]*)?$"
CURRENCY: Final = "^[A-Z]{3}$"
_ISO: Final = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII | re.IGNORECASE,
)
FLAGS: Final = {
    **dict.fromkeys(
        ("true", "t", "yes", "y", "1", "1.0", "granted", "in stock", "in_stock", "instock"), True
    ),
    **dict.fromkeys(
        ("false", "f", "no", "n", "0", "0.0", "denied", "out of stock", "out_of_stock", "outofstock"), False
    ),
}
"""What counts as yes and no, in lower case."""
SECONDS_BELOW: Final = 1e11
MILLISECONDS_BELOW: Final = 1e14
MICROSECONDS_BELOW: Final = 1e17
TIME_BELOW: Final = 9e18
"""An epoch number below the first is in seconds, then milliseconds, microseconds, and nanoseconds."""

_control = re.compile(CONTROL)
_number = re.compile(NUMBER)
_digits = re.compile(DIGITS)
_currency = re.compile(CURRENCY)
_event_types: Final = frozenset(kind.name for kind in EventType)
_MISSING: Final = (None, None)

Parsed = tuple[Any, Reason | None]
"""A value (None where there is none) and what is wrong with it."""


def parse_text(value: Any) -> Parsed:
    """Text without control characters and outer spaces; empty text is no value."""
    if type(value) is not str:
        return _text_of_other(value)
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode("utf-8")
    if not value.isprintable():
        value = _control.sub("", value)
    return (value.strip() or None), None


def _text_of_other(value: Any) -> Parsed:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _MISSING
    if isinstance(value, str):
        return parse_text(str(value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None, Reason.not_text
    if not -(2**63) <= value < 2**63 or value != int(value):
        return None, Reason.not_text
    return str(int(value)), None


def parse_id(value: Any) -> Parsed:
    """Text of at most `MAX_ID` characters."""
    if type(value) is str and value.isascii() and value.isprintable() and len(value) <= MAX_ID:
        return value.strip(" ") or None, None
    text, reason = parse_text(value)
    if text is not None and len(text) > MAX_ID:
        return None, Reason.too_long
    return text, reason


def parse_number(value: Any) -> Parsed:
    """A finite number, or text that spells one with a decimal point."""
    if type(value) is not float:
        if value is None:
            return _MISSING
        if isinstance(value, str):
            return _number_of_text(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None, Reason.not_a_number
        if not -(2**63) <= value < 2**63:
            return None, Reason.out_of_range
        value = float(value)
    return (value, None) if math.isfinite(value) else (None, Reason.not_finite)


def _number_of_text(value: str) -> Parsed:
    text, _ = parse_text(value)
    if text is None:
        return _MISSING
    if not _number.match(text):
        return None, Reason.not_a_number
    number = float(text)
    return (number, None) if math.isfinite(number) else (None, Reason.not_finite)


def parse_time(value: Any) -> Parsed:
    """Epoch milliseconds from ISO 8601 text, an epoch number of any unit, or a date; no zone means UTC."""
    if isinstance(value, str):
        return _time_of_text(value)
    if value is None:
        return _MISSING
    if isinstance(value, datetime):
        return _milliseconds(value), None
    if isinstance(value, date):
        return _milliseconds(datetime(value.year, value.month, value.day, tzinfo=UTC)), None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None, Reason.not_a_time
    return time_of_number(value)


def read_moment(field: str, value: Any) -> int:
    """Epoch milliseconds of a moment that somebody asks about.

    Raises
    ------
    InvalidRequest
        It is none; ``field`` is named.
    """
    time, reason = parse_time(value)
    if reason is not None or time is None:
        raise InvalidRequest(
            f"{field} = {value!r} is not a moment.", hint="For example: 2026-03-31, or 2026-03-31T18:00:00Z."
        )
    return int(time)


def time_of_number(value: float) -> Parsed:
    """Epoch milliseconds from an epoch number, its unit told by its size."""
    size = abs(value)
    if not size < TIME_BELOW:
        return None, Reason.not_a_time
    if size < SECONDS_BELOW:
        return math.floor(value * 1000), None
    if size < MILLISECONDS_BELOW:
        return math.floor(value), None
    return (int(value) // 1000 if size < MICROSECONDS_BELOW else int(value) // 1_000_000), None


def _time_of_text(value: str) -> Parsed:
    text, _ = parse_text(value)
    if text is None:
        return _MISSING
    if _digits.match(text):
        return time_of_number(float(text) if "." in text else int(text))
    found = _ISO.fullmatch(text)
    if found is None:
        return None, Reason.not_a_time
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None, Reason.not_a_time
    thousandths = int((fraction or "0").ljust(3, "0")[:3])
    return _milliseconds(moment) + thousandths - _offset_ms(zone), None


def _offset_ms(zone: str | None) -> int:
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return (-minutes if zone[0] == "-" else minutes) * 60_000


def _milliseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def parse_flag(value: Any) -> Parsed:
    """True or false, in any of the spellings of `FLAGS`."""
    if isinstance(value, bool):
        return value, None
    if isinstance(value, (int, float)) and value in (0, 1):
        return value == 1, None
    if value is not None and not isinstance(value, str):
        return None, Reason.not_a_flag
    text, _ = parse_text(value)
    if text is None:
        return _MISSING
    flag = FLAGS.get(text.lower())
    return flag, None if flag is not None else Reason.not_a_flag


def parse_event_type(value: Any) -> Parsed:
    """The name of an `EventType`."""
    if isinstance(value, str) and value in _event_types:
        return value, None
    text, reason = parse_text(value)
    if text is None or text in _event_types:
        return text, reason
    return None, Reason.unknown_event_type


def parse_tie(value: Any) -> Parsed:
    """The name of a `Tie`; capital letters are lowered."""
    text, reason = parse_text(value)
    if text is None:
        return None, reason
    return (text.lower(), None) if text.lower() in Tie.__members__ else (None, Reason.unknown_tie)


def parse_currency(value: Any) -> Parsed:
    """Three capital letters; small ones are raised."""
    text, _ = parse_text(value)
    if text is None:
        return None, None if value is None or isinstance(value, str) else Reason.not_a_currency
    text = text.upper()
    return (text, None) if _currency.match(text) else (None, Reason.not_a_currency)


def parse_attributes(value: Any) -> Parsed:
    """A JSON object, as one or as text, in canonical spelling."""
    if isinstance(value, str):
        text, _ = parse_text(value)
        if text is None:
            return _MISSING
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None, Reason.not_an_object
    if value is None:
        return _MISSING
    if not isinstance(value, dict):
        return None, Reason.not_an_object
    try:
        spelled = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
        spelled.encode()
    except (ValueError, TypeError, RecursionError):
        return None, Reason.not_an_object
    return (spelled, None) if len(spelled) <= MAX_ATTRIBUTES else (None, Reason.too_long)


PARSERS: Final = {
    Kind.id: parse_id,
    Kind.text: parse_text,
    Kind.number: parse_number,
    Kind.time: parse_time,
    Kind.flag: parse_flag,
    Kind.event_type: parse_event_type,
    Kind.tie: parse_tie,
    Kind.currency: parse_currency,
    Kind.attributes: parse_attributes,
}
"""How each kind of field is read."""
