"""What people were shown as of a moment, beside a slow plain count, and nothing of later."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.types import DAY_MS, Ragged
from shopkeeper.data.dataset import ANONYMOUS
from shopkeeper.data.histories import build_histories
from shopkeeper.data.looks import (
    DAYS,
    HALF_HOUR,
    HALF_LIFE_DAYS,
    MOST_ANSWERS,
    build_looks,
    looks_of,
    once,
    packed,
)
from shopkeeper.data.showings import PLACES, SLOTS, Showings
from tests.recommenders.worlds import shop

N_ITEMS, PEOPLE, PAGES = 12, 5, 600


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(3)
    rows = [
        (f"p{who}", f"i{item:02}", day)
        for who, item, day in zip(
            rng.integers(PEOPLE, size=700), rng.integers(N_ITEMS, size=700), rng.random(700) * 60, strict=True
        )
    ]
    bought = shop(rows, [f"i{item:02}" for item in range(N_ITEMS)])
    items = np.stack([np.sort(rng.permutation(N_ITEMS)[:4]) for _ in range(PAGES)])
    showings = Showings(
        rng.integers(ANONYMOUS, PEOPLE, PAGES).astype(np.int32),
        np.sort(bought.start + rng.integers(0, 60 * DAY_MS, PAGES)),
        Ragged.of(items.tolist()),
        rng.integers(PLACES, size=items.size).astype(np.int64),
        np.zeros(items.size, bool),
        np.ones(PAGES, bool),
    )
    return replace(bought, showings=showings)


def asked(dataset, n=40, seed=0):
    """People and moments, every half hour of a page among them."""
    rng = np.random.default_rng(seed)
    people = rng.integers(ANONYMOUS, PEOPLE, n)
    moments = np.concatenate([rng.choice(dataset.showings.time, n // 2), dataset.end - np.arange(n - n // 2)])
    histories = build_histories(dataset, np.maximum(people, 0), np.where(people >= 0, moments, 0))
    return people, moments, histories


def counted(dataset, person, moment):
    """Looks and takings of one person by item, page by page."""
    now = moment // HALF_HOUR
    found: dict[int, tuple[float, float]] = {}
    own = np.flatnonzero(dataset.person == person)
    events = [
        (int(dataset.item[row]), int(dataset.time[row] // HALF_HOUR))
        for row in own
        if dataset.time[row] < moment
    ]
    pages = [
        page
        for page in range(PAGES)
        if person >= 0
        and dataset.showings.person[page] == person
        and now - DAYS * 48 <= dataset.showings.time[page] // HALF_HOUR < now
    ]
    first: dict[tuple[int, int], int] = {}
    for page in pages[-MOST_ANSWERS:]:
        half_hour = int(dataset.showings.time[page] // HALF_HOUR)
        for entry in range(*dataset.showings.items.offsets[page : page + 2]):
            key = int(dataset.showings.items.items[entry]), half_hour
            first[key] = min(first.get(key, PLACES), int(dataset.showings.place[entry]))
    for (item, half_hour), place in first.items():
        taken = any(what == item and half_hour <= when < half_hour + 48 for what, when in events)
        row, slot = divmod(place, SLOTS)
        chance = 1.0 if taken else 0.85**row * 0.85**slot
        age = max(0, moment - (half_hour + 1) * HALF_HOUR) / DAY_MS
        weight = chance * 0.5 ** (age / HALF_LIFE_DAYS)
        looked, took = found.get(item, (0.0, 0.0))
        found[item] = looked + weight, took + weight * taken
    return found


def told(looks, row):
    entries = range(*looks.offsets[row : row + 2])
    return {int(looks.items[e]): (float(looks.looked[e]), float(looks.taken[e])) for e in entries}


def same(left, right):
    return list(left) == list(right) and np.allclose(list(left.values()), list(right.values()))


def test_looks_are_those_of_a_plain_count(dataset):
    people, moments, histories = asked(dataset)
    found = build_looks(dataset.showings, histories, people, moments)
    some = 0
    for row, (person, moment) in enumerate(zip(people.tolist(), moments.tolist(), strict=True)):
        wanted = counted(dataset, person, moment)
        assert list(told(found, row)) == sorted(wanted)
        for item, values in told(found, row).items():
            assert values == pytest.approx(wanted[item], rel=1e-5)
        some += sum(took > 0 for _, took in wanted.values())
    assert some > 50


def test_nothing_of_later_is_told(dataset):
    people, _, _ = asked(dataset)
    moment = int(np.quantile(dataset.showings.time, 0.5))
    moments = np.full(len(people), moment)
    early = dataset.where(dataset.time < moment)
    early = replace(early, showings=dataset.showings.between(0, moment))
    found = [
        build_looks(
            one.showings,
            build_histories(one, np.maximum(people, 0), moments * (people >= 0)),
            people,
            moments,
        )
        for one in (dataset, early)
    ]
    for name in ("offsets", "items", "looked", "taken"):
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name))


def test_a_live_request_is_told_the_same(dataset):
    people, moments, histories = asked(dataset)
    batch = build_looks(dataset.showings, histories, people, moments)
    showings = dataset.showings
    for row in np.flatnonzero(people >= 0).tolist():
        own = showings.where(showings.person == people[row])
        assert len(own.between(moments[row] - DAYS * DAY_MS, moments[row])) < MOST_ANSWERS
        times = np.repeat(own.time // HALF_HOUR, own.items.lengths)
        live = once(packed(own.items.items.astype(np.int64), times, own.place))
        one = looks_of(live, N_ITEMS, histories.take(np.array([row])), int(moments[row]))
        assert same(told(one, 0), told(batch, row))
        fewer = looks_of(live, 5, histories.take(np.array([row])), int(moments[row]))
        assert list(told(fewer, 0)) == [item for item in told(batch, row) if item < 5]


def test_nobody_known_was_shown_nothing(dataset):
    people = np.array([ANONYMOUS, 0])
    histories = build_histories(dataset, np.zeros(2, np.int64), np.array([0, dataset.end]))
    found = build_looks(dataset.showings, histories, people, np.full(2, dataset.end))
    assert found.shown.lengths[0] == 0 < found.shown.lengths[1]
    assert np.array_equal(found.take(np.array([1])).items, found.items)
