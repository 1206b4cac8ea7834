"""Quiet hours: when nobody is written to."""

from datetime import datetime, timedelta
from typing import Final

from shopkeeper.core.config import Actions

_DAY_HOURS: Final = 24


def send_at(as_of: int, terms: Actions) -> int:
    """The first moment from ``as_of`` on that is not quiet.

    Parameters
    ----------
    as_of
        Epoch milliseconds.
    terms
        The hours at which quiet begins and ends, over midnight too, and the time zone they are told in. No
        hour is quiet where both are equal.
    """
    here = datetime.fromtimestamp(as_of / 1000, terms.zone)
    length = (terms.quiet_until - terms.quiet_from) % _DAY_HOURS
    if (here.hour - terms.quiet_from) % _DAY_HOURS >= length:
        return as_of
    end = here.replace(hour=terms.quiet_until, minute=0, second=0, microsecond=0)
    # Clocks are compared, not moments: the end of the quiet hours is told by a clock, whatever it skips.
    return int((end if end > here else end + timedelta(days=1)).timestamp()) * 1000
