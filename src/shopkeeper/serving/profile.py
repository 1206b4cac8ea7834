"""One customer in figures, for the people of the shop: when, how often, how much, and of what kind."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType
from shopkeeper.data.derived import DERIVED
from shopkeeper.data.store import Store
from shopkeeper.serving.person import Person

_READ = (c.TIMESTAMP, c.EVENT_TYPE, c.ITEM_ID, c.QUANTITY, c.PRICE, c.TRANSACTION_ID)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the log says of one customer.

    Attributes
    ----------
    first, last
        Times of the first and the last event, epoch milliseconds; 0 for none.
    events, items
        How many events, and how many different items they name.
    orders
        Purchases that belong together count once.
    spent
        Sum of price times quantity over purchases with a price.
    kinds
        Events by kind, the most frequent first.
    months
        Events by month, the oldest first, months without any included.
    told
        What the customer told of themselves, by name.
    """

    first: int
    last: int
    events: int
    items: int
    orders: int
    spent: float
    kinds: tuple[tuple[str, int], ...]
    months: tuple[tuple[str, int], ...]
    told: tuple[tuple[str, str], ...]


def profile(store: Store, person: Person) -> Profile:
    """Read one person's profile from the log."""
    names = [name for name in (person.customer, person.session) if name]
    rows = sorted(store.events_of(names, columns=_READ), key=lambda row: int(row[0])) if names else []
    bought = [row for row in rows if row[1] == EventType.purchase.name]
    return Profile(
        rows[0][0] if rows else 0,
        rows[-1][0] if rows else 0,
        len(rows),
        len({row[2] for row in rows if row[2] is not None}),
        len({row[5] or row[0] for row in bought}),
        round(sum((row[3] or 1.0) * row[4] for row in bought if row[4] is not None), 2),
        tuple(Counter(row[1] for row in rows).most_common()),
        _months([row[0] for row in rows]),
        _told(store.attributes_of(person.customer) if person.customer else None),
    )


def _months(times: Sequence[int]) -> tuple[tuple[str, int], ...]:
    if not times:
        return ()
    counts = Counter(_month(time) for time in times)
    first, last = min(counts), max(counts)
    return tuple((f"{at // 12:04}-{at % 12 + 1:02}", counts[at]) for at in range(first, last + 1))


def _month(time: int) -> int:
    """Months since the year 0."""
    moment = datetime.fromtimestamp(time / 1000, UTC)
    return 12 * moment.year + moment.month - 1


def _told(text: str | None) -> tuple[tuple[str, str], ...]:
    known: Any = json.loads(text) if text else {}
    if not isinstance(known, dict):
        return ()
    return tuple(
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in known.items()
        if name != DERIVED
    )
