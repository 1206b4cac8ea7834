"""Whole frames against their contract: the fast twin of `data.validate`."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType
from shopkeeper.data.contract import NEEDS_ITEM, RETURNABLE, Contract, Field, Kind, Reason
from shopkeeper.data.validate import Fault, fault_of
from shopkeeper.data.value_columns import REASONS, coded, first, parse_column

_FIELD_STEP = 64
"""A fault is told by one number: place of the field times this, plus the code of the reason."""


@dataclass(frozen=True)
class CheckedFrame:
    """A frame after its check.

    Attributes
    ----------
    values
        The good rows, parsed: those columns of the contract that were given.
    good
        Which rows of the given frame those are, as booleans.
    faults
        Why each other row is set aside, by row.
    cut
        How often the text of a column was too long and was cut.
    """

    values: pl.DataFrame
    good: pl.Series
    faults: Mapping[int, Fault]
    cut: Mapping[str, int]


def check_frame(frame: pl.DataFrame, contract: Contract) -> CheckedFrame:
    """Parse a frame and hold each row to its contract; columns that the contract does not know are left out.

    Parameters
    ----------
    frame
        Columns named as in the contract, of any type.
    contract
        See `data.contract.contract_of`.
    """
    values: dict[str, pl.Series] = {}
    faults: pl.Series | None = None
    for place, field in enumerate(contract.fields):
        if field.name not in frame.columns:
            if field.required:
                faults = first(faults, _placed(place, coded(_all(len(frame)), Reason.missing)))
            continue
        parsed, reasons = parse_column(frame[field.name], field.kind)
        faults = first(faults, _placed(place, first(reasons, _broken_rule(parsed, field))))
        values[field.name] = parsed
    parsed_frame = pl.DataFrame(list(values.values()))
    for name, bad, reason in _cross_rules(parsed_frame, contract):
        faults = first(faults, _placed(contract.columns.index(name), coded(bad, reason)))
    return _split(frame, parsed_frame, faults, contract)


def set_aside(checked: CheckedFrame, bad: pl.Series, field: Field, reason: Reason) -> CheckedFrame:
    """The same check with some of the good rows set aside for a reason that only the shop knows.

    Parameters
    ----------
    checked
        The check so far.
    bad
        Which rows of ``checked.values`` those are, as booleans.
    field, reason
        What is wrong with them.
    """
    if not bad.any():
        return checked
    rows = checked.good.arg_true().filter(bad)
    faults = {row: fault_of(reason, field, None) for row in rows.to_list()}
    good = checked.good.scatter(rows, False)
    return CheckedFrame(checked.values.filter(~bad), good, {**checked.faults, **faults}, checked.cut)


def _split(
    given: pl.DataFrame, parsed: pl.DataFrame, faults: pl.Series | None, contract: Contract
) -> CheckedFrame:
    good = _all(len(given)) if faults is None else faults.is_null()
    worded = {} if faults is None else _worded(given, faults, contract)
    kept = parsed if faults is None else parsed.filter(good)
    kept, cut = _cut(kept, contract)
    return CheckedFrame(kept, good, worded, cut)


def _all(rows: int) -> pl.Series:
    return pl.Series([True]).new_from_index(0, rows)


def _placed(place: int, reasons: pl.Series | None) -> pl.Series | None:
    return None if reasons is None else reasons.cast(pl.Int32) + place * _FIELD_STEP


def _broken_rule(values: pl.Series, field: Field) -> pl.Series | None:
    """The plain rules of `validate`, for a column; faults of parsing go before them."""
    missing = coded(values.is_null(), Reason.missing) if field.required else None
    if field.kind is Kind.number:
        return first(missing, *_number_reasons(values, field))
    if field.kind is Kind.time:
        early, late = values < field.low, values > field.high
        return first(missing, coded(early, Reason.too_early), coded(late, Reason.in_the_future))
    return missing


def _number_reasons(values: pl.Series, field: Field) -> tuple[pl.Series | None, ...]:
    below = Reason.negative if field.low == 0 else Reason.out_of_range
    zero = coded(values == 0, Reason.zero) if field.name == c.QUANTITY else None
    return zero, coded(values < field.low, below), coded(values > field.high, Reason.out_of_range)


def _cross_rules(frame: pl.DataFrame, contract: Contract) -> list[tuple[str, pl.Series, Reason]]:
    if contract.kind == "events":
        return _event_rules(frame) if c.EVENT_TYPE in frame.columns else []
    rules, given = [], set(frame.columns)
    if {c.CUSTOMER_ID, c.OTHER_ID} <= given:
        rules.append((c.OTHER_ID, frame[c.OTHER_ID] == frame[c.CUSTOMER_ID], Reason.self_tie))
    if {c.STARTS_AT, c.ENDS_AT} <= given:
        rules.append((c.ENDS_AT, frame[c.ENDS_AT] < frame[c.STARTS_AT], Reason.reversed_dates))
    return rules


def _event_rules(frame: pl.DataFrame) -> list[tuple[str, pl.Series, Reason]]:
    event_type, rows = frame[c.EVENT_TYPE], len(frame)
    needs = event_type.is_in(NEEDS_ITEM) | (
        (event_type == EventType.refund.name) & _absent(frame, c.TRANSACTION_ID)
    )
    rules = [(c.ITEM_ID, needs & _absent(frame, c.ITEM_ID), Reason.missing)]
    if c.QUANTITY in frame.columns:
        wrong = (frame[c.QUANTITY] < 0) & ~event_type.is_in(RETURNABLE)
        rules.append((c.QUANTITY, wrong, Reason.negative))
    rates = event_type == EventType.rate.name
    rules.append((c.RATING, rates & _absent(frame, c.RATING), Reason.missing))
    return [rule for rule in rules if len(rule[1]) == rows]


def _absent(frame: pl.DataFrame, name: str) -> pl.Series:
    return frame[name].is_null() if name in frame.columns else _all(len(frame))


def _worded(given: pl.DataFrame, faults: pl.Series, contract: Contract) -> dict[int, Fault]:
    rows = faults.is_not_null().arg_true()
    codes = faults.gather(rows).to_list()
    worded: dict[int, Fault] = {}
    for row, code in zip(rows.to_list(), codes, strict=True):
        place, reason = divmod(code, _FIELD_STEP)
        field = contract.fields[place]
        value = given[field.name][row] if field.name in given.columns else None
        worded[row] = fault_of(REASONS[reason], field, value)
    return worded


def _cut(frame: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, dict[str, int]]:
    cut: dict[str, int] = {}
    for field in contract.fields:
        if field.kind is Kind.text and field.name in frame.columns:
            long = int((frame[field.name].str.len_chars() > contract.max_text).sum())
            if long:
                cut[field.name] = long
                frame = frame.with_columns(pl.col(field.name).str.slice(0, contract.max_text))
    return frame, cut
