"""What each person was shown before a moment, as `Looks`: from showings, and what they did since.

A showing counts as far as its place is looked at, and fades with time,

    looked = sum over showings i of chance(place_i) * 2 ** (-age_i / h),

and it was taken if the person did anything with the item within a day; then it was looked at for certain. Of
the showings within one half hour one counts, the first on the page, and of the present half hour none: a page
does not change while it is looked at.
"""

from typing import Final

import numpy as np

from shopkeeper.core.types import DAY_MS, Bools, Doubles, Histories, Longs, Looks, ragged_positions
from shopkeeper.data.showings import PLACES, SLOTS, Showings

HALF_HOUR: Final = 1_800_000
"""Milliseconds within which showings count once."""
MOST_ANSWERS: Final = 100
"""Answers of a person that are looked back on, the newest."""
HALF_LIFE_DAYS: Final = 30.0
"""After how many days a showing counts half."""
DAYS: Final = 35
"""What is older is passed over."""
_BACK: Final = DAYS * DAY_MS // HALF_HOUR
_TAKEN: Final = DAY_MS // HALF_HOUR
"""How long what is done with an item may follow from its showing, in half hours."""
_FADES: Final = 0.85
_TIME: Final = 32
"""Bits of a half hour."""
_HALF_HOURS: Final = (1 << _TIME) - 1
_PLACE: Final = 8
"""Bits of a place."""


def belief() -> Doubles:
    """What is believed of looking at each place: of a row or slot, of looking at the one above or before."""
    row, slot = np.divmod(np.arange(PLACES), SLOTS)
    return np.asarray(_FADES**row * _FADES**slot, np.float64)


_CHANCE: Final = belief()


def packed(items: Longs, half_hours: Longs, places: Longs) -> Longs:
    """Showings to one person as one number each, which rise by item, then by time, then by place."""
    return (items << _TIME | half_hours) << _PLACE | places


def moments(showings: Longs) -> Longs:
    """Item and half hour of packed showings in one number, ``item << 32 | half hour``."""
    return showings >> _PLACE


def half_hours(showings: Longs) -> Longs:
    """Half hour since 1970 of packed showings."""
    return showings >> _PLACE & _HALF_HOURS


def once(showings: Longs) -> Longs:
    """Packed showings in rising order, of each item in each half hour the first on the page."""
    rising = np.sort(showings)
    same = moments(rising)
    kept = np.ones(len(rising), bool)
    np.not_equal(same[1:], same[:-1], out=kept[1:])
    return rising[kept]


def looks_of(showings: Longs, n_items: int, histories: Histories, as_of: int) -> Looks:
    """What one person was shown.

    Parameters
    ----------
    showings
        As `once` gives them; items from ``n_items`` on are passed over.
    n_items
        Items that are known.
    histories
        What the person did before ``as_of``, a batch of one.
    as_of
        Epoch milliseconds.
    """
    items, times, now = showings >> _TIME + _PLACE, half_hours(showings), as_of // HALF_HOUR
    counted = (items < n_items) & (times < now) & (times >= now - _BACK)
    rows, before = np.zeros(int(counted.sum()), np.int64), np.array([as_of], np.int64)
    places = showings[counted] & ((1 << _PLACE) - 1)
    return _summed(rows, items[counted], times[counted], places, histories, before)


def build_looks(showings: Showings, histories: Histories, people: Longs, before: Longs) -> Looks:
    """What these people were shown before a moment each.

    Parameters
    ----------
    showings
        Everything that was shown.
    histories
        What each did before the same moment.
    people
        Shape ``(n,)``: codes in ``showings``; -1 is nobody known, who was shown nothing.
    before
        Shape ``(n,)``: epoch milliseconds.
    """
    chosen, lengths = _answers(showings, people, before)
    entries, offsets = ragged_positions(showings.items.offsets, chosen)
    each = np.diff(offsets)
    rows = np.repeat(np.repeat(np.arange(len(people)), lengths), each)
    items, places = showings.items.items[entries].astype(np.int64), showings.place[entries]
    times = np.repeat(showings.time[chosen] // HALF_HOUR, each)
    order = np.lexsort((places, times, items, rows))
    rows, items, times, places = rows[order], items[order], times[order], places[order]
    kept = np.ones(len(rows), bool)
    kept[1:] = (rows[1:] != rows[:-1]) | (items[1:] != items[:-1]) | (times[1:] != times[:-1])
    return _summed(rows[kept], items[kept], times[kept], places[kept], histories, before)


def _answers(showings: Showings, people: Longs, before: Longs) -> tuple[Longs, Longs]:
    """Answers that each person looks back on, one person after another, and how many each has."""
    order = np.lexsort((showings.time, showings.person))
    keys = showings.person[order].astype(np.int64) << _TIME | showings.time[order] // HALF_HOUR
    now = before // HALF_HOUR
    start = np.maximum(now - _BACK, 0)
    known = np.maximum(people, 0) << _TIME
    high = np.searchsorted(keys, known | now)
    low = np.maximum(np.searchsorted(keys, known | start), high - MOST_ANSWERS)
    lengths = np.where(people >= 0, high - low, 0)
    ends = np.cumsum(lengths)
    return order[np.arange(lengths.sum()) + np.repeat(low - ends + lengths, lengths)], lengths


def _summed(
    rows: Longs, items: Longs, times: Longs, places: Longs, histories: Histories, before: Longs
) -> Looks:
    """Showings that rise by row, item and half hour, as sums for each row and item."""
    keys = rows << 32 | items
    head = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=head[1:])
    starts, entry = np.flatnonzero(head), np.cumsum(head) - 1
    taken = _taken(keys[starts], entry, times, histories)
    age = before[rows] - (times + 1) * HALF_HOUR
    chance = np.where(taken, 1.0, _CHANCE[places])
    weight = chance * np.exp2(np.maximum(age, 0) / (-HALF_LIFE_DAYS * DAY_MS))
    return Looks(
        np.searchsorted(rows[starts], np.arange(len(before) + 1)).astype(np.int64),
        items[starts].astype(np.int32),
        np.bincount(entry, weight, len(starts)).astype(np.float32),
        np.bincount(entry, weight * taken, len(starts)).astype(np.float32),
    )


def _taken(keys: Longs, entry: Longs, times: Longs, histories: Histories) -> Bools:
    """Whether the person did something with the item within a day of each showing."""
    if not len(keys) or not len(histories.items):
        return np.zeros(len(entry), bool)
    done = histories.recent.rows << 32 | histories.items
    place = np.minimum(np.searchsorted(keys, done), len(keys) - 1)
    met = keys[place] == done
    events = np.sort(place[met] << _TIME | histories.times[met] // HALF_HOUR)
    shown = entry << _TIME | times
    after = np.append(events, np.iinfo(np.int64).max)[np.searchsorted(events, shown)]
    return np.asarray(after < shown + _TAKEN)
