"""What customers did, with all that was told about it: profiles and propensities are computed from this.

A `Dataset` holds what speaks for an item; here is also what was paid, where, and what came back. Nothing is
cleaned by what happened later: a refund is an event of its own time, so that any moment of the past can be
looked at as it was.
"""

from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.ports import Catalogue, EventLog
from shopkeeper.core.types import EventType, Ints
from shopkeeper.data.attributes import AttributeIndex, attributes_of
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.derived import completed
from shopkeeper.privacy.identity import SESSION_PREFIX

KIND: Final = "kind"
ITEM: Final = "item"
UNITS: Final = "units"
AMOUNT: Final = "amount"
DISCOUNTED: Final = "discounted"
COUPONED: Final = "couponed"
PLACE: Final = "place"
DWELL: Final = "dwell"
BAND: Final = "band"
"""Price band of an item among those of its category: 0, 1, 2 for the lower, middle and upper third."""

READ: Final = (
    PERSON,
    c.EVENT_TYPE,
    c.ITEM_ID,
    c.TIMESTAMP,
    c.QUANTITY,
    c.PRICE,
    c.VALUE,
    c.DISCOUNT,
    c.COUPON,
    c.LOCATION_ID,
    c.ENGAGEMENT_TIME_MSEC,
)
"""What is read of the log."""


@dataclass(frozen=True)
class CustomerLog:
    """What customers did.

    Attributes
    ----------
    people
        Key of each customer (a pseudonym), rising; a position is the code.
    events
        By rising ``person`` (code) and ``timestamp`` (epoch milliseconds), with ``kind`` (`EventType`),
        ``item`` (row in ``items``, null where the event is about none), ``units``, ``amount`` (price x units;
        negative for a refund; null where no price is known), ``discounted``, ``couponed``
        (bought with a coupon), ``place`` and ``dwell`` (milliseconds).
    items
        ``item_id``, ``category``, ``category2``, ``brand`` and ``band`` of each item that occurs; null where
        it is not known.
    attributes
        What the shop's customers tell of themselves.
    person_attributes
        Shape ``(n_people, n_fields)``: codes in ``attributes``, -1 for what is not known.
    """

    people: pl.Series
    events: pl.DataFrame
    items: pl.DataFrame
    attributes: AttributeIndex
    person_attributes: Ints

    @property
    def start(self) -> int:
        """Time of the first event, epoch milliseconds; 0 where there is none."""
        return int(self.events[c.TIMESTAMP].to_numpy().min(initial=2**62)) if len(self.events) else 0

    @property
    def end(self) -> int:
        """Time just after the last event, epoch milliseconds; 0 where there is none."""
        return int(self.events[c.TIMESTAMP].to_numpy().max(initial=0)) + 1 if len(self.events) else 0

    def before(self, as_of: int) -> "CustomerLog":
        """The same people and items with what happened before a moment."""
        return replace(self, events=self.events.filter(pl.col(c.TIMESTAMP) < as_of))

    def within(self, start: int, end: int) -> pl.DataFrame:
        """Events of ``start <= timestamp < end``."""
        return self.events.filter(pl.col(c.TIMESTAMP).is_between(start, end, closed="left"))


def read_customer_log(log: EventLog, catalogue: Catalogue) -> CustomerLog:
    """Everything that customers did; sessions that belong to no customer are left out."""
    events = log.scan(READ).filter(~pl.col(PERSON).str.starts_with(SESSION_PREFIX))
    return build_customer_log(events, completed(catalogue.items()), catalogue.customers())


