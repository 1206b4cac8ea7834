"""Rows against their contract, one at a time: the plain definition of what is set aside and why.

A whole frame is checked by `data.validate_frame`, which must agree with this file.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType
from shopkeeper.data.contract import NEEDS_ITEM, RETURNABLE, RULES, Contract, Field, Kind, Reason
from shopkeeper.data.values import PARSERS, Parsed

_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is set aside.

    Attributes
    ----------
    reason
        Stable code.
    field
        The column at fault, None where the row as a whole is.
    message
        The field, its value and the rule, in a sentence. Values that name people are not repeated.
    """

    reason: Reason
    field: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A row after its check.

    Attributes
    ----------
    values
        Parsed values by column; columns without a value are left out.
    fault
        What is wrong, None for a good row.
    cut
        Columns whose text was too long and was cut.
    """

    values: dict[str, Any]
    fault: Fault | None = None
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """What is done to one field; looked up once a contract, for the loop over rows is hot."""

    name: str
    field: Field
    parse: Callable[[Any], Parsed]
    rule: Callable[[Any, Field], Reason | None] | None
    longest: int | None


def check_row(row: Any, contract: Contract) -> Checked:
    """Parse one row and hold it to its contract; columns that the contract does not know are passed over."""
    return check_rows([row], contract)[0]


def check_rows(rows: Iterable[Any], contract: Contract) -> list[Checked]:
    """`check_row` for several."""
    steps = {field.name: _step(field, contract) for field in contract.fields}
    fields = {field.name: field for field in contract.fields}
    required = tuple(field.name for field in contract.fields if field.required)
    cross = _CROSS[contract.kind]
    return [
        _check_good(row, steps, required, cross, fields) or _check(row, steps.values(), cross, fields)
        for row in rows
    ]


def _check_good(
    row: Any,
    steps: dict[str, _Step],
    required: tuple[str, ...],
    cross: "_CrossRule",
    fields: dict[str, Field],
) -> Checked | None:
    """The short way of a row without any fault, which looks at the fields it has; None for other rows."""
    if type(row) is not dict:
        return None
    values: dict[str, Any] = {}
    for name, given in row.items():
        step = steps.get(name)
        if given is None or step is None:
            continue
        value, reason = step.parse(given)
        if value is None or reason is not None:
            return None
        if step.rule is not None and step.rule(value, step.field) is not None:
            return None
        if step.longest is not None and len(value) > step.longest:
            return None
        values[name] = value
    for name in required:
        if name not in values:
            return None
    return None if cross(values, fields) is not None else Checked(values)


def _step(field: Field, contract: Contract) -> _Step:
    longest = contract.max_text if field.kind is Kind.text else None
    return _Step(field.name, field, PARSERS[field.kind], _RULES_OF_KIND.get(field.kind), longest)


def _check(row: Any, steps: Iterable[_Step], cross: "_CrossRule", fields: dict[str, Field]) -> Checked:
    """Every field in the order of the contract, so that the first fault is always the same one."""
    if not isinstance(row, Mapping):
        return Checked({}, fault_of(Reason.not_a_row, None, row))
    values: dict[str, Any] = {}
    fault: Fault | None = None
    cut: tuple[str, ...] = ()
    get = row.get
    for step in steps:
        given = get(step.name)
        if given is None:
            if step.field.required:
                fault = fault or fault_of(Reason.missing, step.field, None)
            continue
        value, reason = step.parse(given)
        reason = reason or _broken(value, step)
        if reason is not None:
            fault = fault or fault_of(reason, step.field, given)
        elif value is not None:
            if step.longest is not None and len(value) > step.longest:
                value, cut = value[: step.longest], (*cut, step.name)
            values[step.name] = value
    return Checked(values, fault or cross(values, fields), cut)


def _broken(value: Any, step: _Step) -> Reason | None:
    if value is None:
        return Reason.missing if step.field.required else None
    return None if step.rule is None else step.rule(value, step.field)


def _number_reason(value: float, field: Field) -> Reason | None:
    if field.name == c.QUANTITY and value == 0:
        return Reason.zero
    if value < field.low:
        return Reason.negative if field.low == 0 else Reason.out_of_range
    return Reason.out_of_range if value > field.high else None


def _time_reason(value: int, field: Field) -> Reason | None:
    if value < field.low:
        return Reason.too_early
    return Reason.in_the_future if value > field.high else None


def _no_fault(_values: dict[str, Any], _fields: dict[str, Field]) -> Fault | None:
    return None


def _dates_fault(values: dict[str, Any], fields: dict[str, Field]) -> Fault | None:
    start, end = values.get(c.STARTS_AT), values.get(c.ENDS_AT)
    if start is not None and end is not None and end < start:
        return fault_of(Reason.reversed_dates, fields[c.ENDS_AT], end)
    return None


def _tie_fault(values: dict[str, Any], fields: dict[str, Field]) -> Fault | None:
    if values[c.CUSTOMER_ID] == values[c.OTHER_ID]:
        return fault_of(Reason.self_tie, fields[c.OTHER_ID], values[c.OTHER_ID])
    return _dates_fault(values, fields)


def _event_fault(values: dict[str, Any], fields: dict[str, Field]) -> Fault | None:
    event_type = values[c.EVENT_TYPE]
    if c.ITEM_ID not in values and (
        event_type in NEEDS_ITEM or (event_type == EventType.refund.name and c.TRANSACTION_ID not in values)
    ):
        return fault_of(Reason.missing, fields[c.ITEM_ID], None)
    if values.get(c.QUANTITY, 1.0) < 0 and event_type not in RETURNABLE:
        return fault_of(Reason.negative, fields[c.QUANTITY], values[c.QUANTITY])
    if event_type == EventType.rate.name and c.RATING not in values:
        return fault_of(Reason.missing, fields[c.RATING], None)
    return None


_CrossRule = Callable[[dict[str, Any], dict[str, Field]], "Fault | None"]
_CROSS: Final[dict[str, _CrossRule]] = {
    "events": _event_fault,
    "items": _no_fault,
    "customers": _no_fault,
    "campaigns": _dates_fault,
    "ties": _tie_fault,
}
"""Rules that join several fields; asked of rows whose every field is good."""
_RULES_OF_KIND: Final = {Kind.number: _number_reason, Kind.time: _time_reason}


def fault_of(reason: Reason, field: Field | None, value: Any) -> Fault:
    """Word a fault; the only place where they are worded."""
    rule = RULES[reason]
    if field is None:
        return Fault(reason, None, f"The row {rule}.")
    if reason is Reason.out_of_range:
        rule = f"lies outside {field.low:g} to {field.high:g}"
    if reason is Reason.unknown_event_type:
        rule += f" ({', '.join(kind.name for kind in EventType)})"
    if reason is Reason.missing or field.personal:
        return Fault(reason, field.name, f"{field.name} {rule}.")
    return Fault(reason, field.name, f"{field.name} = {_shown(value)} {rule}.")


def _shown(value: Any) -> str:
    text = repr(value[: _SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
