"""GA4 events: the rows of a BigQuery export and the bodies of the Measurement Protocol, one row an item."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType

COLUMNS: Final = tuple(name for name in c.EVENT_COLUMNS if name != c.EVENT_ID)
"""Columns of the rows; all are ours already."""
_KNOWN: Final = frozenset(kind.name for kind in EventType)
_VALUE_KEYS: Final = ("string_value", "int_value", "double_value", "float_value")
_PARAMETERS: Final = (
    c.CURRENCY,
    c.VALUE,
    c.TRANSACTION_ID,
    c.PROMOTION_ID,
    c.COUPON,
    c.SEARCH_TERM,
    c.ITEM_LIST_ID,
    c.REQUEST_ID,
    c.RATING,
    c.TEXT,
    c.ENGAGEMENT_TIME_MSEC,
    c.LOCATION_ID,
)
_OF_ITEM: Final = (
    c.ITEM_ID,
    c.PRICE,
    c.QUANTITY,
    c.DISCOUNT,
    c.COUPON,
    c.PROMOTION_ID,
    c.LOCATION_ID,
    c.ITEM_LIST_ID,
)
_UNSET: Final = ("(not set)", "")
_SESSION: Final = ("ga_session_id", "session_id")


def looks_like_ga4(row: Mapping[str, Any]) -> bool:
    """Whether an object is an exported event or a Measurement Protocol body."""
    exported = "event_name" in row and ("event_params" in row or "event_timestamp" in row)
    sent = isinstance(row.get("events"), list) and ("client_id" in row or "app_instance_id" in row)
    return exported or sent


class Ga4Reader:
    """Turns GA4 objects into rows; kinds of event that say nothing about items are counted and left out."""

    def __init__(self) -> None:
        self._left_out: Counter[str] = Counter()

    def notes(self) -> tuple[str, ...]:
        """What was left out, in words."""
        if not self._left_out:
            return ()
        counts = ", ".join(f"{count:,} {name}" for name, count in self._left_out.most_common())
        return (f"Left out GA4 events that shopping does not need: {counts}.",)

    def rows(self, given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The rows of one object: one for each item of each of its events."""
        events = _sent(given) if isinstance(given.get("events"), list) else [_exported(given)]
        for event in events:
            kind = event.pop("name", None)
            if isinstance(kind, str) and kind and kind not in _KNOWN:
                self._left_out[kind] += 1
            else:
                yield from _by_item({c.EVENT_TYPE: kind, **event})


def _by_item(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    items = [item for item in event.pop("items", None) or [] if isinstance(item, Mapping)]
    if not items:
        yield event
    for item in items:
        own = {name: _set(item.get(name)) for name in _OF_ITEM}
        yield event | {name: value for name, value in own.items() if value is not None}


def _exported(row: Mapping[str, Any]) -> dict[str, Any]:
    parameters = _parameters(row.get("event_params"))
    order = row.get("ecommerce")
    order = order if isinstance(order, Mapping) else {}
    client = _set(row.get("user_pseudo_id"))
    return {
        "name": row.get("event_name"),
        "items": _list(row.get("items")),
        **_chosen(parameters),
        c.TIMESTAMP: row.get("event_timestamp"),
        c.CUSTOMER_ID: _set(row.get("user_id")),
        c.SESSION_ID: _session(client, parameters),
        c.TRANSACTION_ID: _set(order.get("transaction_id")) or parameters.get(c.TRANSACTION_ID),
        c.VALUE: _first(
            parameters.get(c.VALUE), order.get("purchase_revenue"), row.get("event_value_in_usd")
        ),
        c.CONSENT: _storage_consent(row.get("privacy_info")),
    }


def _sent(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    client = _first(body.get("client_id"), body.get("app_instance_id"))
    shared = {c.CUSTOMER_ID: _set(body.get("user_id")), c.CONSENT: _granted(body.get("consent"))}
    rows = []
    for event in body["events"]:
        event = event if isinstance(event, Mapping) else {}
        parameters = event.get("params")
        parameters = dict(parameters) if isinstance(parameters, Mapping) else {}
        time = _first(event.get("timestamp_micros"), body.get("timestamp_micros"))
        rows.append(
            {
                "name": event.get("name"),
                "items": _list(parameters.get("items")),
                **_chosen(parameters),
                **shared,
                c.TIMESTAMP: time,
                c.SESSION_ID: _session(client, parameters),
            }
        )
    return rows


def _chosen(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _set(parameters[name]) for name in _PARAMETERS if name in parameters}


def _session(client: Any, parameters: Mapping[str, Any]) -> str | None:
    """A GA4 session number is only unique within its device, so the two together name a session."""
    if client is None:
        return None
    number = _first(*(parameters.get(name) for name in _SESSION))
    return str(client) if number is None else f"{client}.{number}"


def _parameters(given: Any) -> dict[str, Any]:
    """``[{"key": k, "value": {"int_value": v}}]`` as ``{k: v}``."""
    out: dict[str, Any] = {}
    for entry in _list(given):
        value = entry.get("value") if isinstance(entry, Mapping) else None
        if isinstance(value, Mapping) and isinstance(entry.get("key"), str):
            out[entry["key"]] = _first(*(value.get(key) for key in _VALUE_KEYS))
    return out


def _storage_consent(given: Any) -> bool | None:
    storage = given.get("analytics_storage") if isinstance(given, Mapping) else None
    return {"Yes": True, "No": False}.get(storage) if isinstance(storage, str) else None


def _granted(given: Any) -> bool | None:
    """Consent to personalisation; one refusal is a refusal."""
    if not isinstance(given, Mapping):
        return None
    words = [given.get(name) for name in ("ad_personalization", "ad_user_data")]
    if "DENIED" in words:
        return False
    return True if "GRANTED" in words else None


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _set(value: Any) -> Any:
    return None if isinstance(value, str) and value in _UNSET else value


def _first(*values: Any) -> Any:
    return next((value for value in values if _set(value) is not None), None)
