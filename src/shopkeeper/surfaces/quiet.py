"""Quiet hours: when nobody is written to."""

from typing import Final

from shopkeeper.core.types import DAY_MS

_HOUR_MS: Final = DAY_MS // 24
_DAY_HOURS: Final = 24


def send_at(as_of: int, quiet_from: int, quiet_until: int) -> int:
    """The first moment from ``as_of`` on that is not quiet.

    Parameters
    ----------
    as_of
        Epoch milliseconds.
    quiet_from, quiet_until
        Hours of the day, UTC: quiet begins with the one and ends with the other, over midnight too. No hour
        is quiet where both are equal.
    """
    length = (quiet_until - quiet_from) % _DAY_HOURS * _HOUR_MS
    since = (as_of - quiet_from * _HOUR_MS) % DAY_MS
    return as_of + max(length - since, 0)
