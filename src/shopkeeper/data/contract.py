"""What a good row is: one contract a table, declared once, as data.

`data.validate` applies it row by row (HTTP batches), `data.validate_frame` to whole frames (imports);
a test with random data holds the two to the same answer.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.types import EventType, Tie

MAX_ID: Final = 256
"""Longest id, in characters."""
MAX_ATTRIBUTES: Final = 65_536
"""Longest attributes object, in characters of JSON."""
MAX_AMOUNT: Final = 1e9
"""Largest value of an order, discount or engagement time."""
MAX_RATING: Final = 10.0
EARLIEST_MS: Final = 631_152_000_000
"""1990-01-01: nobody bought on the web before; an earlier time is a unit mistaken or a field left empty."""
LATEST_MS: Final = 32_503_680_000_000
"""The year 3000: a later date, even of a campaign, is a mistake."""
HOUR_MS: Final = 3_600_000


class Kind(StrEnum):
    """What a field holds."""

    id = "id"
    text = "text"
    number = "number"
    time = "time"
    flag = "flag"
    event_type = "event type"
    tie = "tie"
    currency = "currency"
    attributes = "attributes"


class Reason(StrEnum):
    """Why a row is set aside; the codes are stable."""

    missing = "missing"
    not_text = "not_text"
    too_long = "too_long"
    not_a_number = "not_a_number"
    not_finite = "not_finite"
    negative = "negative"
    zero = "zero"
    out_of_range = "out_of_range"
    not_a_time = "not_a_time"
    too_early = "too_early"
    in_the_future = "in_the_future"
    not_a_flag = "not_a_flag"
    unknown_event_type = "unknown_event_type"
    not_a_currency = "not_a_currency"
    not_an_object = "not_an_object"
    reversed_dates = "reversed_dates"
    unknown_tie = "unknown_tie"
    self_tie = "self_tie"
    unknown_customer = "unknown_customer"
    not_a_product = "not_a_product"
    not_a_row = "not_a_row"
    wrong_columns = "wrong_columns"
    broken_encoding = "broken_encoding"
    invalid_json = "invalid_json"
    line_too_long = "line_too_long"


RULES: Final[dict[Reason, str]] = {
    Reason.missing: "is missing",
    Reason.not_text: "must be text or a whole number",
    Reason.too_long: "is too long",
    Reason.not_a_number: "is not a number",
    Reason.not_finite: "is not a finite number",
    Reason.negative: "must not be negative",
    Reason.zero: "must not be zero",
    Reason.out_of_range: "lies outside what is possible",
    Reason.not_a_time: "is not a time (ISO 8601, or seconds, milliseconds or microseconds since 1970)",
    Reason.too_early: "lies before 1990",
    Reason.in_the_future: "lies in the future",
    Reason.not_a_flag: "is neither true nor false",
    Reason.unknown_event_type: "is not a known kind of event",
    Reason.not_a_currency: "is not a currency code of three letters",
    Reason.not_an_object: "is not a JSON object",
    Reason.reversed_dates: "lies before the start",
    Reason.unknown_tie: f"is not a known kind of tie ({', '.join(tie.name for tie in Tie)})",
    Reason.self_tie: "is the customer themselves",
    Reason.unknown_customer: "is no customer of the shop, or did not agree to be remembered",
    Reason.not_a_product: "is no product of the shop",
    Reason.not_a_row: "is not an object of fields and values",
    Reason.wrong_columns: "has another number of columns than the header",
    Reason.broken_encoding: "is not UTF-8",
    Reason.invalid_json: "is not JSON",
    Reason.line_too_long: "is longer than a line may be",
}
"""The rule behind each reason, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a contract.

    Attributes
    ----------
    name
        Of `core.columns`.
    kind
        What it holds.
    required
        Whether a row without it is set aside.
    low, high
        Bounds of a number or a time, both allowed.
    """

    name: str
    kind: Kind
    required: bool = False
    low: float = float("-inf")
    high: float = float("inf")

    @property
    def personal(self) -> bool:
        """Whether the value names a person, and must never be repeated in clear."""
        return self.name in (c.CUSTOMER_ID, c.SESSION_ID, c.OTHER_ID)


@dataclass(frozen=True, slots=True)
class Contract:
    """What a good row of one table is.

    Attributes
    ----------
    kind
        ``events``, ``items``, ``customers``, ``campaigns`` or ``ties``.
    fields
        Its columns, in the order of `core.columns`; the first fault in this order is the one told.
    max_text
        Longer texts are cut to this many characters, and told.
    """

    kind: str
    fields: tuple[Field, ...]
    max_text: int

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(field.name for field in self.fields)


NEEDS_ITEM: Final = frozenset(
    kind.name
    for kind in (
        EventType.view_item,
        EventType.select_item,
        EventType.add_to_cart,
        EventType.remove_from_cart,
        EventType.add_to_wishlist,
        EventType.purchase,
        EventType.rate,
        EventType.review,
        EventType.share,
    )
)
"""Kinds of event that say nothing without an item. A refund may name a whole order instead."""

RETURNABLE: Final = frozenset((EventType.purchase.name, EventType.refund.name))
"""Kinds of event whose quantity may be negative, meaning goods that came back."""


def contract_of(kind: str, config: ShopConfig, now: int) -> Contract:
    """The contract of one table.

    Parameters
    ----------
    kind
        ``events``, ``items``, ``customers``, ``campaigns`` or ``ties``.
    config
        Sets the bounds of prices, quantities, texts and times.
    now
        Epoch milliseconds; events may not lie later than this and the tolerance.
    """
    return Contract(kind, _FIELDS[kind](config, now), config.limits.max_text)


def _event_fields(config: ShopConfig, now: int) -> tuple[Field, ...]:
    clean = config.cleaning
    latest = now + int(clean.future_tolerance_hours * HOUR_MS)
    return (
        Field(c.EVENT_ID, Kind.id),
        Field(c.CUSTOMER_ID, Kind.id),
        Field(c.SESSION_ID, Kind.id),
        Field(c.EVENT_TYPE, Kind.event_type, required=True),
        Field(c.ITEM_ID, Kind.id),
        Field(c.TIMESTAMP, Kind.time, required=True, low=EARLIEST_MS, high=latest),
        Field(c.QUANTITY, Kind.number, low=-clean.max_quantity, high=clean.max_quantity),
        Field(c.PRICE, Kind.number, low=0.0, high=clean.max_price),
        Field(c.CURRENCY, Kind.currency),
        Field(c.VALUE, Kind.number, low=-MAX_AMOUNT, high=MAX_AMOUNT),
        Field(c.DISCOUNT, Kind.number, low=-MAX_AMOUNT, high=MAX_AMOUNT),
        Field(c.TRANSACTION_ID, Kind.id),
        Field(c.PROMOTION_ID, Kind.id),
        Field(c.COUPON, Kind.id),
        Field(c.SEARCH_TERM, Kind.text),
        Field(c.LOCATION_ID, Kind.id),
        Field(c.ITEM_LIST_ID, Kind.id),
        Field(c.REQUEST_ID, Kind.id),
        Field(c.RATING, Kind.number, low=0.0, high=MAX_RATING),
        Field(c.TEXT, Kind.text),
        Field(c.ENGAGEMENT_TIME_MSEC, Kind.number, low=0.0, high=MAX_AMOUNT),
        Field(c.CONSENT, Kind.flag),
    )


def _item_fields(config: ShopConfig, _now: int) -> tuple[Field, ...]:
    return (
        Field(c.ITEM_ID, Kind.id, required=True),
        Field(c.TITLE, Kind.text),
        Field(c.DESCRIPTION, Kind.text),
        Field(c.CATEGORY, Kind.text),
        Field(c.CATEGORY2, Kind.text),
        Field(c.CATEGORY3, Kind.text),
        Field(c.BRAND, Kind.text),
        Field(c.PRICE, Kind.number, low=0.0, high=config.cleaning.max_price),
        Field(c.CURRENCY, Kind.currency),
        Field(c.IN_STOCK, Kind.flag),
        Field(c.IMAGE_URL, Kind.text),
        Field(c.URL, Kind.text),
        Field(c.ITEM_GROUP_ID, Kind.id),
        Field(c.CREATED_AT, Kind.time, low=0, high=LATEST_MS),
        Field(c.ATTRIBUTES, Kind.attributes),
    )


def _customer_fields(_config: ShopConfig, _now: int) -> tuple[Field, ...]:
    return (
        Field(c.CUSTOMER_ID, Kind.id, required=True),
        Field(c.CONSENT, Kind.flag),
        Field(c.CREATED_AT, Kind.time, low=0, high=LATEST_MS),
        Field(c.ATTRIBUTES, Kind.attributes),
    )


def _campaign_fields(_config: ShopConfig, _now: int) -> tuple[Field, ...]:
    return (
        Field(c.CAMPAIGN_ID, Kind.id, required=True),
        Field(c.TITLE, Kind.text),
        Field(c.KIND, Kind.text),
        Field(c.STARTS_AT, Kind.time, low=EARLIEST_MS, high=LATEST_MS),
        Field(c.ENDS_AT, Kind.time, low=EARLIEST_MS, high=LATEST_MS),
        Field(c.ITEM_ID, Kind.id),
        Field(c.COUPON, Kind.id),
        Field(c.CUSTOMER_ID, Kind.id),
        Field(c.ATTRIBUTES, Kind.attributes),
    )


def _tie_fields(_config: ShopConfig, _now: int) -> tuple[Field, ...]:
    return (
        Field(c.CUSTOMER_ID, Kind.id, required=True),
        Field(c.OTHER_ID, Kind.id, required=True),
        Field(c.KIND, Kind.tie),
        Field(c.STARTS_AT, Kind.time, low=EARLIEST_MS, high=LATEST_MS),
        Field(c.ENDS_AT, Kind.time, low=EARLIEST_MS, high=LATEST_MS),
    )


_FIELDS: Final = {
    "events": _event_fields,
    "items": _item_fields,
    "customers": _customer_fields,
    "campaigns": _campaign_fields,
    "ties": _tie_fields,
}
KINDS: Final = tuple(_FIELDS)
"""Names of the tables that can be imported."""
