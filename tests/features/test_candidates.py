"""Columns of candidates against a walk through each history, one candidate at a time."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.core.types import DAY_MS, Looks, Ragged, Requests
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.histories import build_histories
from shopkeeper.features.candidates import DOUBT, HEARD, PERSON, TOUCHED, CandidateFeatures
from shopkeeper.features.items import ItemTable
from tests.recommenders import worlds
from tests.recommenders.worlds import START, ask, everything, shop

CATEGORIES = ["tea", "tea", "tea", "cup", "cup", "cup", None, "jar", "jar", "jar", "jar", "jar"]
PRICES = [1.0, 2.0, 4.0, 8.0, None, 3.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
TASTE = 30
SESSION_MS = 30 * 60_000


def catalogued(dataset):
    """The same events over items with categories and prices."""
    table = dataset.items.table.with_columns(category=pl.Series(CATEGORIES), price=pl.Series(PRICES))
    return replace(dataset, items=ItemIndex(dataset.items.ids, table))


def links(n, seed=0):
    """A random table of neighbours."""
    rng = np.random.default_rng(seed)
    return sparse.csr_array((rng.random((n, n)) * (rng.random((n, n)) < 0.4)).astype(np.float32))


def features(dataset, fields=()):
    return CandidateFeatures(ItemTable.of(dataset), links(dataset.n_items), fields)


def columns(made, requests, candidates):
    return np.hstack(made.blocks(requests, candidates))


def touched(events, item, session, now):
    """The walk for `TOUCHED`; ``events`` are (item, kind, time), oldest first."""
    times = sorted({time for other, _, time in events if other == item})
    if not times:
        return [math.nan] * 5 + [0] + [math.nan] * 2
    taken = sum(len({time for other, _, time in events if other == one}) for one in {e[0] for e in events})
    back = min(place for place, event in enumerate(reversed(events)) if event[0] == item)
    age = (now - times[-1]) / DAY_MS
    gap = (times[-1] - times[0]) / DAY_MS / max(len(times) - 1, 1)
    return [
        len(times),
        len(times) / taken,
        age,
        age / gap if len(times) > 1 else math.nan,
        back,
        sum(event[0] == item for event in events),
        events[-1 - back][1],
        float(back < session),
    ]


def linked(events, item, table):
    """The walk for `LINKED`."""
    found = [float(table[[event[0]], [item]][0]) for event in list(reversed(events))[:HEARD]]
    found_or_none = found + [0.0] * (HEARD - len(found))
    strongest = max(found_or_none)
    return [
        found_or_none[0],
        found_or_none[1],
        strongest,
        found_or_none.index(strongest) if strongest > 0 else math.nan,
        sum(link > 0 for link in found),
        sum(found) / max(len(found), 1),
        sum(link * 0.9**back for back, link in enumerate(found)),
    ]


def affinity(events, item):
    """The walk for the category and for `PRICED`."""
    past = [(event[0], 0.9**back) for back, event in enumerate(list(reversed(events))[:TASTE])]
    total = sum(weight for _, weight in past)
    same, against = math.nan, math.nan
    if CATEGORIES[item] is not None and past:
        same = sum(weight for one, weight in past if CATEGORIES[one] == CATEGORIES[item]) / total
    priced = [(math.log(PRICES[one]), weight) for one, weight in past if PRICES[one] is not None]
    if priced and PRICES[item] is not None:
        usual = sum(price * weight for price, weight in priced) / sum(weight for _, weight in priced)
        against = math.log(PRICES[item]) - usual
    return [same, against]


def sessions(events):
    """Length of the last session, counted from the end."""
    newest = list(reversed(events))[:TASTE]
    for place, (later, earlier) in enumerate(pairwise(newest)):
        if later[2] - earlier[2] > SESSION_MS:
            return place + 1
    return len(newest)


def person(events, now):
    """The walk for `PERSON`."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    taken = len({(event[0], event[2]) for event in events})
    distinct = len({event[0] for event in events})
    n = len(events)
    return [
        taken,
        distinct,
        1 - distinct / taken if taken else 1.0,
        sessions(events),
        (events[-1][2] - events[0][2]) / DAY_MS / (n - 1) if n > 1 else math.nan,
        (now - events[-1][2]) / DAY_MS if n else math.nan,
        moment.hour,
        moment.weekday(),
    ]


def shown(looks, row, item, made):
    """The walk for what came of showings."""
    if looks is None:
        return [math.nan] * len(made.of_looks)
    entries = range(*looks.offsets[row : row + 2])
    told = [(int(looks.items[e]), float(looks.looked[e]), float(looks.taken[e])) for e in entries]
    share = (sum(took for _, _, took in told) + DOUBT * 0.2) / (sum(seen for _, seen, _ in told) + DOUBT)
    own = [(seen, took) for other, seen, took in told if other == item] or [(0.0, 0.0)]
    out = [sum(seen for _, seen, _ in told), share, *own[0]]
    for codes in made.items.groups.values():
        if codes[item] < 0:
            out += [math.nan] * 2
            continue
        alike = [(seen, took) for other, seen, took in told if codes[other] == codes[item]]
        seen, took = sum(one for one, _ in alike), sum(one for _, one in alike)
        out += [seen, (took + DOUBT * share) / (seen + DOUBT) / share]
    return out


