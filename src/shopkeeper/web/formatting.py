"""Prices, numbers and times as people read them."""

from datetime import UTC, datetime

from shopkeeper.core.types import DAY_MS
from shopkeeper.web.strings import Words

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥", "INR": "₹", "KRW": "₩", "BRL": "R$"}
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})
_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000


def money(value: float, currency: str) -> str:
    """A price with its symbol, or with its ISO code where the symbol is not common."""
    amount = f"{abs(value):,.0f}" if currency in _WITHOUT_CENTS else f"{abs(value):,.2f}"
    symbol = _SYMBOLS.get(currency)
    text = f"{symbol}{amount}" if symbol else f"{currency} {amount}"
    return f"−{text}" if value < 0 else text


def number(value: float) -> str:
    """A count or quantity, grouped by thousands, without needless decimals."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def ago(words: Words, moment: int, now: int) -> str:
    """How long before ``now`` a moment was; both in epoch milliseconds."""
    passed = max(0, now - moment)
    if passed < _MINUTE_MS:
        return words("just_now")
    if passed < _HOUR_MS:
        return words.count("minutes_ago", passed // _MINUTE_MS)
    if passed < DAY_MS:
        return words.count("hours_ago", passed // _HOUR_MS)
    return words.count("days_ago", passed // DAY_MS)


def day(moment: int) -> str:
    """A moment in epoch milliseconds as a date, UTC."""
    return clock(moment)[:10]


def clock(moment: int) -> str:
    """A moment in epoch milliseconds as date and time, UTC."""
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
