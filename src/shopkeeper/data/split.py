"""Splits: what is learned from, and the questions asked about the rest.

All splits keep the dataset's catalogue and item codes, so that truth and answers speak of the same items;
a test item nobody touched in training stays in the catalogue, as it would in a shop.
"""

from dataclasses import dataclass, replace

import numpy as np

from shopkeeper.core.errors import TooLittleData
from shopkeeper.core.types import DAY_MS, Ints, Longs, Ragged, Requests
from shopkeeper.data.attributes import UNKNOWN
from shopkeeper.data.circles import build_circle
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import build_histories, slice_histories
from shopkeeper.data.looks import build_looks
from shopkeeper.data.showings import Showings


@dataclass(frozen=True, slots=True)
class Cases:
    """Questions with known answers.

    Attributes
    ----------
    requests
        One for each case.
    truth
        The distinct items to be found, by rising code, a row a request; never empty.
    """

    requests: Requests
    truth: Ragged

    def __len__(self) -> int:
        return len(self.requests)

    def take(self, rows: Longs) -> "Cases":
        """These cases, in this order."""
        return Cases(self.requests.take(rows), self.truth.take(rows))

    def sample(self, n: int, seed: int) -> "Cases":
        """At most ``n`` cases, drawn without replacement."""
        if len(self) <= n:
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self), n, replace=False)))


@dataclass(frozen=True, slots=True)
class Pages:
    """What was shown, with what was known when it was.

    Attributes
    ----------
    requests
        One for each answer, by rising time.
    showings
        The answers.
    """

    requests: Requests
    showings: Showings

    def __len__(self) -> int:
        return len(self.showings)

    def part(self, first: int, last: int) -> "Pages":
        """Answers ``first`` to ``last``, the latter not included."""
        return Pages(self.requests.take(np.arange(first, last)), self.showings.part(first, last))


@dataclass(frozen=True, slots=True)
class Split:
    """What is learned from, and the cases asked afterwards.

    Attributes
    ----------
    train, test
        The two.
    pages
        What people were shown in the time of the test; None where no decision log tells.
    """

    train: Dataset
    test: Cases
    pages: Pages | None = None


def time_split(dataset: Dataset, days: float) -> Split:
    """Learn from all but the last ``days``; ask every person active in them for all they touched.

    Raises
    ------
    TooLittleData
        One side would be empty.
    """
    cut = dataset.end - int(days * DAY_MS)
    train = before(dataset, cut)
    future = dataset.where((dataset.time >= cut) & (dataset.person >= 0))
    if not len(train) or not len(future):
        raise TooLittleData(
            f"A test period of {days:g} days leaves {len(train)} events to learn from, {len(future)} to ask.",
            hint="Choose a shorter test period or give more data.",
        )
    people = np.unique(future.person).astype(np.int64)
    as_of = np.full(len(people), cut, np.int64)
    truth = _distinct(len(people), np.searchsorted(people, future.person), future.item)
    histories = build_histories(train, people, as_of)
    requests = Requests(
        histories,
        as_of,
        attributes=dataset.attributes_of(people),
        circle=build_circle(train, people, as_of),
        looks=build_looks(train.showings, histories, people, as_of) if len(train.showings) else None,
    )
    return Split(train, Cases(requests, truth), pages(dataset, cut))


def before(dataset: Dataset, moment: int) -> Dataset:
    """What was known just before a moment, epoch milliseconds."""
    showings = dataset.showings.between(0, moment)
    return replace(dataset.where(dataset.time < moment), showings=showings)


def pages(dataset: Dataset, since: int) -> Pages | None:
    """Own lists that were shown from a moment on, to whoever was known, as they stood then."""
    shown = dataset.showings.between(since, dataset.end)
    shown = shown.where(shown.own)
    if not len(shown):
        return None
    # Of nobody known there is no history: as if they were asked before the first event.
    people = np.maximum(shown.person, 0).astype(np.int64)
    before = np.where(shown.person >= 0, shown.time, 0)
    attributes = np.where(shown.person[:, None] >= 0, dataset.attributes_of(people), UNKNOWN)
    histories = build_histories(dataset, people, before)
    requests = Requests(
        histories,
        shown.time,
        attributes=attributes.astype(np.int32),
        looks=build_looks(dataset.showings, histories, shown.person.astype(np.int64), shown.time),
    )
    return Pages(requests, shown)


def last_out_split(dataset: Dataset, hold: int = 1, ask: int = 1) -> Split:
    """Learn from all but each person's last ``hold`` events; ask for the ``ask``-th event from the end.

    With ``hold = 2, ask = 1`` the last but one event is not learned from, yet stands in the history when the
    last one is asked: the fair protocol of the sequence literature. ``hold = 2, ask = 2`` asks for the last
    but one (validation). People with ``hold`` events or fewer are learned from and not asked.
    """
    starts, ends = dataset.offsets[:-1], dataset.offsets[1:]
    asked = np.flatnonzero(ends - starts > hold)
    if not len(asked):
        raise TooLittleData(
            f"No person has more than {hold} events.", hint="Give more data or use another protocol."
        )
    held = np.zeros(len(dataset), bool)
    for back in range(1, hold + 1):
        held[ends[asked] - back] = True
    targets = ends[asked] - ask
    requests = Requests(
        slice_histories(dataset, starts[asked], targets),
        dataset.time[targets],
        attributes=dataset.attributes_of(asked),
        circle=build_circle(dataset, asked, dataset.time[targets]),
    )
    truth = Ragged(np.arange(len(asked) + 1, dtype=np.int64), dataset.item[targets])
    return Split(dataset.where(~held), Cases(requests, truth))


def prefix_cases(dataset: Dataset, people: Longs) -> Cases:
    """Every prefix of these people's (sessions') events, asked for the event that follows it."""
    starts, ends = dataset.offsets[people], dataset.offsets[people + 1]
    counts = np.maximum(ends - starts - 1, 0)
    first = np.repeat(starts, counts)
    step = np.arange(counts.sum(), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    targets = first + step + 1
    requests = Requests(
        slice_histories(dataset, first, targets),
        dataset.time[targets],
        attributes=dataset.attributes_of(np.repeat(people, counts)),
        circle=build_circle(dataset, np.repeat(people, counts), dataset.time[targets]),
    )
    return Cases(requests, Ragged(np.arange(len(targets) + 1, dtype=np.int64), dataset.item[targets]))


def _distinct(n: int, rows: Longs, items: Ints) -> Ragged:
    """Distinct items of each row, by rising code."""
    keys = np.unique(rows.astype(np.int64) << 32 | items)
    offsets = np.searchsorted(keys, np.arange(n + 1, dtype=np.int64) << 32).astype(np.int64)
    return Ragged(offsets, (keys & 0xFFFFFFFF).astype(np.int32))
