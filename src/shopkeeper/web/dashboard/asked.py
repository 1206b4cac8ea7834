"""Numbers in the query of a page, within their bounds."""

import math
from collections.abc import Mapping

from shopkeeper.core.errors import InvalidRequest


def number_of(asked: Mapping[str, str], name: str, otherwise: float, most: float = math.inf) -> float:
    """A number from 0 to ``most``; ``otherwise`` where it is missing or empty.

    Raises
    ------
    InvalidRequest
        It is none, or out of bounds.
    """
    text = asked.get(name, "").strip()
    if not text:
        return otherwise
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= most or math.isinf(value):
        upper = "0 or more" if math.isinf(most) else f"between 0 and {most:g}"
        raise InvalidRequest(f"{name} = {text[:20]!r}: must be a number, {upper}.")
    return value
