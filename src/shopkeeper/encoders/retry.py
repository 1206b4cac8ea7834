"""How long a service of others asks to wait before it is asked again."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(told: str) -> float | None:
    """Seconds that a header ``Retry-After`` asks to wait (RFC 9110, 10.2.3).

    Parameters
    ----------
    told
        Seconds or a date; fractions, which some services send, are understood.

    Returns
    -------
    From 0 on, 0 for a date that is past; None where nothing that can be understood is asked.
    """
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", told, re.ASCII):
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