def build_customer_log(
    events: pl.DataFrame, catalogue: pl.DataFrame | None = None, customers: pl.DataFrame | None = None
) -> CustomerLog:
    """Build from a frame of events.

    Parameters
    ----------
    events
        Needs ``person`` and ``timestamp`` (epoch milliseconds); of the others of `READ` those that are known.
        ``event_type`` is `purchase` where absent. Rows of nobody known are left out.
    catalogue
        Items in `columns.ITEM_COLUMNS`.
    customers
        ``customer_id`` and ``attributes`` of all customers of whom anything is known.
    """
    frame = _whole(events.filter(pl.col(PERSON).is_not_null()))
    people = frame[PERSON].unique().sort()
    items = _items(frame[c.ITEM_ID].drop_nulls().unique().sort(), catalogue)
    kinds = {kind.name: int(kind) for kind in EventType}
    units = pl.col(c.QUANTITY).fill_null(1.0)
    back = pl.col(c.EVENT_TYPE) == EventType.refund.name
    worth = pl.coalesce(pl.col(c.PRICE) * units, c.VALUE)
    coded = frame.select(
        pl.col(PERSON).replace_strict(people, pl.int_range(len(people), dtype=pl.UInt32, eager=True)),
        pl.col(c.TIMESTAMP),
        pl.col(c.EVENT_TYPE).replace_strict(kinds, default=None, return_dtype=pl.Int8).alias(KIND),
        _codes(pl.col(c.ITEM_ID), items[c.ITEM_ID]).alias(ITEM),
        units.alias(UNITS),
        pl.when(back).then(-worth).otherwise(worth).alias(AMOUNT),
        ((pl.col(c.DISCOUNT) > 0).fill_null(value=False) | pl.col(c.COUPON).is_not_null()).alias(DISCOUNTED),
        pl.col(c.COUPON).is_not_null().alias(COUPONED),
        pl.col(c.LOCATION_ID).alias(PLACE),
        pl.col(c.ENGAGEMENT_TIME_MSEC).alias(DWELL),
    )
    known = [None] * len(people) if customers is None else attributes_of(people.to_list(), customers)
    attributes = AttributeIndex.of([] if customers is None else customers[c.ATTRIBUTES].to_list())
    return CustomerLog(
        people,
        coded.sort(PERSON, c.TIMESTAMP, maintain_order=True),
        items,
        attributes,
        attributes.encode(known),
    )


def _codes(column: pl.Expr, domain: pl.Series) -> pl.Expr:
    if not len(domain):
        return pl.lit(None, pl.UInt32)
    codes = pl.int_range(len(domain), dtype=pl.UInt32, eager=True)
    return column.replace_strict(domain, codes, default=None, return_dtype=pl.UInt32)


def _whole(events: pl.DataFrame) -> pl.DataFrame:
    """All columns of `READ`, empty where they are not told."""
    numbers = (c.QUANTITY, c.PRICE, c.VALUE, c.DISCOUNT, c.ENGAGEMENT_TIME_MSEC)
    missing: dict[str, pl.Expr] = {
        name: pl.lit(None, pl.Float64 if name in numbers else pl.String)
        for name in READ
        if name not in events.columns
    }
    if c.EVENT_TYPE in missing:
        missing[c.EVENT_TYPE] = pl.lit(EventType.purchase.name)
    return events.with_columns(**missing).select(READ)


def _items(ids: pl.Series, catalogue: pl.DataFrame | None) -> pl.DataFrame:
    """What is known of these items; bands by the prices of the whole catalogue."""
    frame = pl.DataFrame({c.ITEM_ID: ids.cast(pl.String)})
    told = pl.DataFrame({c.ITEM_ID: []}, {c.ITEM_ID: pl.String}) if catalogue is None else catalogue
    texts = (c.CATEGORY, c.CATEGORY2, c.BRAND)
    told = told.with_columns(
        *(pl.lit(None, pl.String).alias(name) for name in texts if name not in told.columns),
        *([] if c.PRICE in told.columns else [pl.lit(None, pl.Float64).alias(c.PRICE)]),
    ).unique(c.ITEM_ID, keep="last")
    place = pl.col(c.PRICE).rank("average").over(c.CATEGORY) / pl.col(c.PRICE).count().over(c.CATEGORY)
    told = told.with_columns((place * 3 - 1e-9).floor().clip(0, 2).cast(pl.Int8).alias(BAND))
    return frame.join(told.select(c.ITEM_ID, *texts, BAND), on=c.ITEM_ID, how="left", maintain_order="left")
