"""Frozen values that travel between the layers.

Everything is columnar and batch-first: one request is a batch of one.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

DAY_MS = 86_400_000


class EventType(IntEnum):
    """What people do; the names are GA4's, the numbers are kept in model files and never change."""

    view_item = 0
    view_item_list = 1
    select_item = 2
    search = 3
    add_to_cart = 4
    remove_from_cart = 5
    view_cart = 6
    begin_checkout = 7
    add_to_wishlist = 8
    purchase = 9
    refund = 10
    view_promotion = 11
    select_promotion = 12
    rate = 13
    review = 14
    share = 15


class Tie(IntEnum):
    """What ties one customer to another, the closest first; the numbers are kept in datasets."""

    household = 0
    friend = 1
    follow = 2


@dataclass(frozen=True)
class Ragged:
    """``n`` rows of item codes of different lengths.

    Attributes
    ----------
    offsets
        Shape ``(n + 1,)``; row ``i`` is ``items[offsets[i]:offsets[i + 1]]``.
    items
        All rows one after another.
    """

    offsets: Longs
    items: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> Ints:
        return self.items[self.offsets[row] : self.offsets[row + 1]]

    @cached_property
    def lengths(self) -> Longs:
        """Length of each row, shape ``(n,)``."""
        return np.diff(self.offsets)

    @cached_property
    def rows(self) -> Longs:
        """The row of each entry, shape ``(len(items),)``."""
        if len(self) == 1:  # a live request: this is asked many times over
            return np.zeros(len(self.items), np.int64)
        return np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)

    @cached_property
    def keys(self) -> Longs:
        """Row and item of each entry in one number; they rise where items rise within each row."""
        if len(self) == 1:
            return self.items.astype(np.int64)
        return self.rows << 32 | self.items

    def take(self, rows: Longs) -> "Ragged":
        """These rows, in this order."""
        positions, offsets = ragged_positions(self.offsets, rows)
        return Ragged(offsets, self.items[positions])

    @classmethod
    def of(cls, rows: list[list[int]] | list[Ints]) -> Self:
        """Build from a list of rows."""
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        items = np.concatenate([np.asarray(row, np.int32) for row in rows]) if rows else np.empty(0, np.int32)
        return cls(offsets, items.astype(np.int32))

    @classmethod
    def joined(cls, parts: Sequence["Ragged"]) -> Self:
        """The rows of one part after those of another."""
        lengths = np.concatenate([np.zeros(1, np.int64), *(part.lengths for part in parts)])
        items = np.concatenate([np.empty(0, np.int32), *(part.items for part in parts)])
        return cls(np.cumsum(lengths), items)

    @classmethod
    def empty(cls, n: int) -> Self:
        """``n`` empty rows."""
        return cls(np.zeros(n + 1, np.int64), np.empty(0, np.int32))


