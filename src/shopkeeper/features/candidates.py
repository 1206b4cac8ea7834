"""What is told of candidates of requests: the item, what the person did with it, and what links it to them.

Everything is read off the request and off tables that end before it, so training and live requests see the
same, and nothing that happened later.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import DAY_MS, Ints, Longs, Ragged, Requests
from shopkeeper.features import items as item_features
from shopkeeper.features.items import ItemTable

Matrix = NDArray[np.float32]

HEARD: Final = 10
"""Most recent events whose neighbours are looked up."""
_TASTE: Final = 30
"""Most recent events that tell a taste."""
_FADE: Final = np.float32(0.9) ** np.arange(_TASTE, dtype=np.float32)
_BACK: Final = np.arange(1, _TASTE + 1)
_SESSION_MS: Final = 30 * 60_000
_HOUR_MS: Final = 3_600_000
DOUBT: Final = 2.0
"""Looks at a kind that what is usual of the person is worth."""
_SHARE: Final = 0.2
"""Share taken of what was looked at, of somebody of whom nothing is known."""
_NOTHING: Final = np.empty(0, np.int64)

TOUCHED: Final = (
    "times_taken",
    "share_of_taken",
    "days_since_taken",
    "rhythm",
    "events_since_taken",
    "recent_times_taken",
    "kind_of_last",
    "taken_in_session",
)
LINKED: Final = (
    "link_of_last",
    "link_of_second_last",
    "strongest_link",
    "events_since_strongest",
    "number_of_links",
    "mean_link",
    "fading_links",
)
PRICED: Final = ("price_against_usual",)
SHOWN: Final = ("looks", "share_taken", "looks_at_it", "taken_of_it")
OF_KIND: Final = ("looks_at", "appeal_of")
PERSON: Final = (
    "events",
    "distinct_items",
    "share_of_repeats",
    "session_events",
    "mean_gap",
    "days_since_active",
    "hour",
    "weekday",
)


@dataclass(frozen=True)
class Asked:
    """Candidates of requests, with what several features need of them.

    Attributes
    ----------
    requests
        The questions.
    candidates
        Distinct items by rising code, a row a request.
    """

    requests: Requests
    candidates: Ragged

    @cached_property
    def rows(self) -> Longs:
        """Request of each candidate."""
        return self.candidates.rows

    def of(self, values: NDArray[Any], candidates: Longs | slice = slice(None)) -> NDArray[Any]:
        """What the request of each of some candidates has; of one request a single value does for all."""
        return values if len(values) == 1 else values[self.rows[candidates]]

    @cached_property
    def places(self) -> Longs:
        """Positions of the last `_TASTE` events of each request, newest first; -1 before the first."""
        offsets = self.requests.histories.offsets
        found = offsets[1:, None] - _BACK
        found[found < offsets[:-1, None]] = -1
        return found

    @cached_property
    def session(self) -> Longs:
        """Number of events of the last session of each request, at most `_TASTE`; no gap over 30 minutes."""
        if not len(self.requests.histories.items):
            return np.zeros(len(self.requests), np.int64)
        times = self.requests.histories.times[self.places]
        ends = (self.places[:, 1:] < 0) | (times[:, :-1] - times[:, 1:] > _SESSION_MS)
        length = np.where(ends.any(axis=1), ends.argmax(axis=1) + 1, _TASTE)
        return np.where(self.places[:, 0] >= 0, length, 0)

    @cached_property
    def taken(self) -> Longs:
        """Occasions of all items together, of each request."""
        counts, offsets = self.requests.histories.summary_counts, self.requests.histories.summary_offsets
        if len(self.requests) == 1:
            return np.asarray(counts.sum(keepdims=True), np.int64)
        before = np.zeros(len(counts) + 1, np.int64)
        counts.cumsum(out=before[1:])
        return before[offsets[1:]] - before[offsets[:-1]]

    def find(self, lists: Ragged) -> tuple[Longs, Longs]:
        """Entries that are candidates of their row: which entries, and which candidates they are."""
        if not len(self.candidates.items):
            return _NOTHING, _NOTHING
        return _met(*_comparable(self.candidates, lists))

    def known(self) -> tuple[Longs, Longs]:
        """Candidates that the person knows: which candidates, and which entries of the summary they are."""
        known = self.requests.histories.known
        if not len(known.items):
            return _NOTHING, _NOTHING
        return _met(*_comparable(known, self.candidates))


def _comparable(domain: Ragged, values: Ragged) -> tuple[Longs | Ints, Longs | Ints]:
    """Row and item of each entry in one number; the item alone where there is one row."""
    return (domain.items, values.items) if len(domain) == 1 else (domain.keys, values.keys)


def _met(domain: Longs | Ints, values: Longs | Ints) -> tuple[Longs, Longs]:
    """Values that occur in a rising domain, which is not empty: which values, and where they occur."""
    place = domain.searchsorted(values)
    found = (domain.take(place, mode="clip") == values).nonzero()[0]
    return found, place.take(found)


@dataclass(frozen=True)
class CandidateFeatures:
    """Turns candidates into columns.

    Attributes
    ----------
    items
        Item statistics.
    neighbours
        Items x items: how strongly one item leads to another.
    fields
        Names of what is known of people beside what they did.
    """

    items: ItemTable
    neighbours: sparse.csr_array
    fields: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        affinity = tuple(f"same_{kind}" for kind in self.items.kinds)
        told = item_features.NAMES, TOUCHED, LINKED, affinity, PRICED, self.of_looks, PERSON
        groups = *told, self.categorical
        return tuple(name for group in groups for name in group)

    @cached_property
    def of_looks(self) -> tuple[str, ...]:
        """Names of those that tell what people were shown."""
        return *SHOWN, *(f"{what}_{kind}" for kind in self.items.groups for what in OF_KIND)

    @cached_property
    def categorical(self) -> tuple[str, ...]:
        """Names of those that hold codes."""
        return tuple(f"customer_{field}" for field in self.fields)

    def blocks(self, requests: Requests, candidates: Ragged) -> list[Matrix]:
        """Columns of candidates that rise by item code within a request: parts, each candidates x features.

        Time is linear in the candidates, and in `_TASTE` events and the neighbours of `HEARD` events for
        each request; nothing grows with the catalogue.
        """
        asked = Asked(requests, candidates)
        person = np.concatenate([_person(asked), _attributes(requests, len(self.fields)).T])
        return [
            self.items.columns.take(candidates.items, axis=0),
            _touched(asked).T,
            _linked(asked, self.neighbours).T,
            _affinity(asked, self.items).T,
            _shown(asked, self.items).T,
            person.take(asked.rows, axis=1).T,
        ]


def _touched(asked: Asked) -> Matrix:
    """What the person did with the candidate itself, features x candidates; NaN where they never met."""
    out = np.full((len(TOUCHED), len(asked.candidates.items)), np.nan, np.float32)
    history = asked.requests.histories
    met, entries = asked.known()
    count, last = history.summary_counts.take(entries), history.summary_last.take(entries)
    age = np.maximum(asked.of(asked.requests.as_of, met) - last, 0) / DAY_MS
    gap = (last - history.summary_first.take(entries)) / DAY_MS / np.maximum(count - 1, 1)
    out[0, met] = count
    out[1, met] = count / asked.of(asked.taken, met)
    out[2, met] = age
    out[3, met] = np.where(count > 1, age / np.maximum(gap, 1e-6), np.nan)
    events, met = asked.find(history.recent)
    back = asked.of(history.offsets[1:], met) - 1 - events
    # Of several events with one item the last one stays: events rise.
    out[4, met] = back
    out[5] = np.bincount(met, minlength=out.shape[1])
    out[6, met] = history.kinds.take(events)
    out[7, met] = back < asked.of(asked.session, met)
    return out


def _linked(asked: Asked, neighbours: sparse.csr_array) -> Matrix:
    """How strongly the last events lead to the candidate, features x candidates."""
    held = asked.places[:, :HEARD] >= 0
    owner, back = held.nonzero()
    sources = asked.requests.histories.items.take(asked.places[owner, back])
    starts = neighbours.indptr.take(sources).astype(np.int64)
    lengths = neighbours.indptr.take(sources + 1) - starts
    ends = lengths.cumsum()
    event = np.arange(len(sources)).repeat(lengths)
    entries = (starts - ends + lengths).take(event)
    entries += np.arange(len(event))
    offsets = np.concatenate([np.zeros(1, np.int64), ends]).take(owner.searchsorted(np.arange(len(held) + 1)))
    found, candidate = asked.find(Ragged(offsets, neighbours.indices.take(entries)))
    links = np.zeros((len(asked.candidates.items), HEARD), np.float32)
    links[candidate, back.take(event.take(found))] = neighbours.data.take(entries.take(found))
    out = np.empty((len(LINKED), len(links)), np.float32)
    out[:2] = links[:, :2].T
    out[2] = links.max(axis=1)
    out[3] = np.where(out[2] > 0, links.argmax(axis=1), np.nan)
    out[4] = (links != 0).sum(axis=1)
    out[5] = links.sum(axis=1) / asked.of(np.maximum(held.sum(axis=1), 1))
    out[6] = links @ _FADE[:HEARD]
    return out


def _affinity(asked: Asked, items: ItemTable) -> Matrix:
    """Share of the recent history, newer events counting more, that is of the candidate's kind; and price.

    Features x candidates.
    """
    out = np.full((len(items.kinds) + 1, len(asked.candidates.items)), np.nan, np.float32)
    history = asked.requests.histories.items
    if not len(history):
        return out
    weight = (asked.places >= 0) * _FADE
    past = history.take(asked.places, mode="wrap")
    with np.errstate(invalid="ignore"):
        share = asked.of(weight / weight.sum(axis=1, keepdims=True))
        if items.priced:
            price = items.prices.take(past)
            known = price == price  # NaN is no price
            heard = weight * known
            usual = (np.where(known, price, np.float32(0.0)) * heard).sum(axis=1) / heard.sum(axis=1)
            out[-1] = items.prices.take(asked.candidates.items) - asked.of(usual)
    for column, codes in enumerate(items.codes):
        own = codes.take(asked.candidates.items)
        same = asked.of(codes.take(past)) == own[:, None]
        out[column] = np.where(own >= 0, np.einsum("ij,ij->i", same, share), np.nan)
    return out


def _shown(asked: Asked, items: ItemTable) -> Matrix:
    """What came of showing the candidate and its kinds to the person, features x candidates.

    NaN where no decision log tells. The appeal of a kind is what was taken of it over what was looked at,
    relative to the person's own share of everything, and drawn towards that:
    ``(taken + DOUBT * share) / (looks + DOUBT) / share``.
    """
    groups, n = tuple(items.groups.values()), len(asked.candidates.items)
    out = np.full((len(SHOWN) + len(OF_KIND) * len(groups), n), np.nan, np.float32)
    looks = asked.requests.looks
    if looks is None or not n:
        return out
    rows = looks.shown.rows
    looked, taken = (np.bincount(rows, value, len(looks)) for value in (looks.looked, looks.taken))
    share = (taken + DOUBT * _SHARE) / (looked + DOUBT)
    usual = share[asked.rows]
    entries, met = asked.find(looks.shown)
    out[0], out[1] = looked[asked.rows], usual
    out[2:4] = 0.0
    out[2, met], out[3, met] = looks.looked[entries], looks.taken[entries]
    for place, codes in enumerate(groups):
        own_code = codes[asked.candidates.items]
        kinds, own = np.unique(asked.rows << 32 | own_code, return_inverse=True)
        found, kind = _met(kinds, rows << 32 | codes[looks.items])
        seen, took = (np.bincount(kind, value[found], len(kinds)) for value in (looks.looked, looks.taken))
        known = own_code >= 0
        row = len(SHOWN) + len(OF_KIND) * place
        out[row, known] = seen[own][known]
        appeal = (took[own] + DOUBT * usual) / (seen[own] + DOUBT) / usual
        out[row + 1, known] = appeal[known]
    return out


def _person(asked: Asked) -> Matrix:
    """What is known of the person and the moment, features x requests."""
    history, now = asked.requests.histories, asked.requests.as_of
    events, distinct = history.recent.lengths, history.known.lengths
    out = np.full((len(PERSON), len(now)), np.nan, np.float32)
    out[0] = asked.taken
    out[1] = distinct
    out[2] = 1.0 - distinct / np.maximum(asked.taken, 1)
    out[3] = asked.session
    if len(history.times):
        active = events > 0
        last = history.times[asked.places[:, 0]]
        span = last - history.times[np.minimum(history.offsets[:-1], len(history.times) - 1)]
        out[4] = np.where(events > 1, span / DAY_MS / np.maximum(events - 1, 1), np.nan)
        out[5] = np.where(active, (now - last) / DAY_MS, np.nan)
    out[6] = now // _HOUR_MS % 24
    out[7] = (now // DAY_MS + 3) % 7
    return out


def _attributes(requests: Requests, n_fields: int) -> Matrix:
    """Codes of what is known of people; NaN where it is not."""
    if requests.attributes is None:
        return np.full((len(requests), n_fields), np.nan, np.float32)
    return np.where(requests.attributes >= 0, requests.attributes, np.nan).astype(np.float32)
