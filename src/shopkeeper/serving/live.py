"""Histories of people, read from the log on every request.

All workers read the same log, so an event that one has acknowledged is in the history of the very next
request on any other: nothing is polled and nothing expires. A worker keeps what it has read of a person and
asks only for what came after; a household with thousands of lines costs one look into an index.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any, Protocol

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, EventType, Floats, Histories, Ints
from shopkeeper.data.attributes import AttributeIndex
from shopkeeper.data.clean import net_purchases
from shopkeeper.data.dataset import PERSON, ItemIndex
from shopkeeper.data.histories import RECENT, summarise
from shopkeeper.serving.person import Person
from shopkeeper.serving.recent import Recent

CART_DAYS = 30
"""How long an item stays in a cart that nobody comes back to."""

_PERSON = 5
"""Events that take as much memory as what is remembered of a person besides."""
_COLUMNS = (c.SEQ, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.QUANTITY, c.RATING, c.TRANSACTION_ID)
_PLACE = "place"
_KINDS = {kind.name: kind for kind in EventType}
_CART_KINDS = (EventType.add_to_cart, EventType.remove_from_cart, EventType.purchase)


class PersonLog(Protocol):
    """What is needed of the log: the events of some people, by index."""

    def linked(self, person: str) -> tuple[str, ...]:
        """The pseudonym itself and those known to be the same person."""

    def owners(self, session: str) -> tuple[str, ...]:
        """Customers who were seen in a session."""

    def events_of(
        self, people: Sequence[str], *, after_seq: int = 0, columns: Sequence[str] = ()
    ) -> list[tuple[Any, ...]]:
        """These columns of each event later than a place in the log, in log order."""

    def attributes_of(self, customer: str) -> str | None:
        """What a customer told of themselves, as JSON."""

    def erasures(self) -> int:
        """Changes when events are deleted."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One event of a person that names an item.

    Attributes
    ----------
    time
        Epoch milliseconds.
    item_id
        The shop's own id, whether or not a model knows it; empty for the refund of a whole order.
    kind
        What was done.
    value
        Quantity or rating, 1 where neither is known.
    quantity
        As the event says, None where it does not.
    transaction
        Id of the order, or None.
    """

    time: int
    item_id: str
    kind: EventType
    value: float = 1.0
    quantity: float | None = None
    transaction: str | None = None


@dataclass(frozen=True)
class Trail:
    """Everything one person did with items, oldest first; equal times stand in the order of the log.

    Attributes
    ----------
    people
        The pseudonyms it was read for: the person's own and those known to be the same person.
    asked
        Those of them that lead the log to all others.
    seq
        Place in the log of the last event read, 0 for none.
    events
        All that name an item, and refunds of whole orders.
    """

    people: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    seq: int = 0
    events: tuple[Deed, ...] = ()
    _histories: dict[int, tuple[ItemIndex, Histories]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @cached_property
    def deeds(self) -> tuple[Deed, ...]:
        """The events that name an item."""
        return tuple(deed for deed in self.events if deed.item_id)

    @cached_property
    def kept(self) -> tuple[Deed, ...]:
        """The events without what was taken back."""
        return net_of_refunds(self.events)

    def histories(self, items: ItemIndex, weights: Floats) -> Histories:
        """A batch of one, in the codes of a model; built once for each state of the trail."""
        found = self._histories.get(0)
        if found is None or found[0] is not items:
            found = self._histories[0] = (items, histories_of(self.kept, items, weights))
        return found[1]

    def cart(self, now: int) -> dict[str, float]:
        """Quantity of each item that was added within `CART_DAYS` and neither removed nor bought since."""
        return cart_of(self.deeds, now)


class LiveHistories:
    """Trails of people, those asked for last remembered.

    Parameters
    ----------
    log
        Where events are.
    events
        Most events remembered, of all people together; about 200 bytes each. A worker that makes a hundred
        pages a second for people of 50 events remembers them for more than a minute.
    """

    def __init__(self, log: PersonLog, *, events: int = 400_000) -> None:
        self._log = log
        self._trails: Recent[tuple[str, ...], Trail] = Recent(events)
        self._erasures = -1
        self._lock = Lock()

    def trail(self, person: Person) -> Trail:
        """Everything the person did up to this moment."""
        nothing = self._unread(person)
        if not nothing.people:
            return nothing
        erasures = self._drop_deleted()
        before = self._remembered(nothing)
        now = self._read_on(before)
        if now is not before:
            self._remember(now, erasures)
        return now

    def attributes(self, person: Person, index: AttributeIndex) -> Ints | None:
        """What is known of the person beside what they did; None where a model has no use for it."""
        if not index.fields or person.customer is None:
            return None
        return index.encode([self._log.attributes_of(person.customer)])

    def forget(self, people: Sequence[str]) -> None:
        """Drop what is remembered of some pseudonyms."""
        gone = set(people)
        with self._lock:
            for key in self._trails:
                if gone & set(key):
                    self._trails.drop(key)

    def _drop_deleted(self) -> int:
        """Remember nobody's events across a deletion, which any worker may have made; how many there were."""
        erasures = self._log.erasures()
        if erasures > self._erasures:
            with self._lock:
                self._trails.clear()
                self._erasures = max(erasures, self._erasures)
        return erasures

    def _unread(self, person: Person) -> Trail:
        """An empty trail of a person. A session in which others were seen adds nothing to a customer."""
        if person.customer is None:
            return Trail(self._linked(person.session), (person.session,)) if person.session else Trail()
        people, asked = self._linked(person.customer), (person.customer,)
        if person.session and not self._log.owners(person.session):
            return Trail((*people, person.session), (*asked, person.session))
        return Trail(people, asked)

    def _linked(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((name, *sorted(self._log.linked(name)))))

    def _read_on(self, trail: Trail) -> Trail:
        """Read what came after; the last event known is read again to see that it was not deleted since."""
        rows = self._log.events_of(trail.asked, after_seq=max(0, trail.seq - 1), columns=_COLUMNS)
        if trail.seq:
            if not rows or rows[0][0] != trail.seq:
                return self._read_on(Trail(trail.people, trail.asked))
            rows = rows[1:]
        if not rows:
            return trail
        events = trail.events + tuple(deed for row in rows if (deed := _deed(row)) is not None)
        in_order = tuple(sorted(events, key=lambda deed: deed.time))
        return replace(trail, seq=rows[-1][0], events=in_order, _histories={})

    def _remembered(self, nothing: Trail) -> Trail:
        with self._lock:
            return self._trails.get(nothing.people) or nothing

    def _remember(self, trail: Trail, erasures: int) -> None:
        with self._lock:
            if erasures != self._erasures:
                return  # What was read may have been deleted since.
            self._trails.put(trail.people, trail, len(trail.events) + _PERSON)