def ragged_positions(offsets: Longs, rows: Longs) -> tuple[Longs, Longs]:
    """Positions of the entries of ``rows``, one row after another, and the offsets of the result."""
    starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    out = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(lengths, out=out[1:])
    positions = np.arange(out[-1], dtype=np.int64) + np.repeat(starts - out[:-1], lengths)
    return positions, out


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Distinct values, rising. ``np.unique`` hashes first, which costs ten times as much for few."""
    rising = np.sort(values)
    first = np.ones(len(rising), bool)
    np.not_equal(rising[1:], rising[:-1], out=first[1:])
    return rising.take(first.nonzero()[0])  # a mask would cost as much as the sorting


_blank = threading.local()


def blank(width: int, dtype: type[np.generic]) -> NDArray[Any]:
    """A row of zeros to be filled here and there, read, and given back as such before the next is asked for.

    A thread has one of each type: it stays in the processor's cache, where a new one would push all else out.
    """
    name = dtype.__name__
    kept: NDArray[Any] | None = getattr(_blank, name, None)
    if kept is None or len(kept) < width:
        kept = np.zeros(width, dtype)
        setattr(_blank, name, kept)
    return kept[:width]


@dataclass(frozen=True)
class Histories:
    """What ``n`` people did: recent events, oldest first, and a summary of everything they ever did.

    Attributes
    ----------
    offsets
        Shape ``(n + 1,)``, into the four event arrays below.
    items, kinds, times, values
        Item code, `EventType`, epoch milliseconds, and quantity or rating of each recent event.
        At most `data.histories.RECENT` events a person.
    summary_offsets
        Shape ``(n + 1,)``, into the summary arrays below: one entry for each distinct item of a person,
        by rising item code. The summary covers the recent events too.
    summary_items, summary_counts, summary_first, summary_last
        Item code, number of occasions (distinct moments), first and last time in epoch milliseconds.
    """

    offsets: Longs
    items: Ints
    kinds: NDArray[np.int8]
    times: Longs
    values: Floats
    summary_offsets: Longs
    summary_items: Ints
    summary_counts: Ints
    summary_first: Longs
    summary_last: Longs

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def recent(self) -> Ragged:
        """Items of the recent events."""
        return Ragged(self.offsets, self.items)

    @cached_property
    def known(self) -> Ragged:
        """Distinct items a person ever touched, by rising code."""
        return Ragged(self.summary_offsets, self.summary_items)

    def take(self, rows: Longs) -> "Histories":
        """These people, in this order."""
        events, offsets = ragged_positions(self.offsets, rows)
        entries, summary_offsets = ragged_positions(self.summary_offsets, rows)
        return Histories(
            offsets,
            self.items[events],
            self.kinds[events],
            self.times[events],
            self.values[events],
            summary_offsets,
            self.summary_items[entries],
            self.summary_counts[entries],
            self.summary_first[entries],
            self.summary_last[entries],
        )


@dataclass(frozen=True)
class Circle:
    """What those like whom each of ``n`` people hears; who they are is not told.

    Attributes
    ----------
    offsets
        Shape ``(n + 1,)``: members of the circle of person ``p`` are ``offsets[p]:offsets[p + 1]``.
    kinds
        `Tie` to each member.
    likes
        Distinct items each member likes, by rising code.
    """

    offsets: Longs
    kinds: NDArray[np.int8]
    likes: Ragged

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: Longs) -> "Circle":
        """The circles of these people, in this order."""
        members, offsets = ragged_positions(self.offsets, rows)
        return Circle(offsets, self.kinds[members], self.likes.take(members))

    def among(self, items: Bools) -> "Circle":
        """The same without likes of other items than these, shape ``(n_items,)``."""
        kept = items[self.likes.items]
        offsets = np.append(0, np.cumsum(kept))[self.likes.offsets]
        return replace(self, likes=Ragged(offsets, self.likes.items[kept]))


@dataclass(frozen=True)
class Looks:
    """What ``n`` people were shown before, and what came of it; see `data.looks`.

    Attributes
    ----------
    offsets
        Shape ``(n + 1,)``, into the arrays below: an entry for each distinct item, by rising code.
    items
        Item codes.
    looked
        How often each was looked at, as far as its places tell; older showings count less.
    taken
        How much of that was taken up.
    """

    offsets: Longs
    items: Ints
    looked: Floats
    taken: Floats

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def shown(self) -> Ragged:
        """The items alone."""
        return Ragged(self.offsets, self.items)

    def take(self, rows: Longs) -> "Looks":
        """What these people were shown, in this order."""
        entries, offsets = ragged_positions(self.offsets, rows)
        return Looks(offsets, self.items[entries], self.looked[entries], self.taken[entries])


@dataclass(frozen=True, slots=True)
class Requests:
    """``n`` questions "what should this person see now?".

    Attributes
    ----------
    histories
        What each person did before ``as_of``.
    as_of
        Shape ``(n,)``: the moment of each question, epoch milliseconds.
    allowed
        Shape ``(n_items,)``: items that may be answered, for the whole batch; None means all.
    exclude
        Items that must not be answered, a row a request; None means none.
    attributes
        Shape ``(n, n_fields)``: what is known of each person, as codes of the dataset's `AttributeIndex`, -1
        for what is not known; None means that nothing is known of anybody.
    circle
        What those like whom each person hears; None where nobody hears anybody.
    looks
        What each person was shown before; None where no decision log tells.
    heard
        What recommenders had to say of these histories whatever is allowed, kept by who asks several times
        with other bounds; None keeps nothing.
    """

    histories: Histories
    as_of: Longs
    allowed: Bools | None = None
    exclude: Ragged | None = None
    attributes: Ints | None = None
    circle: Circle | None = None
    looks: Looks | None = None
    heard: dict[Any, Any] | None = field(default=None, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.as_of)

    def take(self, rows: Longs) -> "Requests":
        """These requests, in this order."""
        exclude = None if self.exclude is None else self.exclude.take(rows)
        attributes = None if self.attributes is None else self.attributes[rows]
        return replace(
            self,
            histories=self.histories.take(rows),
            as_of=self.as_of[rows],
            exclude=exclude,
            attributes=attributes,
            circle=None if self.circle is None else self.circle.take(rows),
            looks=None if self.looks is None else self.looks.take(rows),
            heard=None,
        )


@dataclass(frozen=True)
class Recommendations:
    """Answers to ``n`` requests, best first. Lists may be short; they never hold a made-up item.

    Attributes
    ----------
    offsets
        Shape ``(n + 1,)``; answer ``i`` is the slice ``offsets[i]:offsets[i + 1]`` of the arrays below.
    items, scores
        Item code and score, falling within each answer; equal scores stand by rising item code.
    sources
        Which of `source_names` put the item here.
    source_names
        Names of recommenders.
    """

    offsets: Longs
    items: Ints
    scores: Floats
    sources: NDArray[np.int8]
    source_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lists(self) -> Ragged:
        """The items alone."""
        return Ragged(self.offsets, self.items)

    def source(self, position: int) -> str:
        """Name of the source of the entry at ``position``."""
        return self.source_names[int(self.sources[position])]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why one item was recommended: what the person did that carried the score.

    Attributes
    ----------
    source
        Name of the recommender.
    items
        Item codes from the person's own history, the strongest first; empty where the reason is not personal.
    facts
        Plain facts for the wording, such as ``{"count": 7, "days_since": 12}``.
    """

    source: str
    items: tuple[int, ...] = ()
    facts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What stood on one row of an answer, from the first slot to the last.

    Attributes
    ----------
    row
        Stable name of the row.
    items
        Ids of items.
    sources
        What put each there; empty where nothing did.
    probabilities
        How likely each was to be shown in its slot, given the request: 1 unless it was drawn.
    chances, charges
        Of adverts: how likely each is clicked, and what the showing cost, in millionths of the currency.
    placed
        How likely the rows of the answer were to stand in the order they do: 1 unless it was drawn.
    """

    row: str
    items: tuple[str, ...]
    sources: tuple[str, ...]
    probabilities: tuple[float, ...]
    chances: tuple[float, ...] = ()
    charges: tuple[int, ...] = ()
    placed: float = 1.0


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer as the decision log keeps it.

    Attributes
    ----------
    request_id
        What events echo that follow from it.
    customer, session
        Pseudonyms of who it was for; None where nobody was named.
    surface
        Where it was shown, such as ``homepage``.
    model_version
        Which model answered; empty before the first training.
    time
        Epoch milliseconds.
    rows
        What was shown.
    """

    request_id: str
    customer: str | None
    session: str | None
    surface: str
    model_version: str
    time: int
    rows: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a purse should hold of an account.

    Attributes
    ----------
    purse
        Name of the purse, one worker's own.
    account
        Whose money.
    total
        What the purse should have got so far, in all.
    ceiling
        Most the account may have given out afterwards, if less than its budget; None where that is no matter.
    """

    purse: str
    account: str
    total: int
    ceiling: int | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """How an account stands.

    Attributes
    ----------
    budget
        What it may spend in all.
    taken
        What it gave out, spent or not.
    spent
        What was spent of that.
    """

    budget: int
    taken: int
    spent: int
