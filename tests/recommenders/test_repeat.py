"""Repeats against a walk through every person's own events."""

import math
from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS
from shopkeeper.recommenders import repeat
from shopkeeper.recommenders.repeat import Repeat, RepeatConfig
from tests.recommenders import worlds
from tests.recommenders.worlds import ask, names, shop

SHRINK = 20.0
COUNTS = [2, 3, 4, 5, 7, 10, 15, 25, 50]
RATIOS = [2.0**power for power in np.arange(-3, 4.5, 0.5)]
AGES = [2.0**power for power in range(len(repeat._AGE_EDGES))]


def occasions(dataset, person, item, start, end):
    """Distinct moments at which a person took an item."""
    rows = range(len(dataset))
    return sorted(
        {
            int(dataset.time[row])
            for row in rows
            if dataset.person[row] == person
            and dataset.item[row] == item
            and start <= dataset.time[row] < end
        }
    )


def bucket_of(moments, now):
    """Count, rhythm and age of what was taken at these moments."""
    age = max(now - moments[-1], 0)
    ratio = 0
    if len(moments) > 1:
        gap = (moments[-1] - moments[0]) / (len(moments) - 1)
        ratio = bisect_right(RATIOS, age / max(gap, 1))
    return bisect_right(COUNTS, len(moments)), ratio, bisect_right(AGES, age)


def past_moments(dataset, config):
    """Person, moment and end of the horizon, one by one."""
    for person in range(len(dataset.people)):
        active = sorted({int(time) for time in dataset.time[dataset.person == person]})
        for back in range(1, config.moments + 1):
            if config.horizon_days:
                length = int(config.horizon_days * DAY_MS)
                yield person, dataset.end - back * length, dataset.end - (back - 1) * length
            elif len(active) > back:
                yield person, active[-back], active[-back] + 1


def sightings(dataset, config):
    """Bucket, item and whether it came back, for all anybody knew at a past moment."""
    for person, start, end in past_moments(dataset, config):
        for item in range(dataset.n_items):
            moments = occasions(dataset, person, item, 0, start)
            if moments:
                yield bucket_of(moments, start), item, bool(occasions(dataset, person, item, start, end))


def plain_fit(dataset, config):
    """P(again | bucket) and lift, by dictionaries."""
    seen = list(sightings(dataset, config))

    def chance(bucket):
        alike = [again for other, _, again in seen if other[0] == bucket[0]]
        by_count = (sum(alike) + 1e-9) / (len(alike) + 1)
        inside = [again for other, _, again in seen if other == bucket]
        return (sum(inside) + SHRINK * by_count) / (len(inside) + SHRINK)

    strength = SHRINK * sum(chance(bucket) for bucket, _, _ in seen) / len(seen) if seen else 1.0
    lifts = []
    for item in range(dataset.n_items):
        returns = sum(again for _, other, again in seen if other == item)
        expected = sum(chance(bucket) for bucket, other, _ in seen if other == item)
        lifts.append((returns + strength) / (expected + strength))
    return chance, lifts


# Whole days and one millisecond more, so that events fall on both sides of the bounds of windows.
days = st.builds(lambda day, more: day + 1.5 * more / DAY_MS, st.integers(0, 30), st.booleans())
habits = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from(["i01", "i02", "i03"]), days), max_size=25
).map(shop)


@settings(max_examples=40)
@example(shop([("u", "i01", 0), ("u", "i01", 10 + 1.5 / DAY_MS), ("u", "i02", 20)]), 10.0)
@given(habits, st.sampled_from([0.0, 3.0, 10.0]))
def test_scores_are_the_formula(dataset, horizon):
    config = RepeatConfig(horizon, moments=3)
    chance, lifts = plain_fit(dataset, config)
    # The last of these is exactly 2 ^ 28 milliseconds old: the edge of an age.
    past = [("i01", 20), ("i01", 24), ("i02", 27), ("i03", 31 - (2**28 - 0.5) / DAY_MS)]
    requests = ask(dataset, past, day=31)
    found = Repeat(config).fit(dataset).score(requests, requests.histories.known)
    for score, item in zip(found, requests.histories.known[0].tolist(), strict=True):
        moments = sorted(
            {worlds.START + int(day * DAY_MS) for name, day in past if dataset.items.code(name) == item}
        )
        expected = chance(bucket_of(moments, int(requests.as_of[0]))) * lifts[item]
        assert math.isclose(score, expected, rel_tol=1e-4)


def test_what_is_due_comes_before_what_was_just_bought():
    weekly = [
        (p, item, 7 * week + (item == "i02") * 4)
        for p in "uvwxyz"
        for week in range(8)
        for item in ("i01", "i02")
    ]
    dataset = shop(weekly)
    past = [(item, 7 * week + (item == "i02") * 4) for week in range(8) for item in ("i01", "i02")]
    answer = Repeat().fit(dataset).recommend(ask(dataset, past, day=56), 2)
    assert names(dataset, answer) == [["i01", "i02"]]


def test_what_nobody_takes_again_stands_behind_what_all_do():
    staple = [(p, "i01", d) for p in "uvwxyz" for d in (0, 9, 20)]
    once = [
        (f"{p}{n}", item, d) for p in "uvw" for n in range(20) for d, item in enumerate(("i02", "i03", "i04"))
    ]
    dataset = shop([*staple, *once])
    answer = Repeat().fit(dataset).recommend(ask(dataset, [("i02", 25), ("i01", 25)], day=26), 2)
    assert names(dataset, answer) == [["i01", "i02"]]


def test_people_are_sampled_when_there_are_many(monkeypatch):
    """A sample fits nearly the same table, and the same one every time."""
    rows = [(f"p{p:03}", f"i{(p * d) % 3:02}", d) for p in range(300) for d in range(0, 20, 4)]
    dataset = shop(rows)
    whole = Repeat().fit(dataset)
    monkeypatch.setattr(repeat, "_MOST_PEOPLE", 100)
    one, two = Repeat().fit(dataset), Repeat().fit(dataset)
    assert np.array_equal(one.table_, two.table_)
    assert np.abs(one.table_ - whole.table_).max() < 0.15


def test_evidence_counts_and_dates():
    dataset = shop([])
    request = ask(dataset, [("i01", 1), ("i01", 3), ("i02", 3)], day=5)
    taken, unknown = Repeat().fit(dataset).explain(request, dataset.items.encode(["i01", "i07"]))
    assert taken.items == (1,)
    assert dict(taken.facts) == {"count": 2.0, "days_since": 2.0}
    assert unknown.items == ()
    assert unknown.facts == ()


@pytest.mark.parametrize("horizon", [0.0, 7.0])
def test_settings_survive_saving(horizon, tmp_path):
    config = RepeatConfig(horizon, 2)
    Repeat(config).fit(shop([("u", "i01", 1), ("u", "i01", 2)])).save(tmp_path)
    assert Repeat.load(tmp_path).config == config
