"""Moments of the past from which one may learn: what followed each is known by the moment of the question."""

from datetime import UTC, datetime
from typing import Final

from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.customer_log import CustomerLog

STEP_DAYS: Final = 7
"""Whole weeks, so that every moment falls on the same day of the week."""
MOST: Final = 16
"""Moments that are learned from, the latest: older ones say less about now."""
FEWEST_DAYS: Final = 28
"""Least history before a moment, where the horizon asks for no more."""


def check_as_of(log: CustomerLog, as_of: int, days: int) -> None:
    """Refuse a moment of which the log can say nothing.

    Raises
    ------
    TooLittleData
        The log is empty.
    InvalidRequest
        The moment lies before the first event, or so long after the last that silence says nothing.
    """
    if not len(log.events):
        raise TooLittleData(
            "The log holds no event of a customer.",
            hint="Import some with: shopkeeper import FILE --shop DIR --kind events",
        )
    if as_of <= log.start:
        raise InvalidRequest(
            f"as_of = {told(as_of)}: nothing is known before {told(log.start)}, the first event.",
            hint="Choose a later moment.",
        )
    if as_of > log.end + days * DAY_MS:
        raise InvalidRequest(
            f"as_of = {told(as_of)}: the log ends on {told(log.end)}, and what happened in between is "
            "not known.",
            hint="Choose a moment near the end of the log, or import what is missing.",
        )


def cut_offs(log: CustomerLog, as_of: int, days: int) -> tuple[int, ...]:
    """Moments to learn from, the latest first; their windows of ``days`` end by ``as_of``, within the log.

    Raises
    ------
    TooLittleData
        There is none: the log is too short for such a horizon.
    """
    latest = min(as_of, log.end) - days * DAY_MS
    # A moment of the same time of the day as the question.
    latest = as_of - -(-(as_of - latest) // DAY_MS) * DAY_MS
    first = log.start + max(FEWEST_DAYS, min(days, 2 * FEWEST_DAYS)) * DAY_MS
    moments = tuple(range(latest, first - 1, -STEP_DAYS * DAY_MS))[:MOST]
    if not moments:
        raise TooLittleData(
            f"horizon = {days} days: before {told(as_of)} the log holds "
            f"{(as_of - log.start) / DAY_MS:.0f} days, too few to learn from.",
            hint=f"It takes {FEWEST_DAYS} days of history and a horizon that has passed.",
        )
    return moments


def told(moment: int) -> str:
    """A moment as a person reads it."""
    return f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m-%d %H:%M}"