def histories_of(deeds: Sequence[Deed], items: ItemIndex, weights: Floats) -> Histories:
    """A batch of one from events, oldest first.

    Items the model does not know, and kinds with weight zero, are left out, as in `build_dataset`.
    """
    codes = items.codes
    known = [(codes[d.item_id], d) for d in deeds if d.item_id in codes and weights[d.kind] > 0]
    n = len(known)
    item = np.fromiter((code for code, _ in known), np.int32, n)
    kind = np.fromiter((deed.kind for _, deed in known), np.int8, n)
    time = np.fromiter((deed.time for _, deed in known), np.int64, n)
    value = np.fromiter((deed.value for _, deed in known), np.float32, n)
    summary = summarise(1, np.zeros(n, np.int64), item, time)
    recent = slice(max(0, n - RECENT), n)
    offsets = np.array([0, min(n, RECENT)], np.int64)
    return Histories(offsets, item[recent], kind[recent], time[recent], value[recent], *summary)


def net_of_refunds(deeds: Sequence[Deed]) -> tuple[Deed, ...]:
    """Events without what was taken back, by the very rule that cleans the log before training."""
    if not any(deed.kind is EventType.refund for deed in deeds):
        return tuple(deeds)
    frame = pl.DataFrame(
        {
            _PLACE: range(len(deeds)),
            PERSON: [""] * len(deeds),
            c.EVENT_TYPE: [deed.kind.name for deed in deeds],
            c.ITEM_ID: [deed.item_id or None for deed in deeds],
            c.TRANSACTION_ID: pl.Series([deed.transaction for deed in deeds], dtype=pl.String),
            c.TIMESTAMP: [deed.time for deed in deeds],
            c.QUANTITY: pl.Series([deed.quantity for deed in deeds], dtype=pl.Float64),
        }
    )
    kept, _, _ = net_purchases(frame)
    left = zip(kept[_PLACE], kept[c.QUANTITY], strict=True)
    return tuple(
        deeds[place] if quantity == deeds[place].quantity else replace(deeds[place], value=quantity)
        for place, quantity in left
    )


def cart_of(deeds: Sequence[Deed], now: int) -> dict[str, float]:
    """Quantity of each item in the cart after these events, the one added first first."""
    since = now - CART_DAYS * DAY_MS
    cart: dict[str, float] = {}
    for deed in deeds:
        if deed.time < since or deed.kind not in _CART_KINDS:
            continue
        if deed.kind is EventType.add_to_cart:
            # Added again, an item moves to the end.
            cart[deed.item_id] = cart.pop(deed.item_id, 0.0) + (deed.quantity or 1.0)
        elif deed.kind is EventType.purchase or deed.quantity is None:
            cart.pop(deed.item_id, None)
        elif deed.item_id in cart:
            cart[deed.item_id] -= deed.quantity
            if cart[deed.item_id] <= 0:
                del cart[deed.item_id]
    return cart


def _deed(row: tuple[Any, ...]) -> Deed | None:
    _, item_id, event_type, timestamp, quantity, rating, transaction = row
    kind = _KINDS[event_type]
    if item_id is None and kind is not EventType.refund:
        return None
    value = quantity if quantity is not None else rating
    return Deed(
        int(timestamp),
        item_id or "",
        kind,
        1.0 if value is None else float(value),
        quantity,
        transaction,
    )