def looked(requests, n_items, seed=0):
    """The same requests of people who were shown some of the items."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(rng.random(n_items) < 0.5).tolist() for _ in range(len(requests))]
    items = Ragged.of(rows)
    seen = rng.random(len(items.items)).astype(np.float32) * 5
    taken = seen * (rng.random(len(seen)) < 0.4) * np.float32(0.5)
    return replace(requests, looks=Looks(items.offsets, items.items, seen, taken.astype(np.float32)))


def plain(dataset, made, requests, candidates):
    """All columns but those of the item, by walks."""
    out = []
    for row in range(len(requests)):
        low, high = requests.histories.offsets[row : row + 2]
        history, now = requests.histories, int(requests.as_of[row])
        parts = history.items[low:high], history.kinds[low:high], history.times[low:high]
        events = list(zip(*(part.tolist() for part in parts), strict=True))
        for item in candidates[row].tolist():
            out.append(
                [
                    *touched(events, item, sessions(events), now),
                    *linked(events, item, made.neighbours),
                    *affinity(events, item),
                    *shown(requests.looks, row, item, made),
                    *person(events, now),
                ]
            )
    return np.array(out)


def matches(dataset, requests, candidates):
    made = features(dataset)
    found = columns(made, requests, candidates)
    assert made.names[-len(PERSON) :] == PERSON
    assert found.dtype == np.float32
    start = made.names.index(TOUCHED[0])
    # Days are differences of milliseconds since 1970: what a float32 keeps of them is compared.
    np.testing.assert_allclose(
        found[:, start:], plain(dataset, made, requests, candidates), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(found[:, :start], made.items.columns[candidates.items])


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_columns_are_those_of_a_walk(data):
    dataset = catalogued(shop([("ada", "i01", 0), ("ada", "i02", 3), ("bob", "i05", 30)]))
    requests = data.draw(worlds.questions(dataset))
    matches(dataset, requests, everything(requests, dataset.n_items))
    matches(dataset, looked(requests, dataset.n_items), everything(requests, dataset.n_items))


def test_a_long_history_of_quick_events_is_walked_to_the_end_of_what_is_heard():
    dataset = catalogued(shop([("ada", "i01", 0)]))
    past = [(f"i{number % 7:02}", number / 100) for number in range(60)]
    requests = ask(dataset, past, [], past[:1], day=3.25)
    matches(dataset, requests, everything(requests, dataset.n_items))


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_a_request_alone_is_told_what_it_is_told_among_others(data):
    dataset = catalogued(shop([("ada", "i01", 0), ("ada", "i02", 3)]))
    requests = looked(data.draw(worlds.questions(dataset)), dataset.n_items)
    lists = data.draw(st.lists(worlds.some_items.map(sorted), min_size=len(requests), max_size=len(requests)))
    candidates = Ragged.of([dataset.items.encode(row).tolist() for row in lists])
    made = features(dataset)
    rows = [np.array([row]) for row in range(len(requests))]
    alone = [columns(made, requests.take(row), candidates.take(row)) for row in rows]
    np.testing.assert_allclose(np.vstack(alone), columns(made, requests, candidates), rtol=1e-6)


def asked_at_day_20(dataset):
    """Everybody at one moment, told only what happened before."""
    now = START + 20 * DAY_MS
    people, as_of = np.arange(len(dataset.people)), np.full(len(dataset.people), now)
    past = dataset.where(dataset.time < now)
    requests = Requests(build_histories(dataset, people, as_of), as_of)
    return columns(features(past), requests, everything(requests, dataset.n_items))


@settings(max_examples=15, deadline=None)
@given(worlds.shops, st.data())
def test_what_happens_later_changes_nothing(dataset, data):
    dataset = catalogued(dataset)
    later = np.flatnonzero(dataset.time >= START + 20 * DAY_MS)
    item = dataset.item.copy()
    item[later] = data.draw(st.permutations(range(dataset.n_items)))[0]
    kept = np.ones(len(dataset), bool)
    kept[later[::2]] = False
    changed = replace(dataset, item=item).where(kept)
    np.testing.assert_array_equal(asked_at_day_20(changed), asked_at_day_20(dataset))


def test_what_is_known_of_people_comes_as_codes():
    dataset = shop([("ada", "i01", 0)])
    requests = replace(ask(dataset, [], []), attributes=np.array([[2, -1], [0, 1]], np.int32))
    made = features(dataset, ("age", "town"))
    found = columns(made, requests, Ragged.of([[3], [3]]))
    assert made.categorical == ("customer_age", "customer_town") == made.names[-2:]
    np.testing.assert_array_equal(found[:, -2:], [[2, np.nan], [0, 1]])
    nothing = columns(made, replace(requests, attributes=None), Ragged.of([[3], [3]]))
    assert np.isnan(nothing[:, -2:]).all()


def test_nothing_to_tell_of_no_candidates():
    dataset = shop([("ada", "i01", 0)])
    made = features(dataset)
    found = columns(made, ask(dataset, [("i01", 0)]), Ragged.empty(1))
    assert found.shape == (0, len(made.names))
