"""Whole columns at a time: what `data.values` does to one value, for frames.

Common types take a vectorised path; anything else goes value by value through the plain parsers, so the two
cannot differ there. A test with random data holds the rest to the same answer.
"""

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from shopkeeper.data.contract import MAX_ID, Kind, Reason
from shopkeeper.data.values import (
    CONTROL,
    MICROSECONDS_BELOW,
    MILLISECONDS_BELOW,
    NUMBER,
    PARSERS,
    SECONDS_BELOW,
    TIME_BELOW,
)

Column = tuple[pl.Series, pl.Series | None]
"""Parsed values, and for each the code of its `Reason` (`REASON_CODES`) or null; None where all are good."""

REASON_CODES: Final = {reason: code for code, reason in enumerate(Reason)}
REASONS: Final = tuple(Reason)
DTYPES: Final[dict[Kind, pl.DataType]] = {
    Kind.id: pl.String(),
    Kind.text: pl.String(),
    Kind.number: pl.Float64(),
    Kind.time: pl.Int64(),
    Kind.flag: pl.Boolean(),
    Kind.event_type: pl.String(),
    Kind.tie: pl.String(),
    Kind.currency: pl.String(),
    Kind.attributes: pl.String(),
}
_CODE: Final = pl.UInt8()
_WHOLE: Final = r"^[+-]?[0-9]{1,18}$"
_ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?Z?$"


def parse_column(values: pl.Series, kind: Kind) -> Column:
    """Parse a column of any type."""
    if values.dtype == pl.Null or values.null_count() == len(values):
        return pl.Series(values.name, [None] * len(values), DTYPES[kind]), None
    if isinstance(values.dtype, (pl.Categorical, pl.Enum)):
        values = values.cast(pl.String)
    if isinstance(values.dtype, pl.Decimal):
        values = values.cast(pl.Float64)
    return _FAST.get(kind, _by_distinct)(values, kind)


def _by_value(values: pl.Series, kind: Kind) -> Column:
    """Through the plain parser, value by value."""
    return _column(values.name, [PARSERS[kind](value) for value in values.to_list()], kind)


def _by_distinct(values: pl.Series, kind: Kind) -> Column:
    """Through the plain parser, each distinct value once."""
    if values.dtype not in (pl.String, pl.Boolean) and not values.dtype.is_integer():
        return _by_value(values, kind)
    distinct = values.unique()
    parsed, reasons = _column("parsed", [PARSERS[kind](value) for value in distinct.to_list()], kind)
    table = pl.DataFrame({"value": distinct, "parsed": parsed, "reason": reasons})
    found = pl.DataFrame({"value": values}).join(
        table, on="value", how="left", maintain_order="left", nulls_equal=True
    )
    return found["parsed"].alias(values.name), _some(found["reason"])


def _column(name: str, parsed: list[tuple[Any, Reason | None]], kind: Kind) -> Column:
    values = pl.Series(name, [value for value, _ in parsed], dtype=DTYPES[kind])
    codes = [None if reason is None else REASON_CODES[reason] for _, reason in parsed]
    return values, _some(pl.Series(codes, dtype=_CODE))


def _text(values: pl.Series, _kind: Kind) -> Column:
    if values.dtype == pl.String:
        if values.str.contains(CONTROL).any():
            values = values.str.replace_all(CONTROL, "")
        text = values.str.strip_chars()
        return (text.set(text == "", None) if (text == "").any() else text), None
    if values.dtype.is_integer():
        return values.cast(pl.String), None
    if values.dtype.is_float():
        values = values.fill_nan(None)
        whole = values.is_between(-(2.0**63), 2.0**63, closed="left") & (values == values.floor())
        text = values.set(~whole.fill_null(False), None).cast(pl.Int64).cast(pl.String)
        return text, coded(values.is_not_null() & ~whole, Reason.not_text)
    return _by_value(values, Kind.text)


def _id(values: pl.Series, kind: Kind) -> Column:
    text, reasons = _text(values, kind)
    if not (text.str.len_bytes() > MAX_ID).any():
        return text, reasons
    long = text.str.len_chars() > MAX_ID
    return text.set(long.fill_null(False), None), first(reasons, coded(long, Reason.too_long))


def _number(values: pl.Series, kind: Kind) -> Column:
    if values.dtype == pl.String:
        text, _ = _text(values, kind)
        spelled = text.str.contains(NUMBER)
        numbers = text.set(~spelled.fill_null(True), None).cast(pl.Float64, strict=False)
        finite, reasons = _finite(numbers)
        return finite, first(coded(~spelled, Reason.not_a_number), reasons)
    if values.dtype.is_float():
        return _finite(values.cast(pl.Float64))
    if values.dtype.is_integer() and values.dtype not in (pl.UInt64, pl.Int128):
        return values.cast(pl.Float64), None
    return _by_value(values, kind)


def _finite(values: pl.Series) -> Column:
    bad = ~values.is_finite()
    return (values.set(bad.fill_null(False), None) if bad.any() else values), coded(bad, Reason.not_finite)


def _time(values: pl.Series, kind: Kind) -> Column:
    if values.dtype in (pl.Datetime, pl.Date):
        return values.cast(pl.Datetime("ms")).to_physical(), None
    if values.dtype.is_integer() and values.dtype not in (pl.UInt64, pl.Int128):
        return _whole_time(values.cast(pl.Int64))
    if values.dtype == pl.String:
        return _text_time(values)
    return _by_value(values, kind)


def _whole_time(values: pl.Series) -> Column:
    size = pl.col("v").clip(lower_bound=-(2**63) + 1).abs()
    frame = pl.DataFrame({"v": values}).select(
        pl.when(size < int(SECONDS_BELOW))
        .then(pl.col("v") * 1000)
        .when(size < int(MILLISECONDS_BELOW))
        .then(pl.col("v"))
        .when(size < int(MICROSECONDS_BELOW))
        .then(pl.col("v") // 1000)
        .when(size < int(TIME_BELOW))
        .then(pl.col("v") // 1_000_000)
    )
    times = frame.to_series().alias(values.name)
    return times, coded(values.is_not_null() & times.is_null(), Reason.not_a_time)


def _text_time(values: pl.Series) -> Column:
    text, _ = _text(values, Kind.text)
    whole = text.str.contains(_WHOLE).fill_null(False)
    if whole.all():
        return _whole_time(text.cast(pl.Int64))
    iso = text.str.contains(_ISO).fill_null(False)
    times = _iso_time(text.set(~iso, None)) if iso.any() else pl.Series([None] * len(text), dtype=pl.Int64)
    left = times.is_null() & text.is_not_null()
    if not left.any():
        return times.alias(values.name), None
    rest, reasons = _by_distinct(text.set(~left, None), Kind.time)
    return times.fill_null(rest).alias(values.name), reasons


def _iso_time(text: pl.Series) -> pl.Series:
    seconds = text.str.slice(0, 19).str.replace("T", " ", literal=True)
    moments = seconds.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="ms").dt.epoch("ms")
    if not (text.str.len_bytes() > 19).any():
        return moments
    fraction = text.str.extract(r"\.([0-9]{1,3})").fill_null("0").str.pad_end(3, "0").cast(pl.Int64)
    return moments + fraction


def coded(bad: pl.Series, reason: Reason) -> pl.Series | None:
    """The code of a reason where ``bad`` is true; None if it nowhere is."""
    if not bad.any():
        return None
    return (
        pl.Series([REASON_CODES[reason]], dtype=_CODE)
        .new_from_index(0, len(bad))
        .set(~bad.fill_null(False), None)
    )


def first(*reasons: pl.Series | None) -> pl.Series | None:
    """The first code of each row; None where all rows are good."""
    found: pl.Series | None = None
    for one in reasons:
        if one is not None:
            found = one if found is None else found.fill_null(one)
    return found


def _some(reasons: pl.Series) -> pl.Series | None:
    return reasons if reasons.null_count() < len(reasons) else None


_FAST: Final[dict[Kind, Callable[[pl.Series, Kind], Column]]] = {
    Kind.id: _id,
    Kind.text: _text,
    Kind.number: _number,
    Kind.time: _time,
}
