"""Session neighbours against the plain formula, where sessions end, and sessions that are taken out again."""

from collections import defaultdict
from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.recommenders.session_neighbours import LONGEST, SessionNeighbours, SessionNeighboursConfig
from tests.recommenders.worlds import ITEMS, START, ask, everybody, everything, names, shop

people = st.sampled_from(["ada", "bob", "cy", "dee", None])
kinds = st.sampled_from(["purchase", "view_item"])
rows = st.lists(st.tuples(people, st.sampled_from(ITEMS[:6]), st.integers(0, 9), kinds), max_size=50)
pasts = st.lists(st.tuples(st.sampled_from(ITEMS[:6]), st.integers(0, 9), kinds), max_size=6).map(
    lambda past: sorted(past, key=lambda event: event[1])
)
configs = st.builds(
    SessionNeighboursConfig,
    sample=st.sampled_from([1, 2, 50]),
    neighbours=st.sampled_from([1, 2, 50]),
    gap_minutes=st.sampled_from([0.0, 2 * 24 * 60.0]),
    half_life=st.sampled_from([0.0, 5.0]),
    recency=st.sampled_from([0.5, 1.0]),
    reach=st.sampled_from([1.0, 4.0]),
    backward=st.sampled_from([0.0, 0.5]),
    seen=st.sampled_from([0.0, 1.0]),
)


def sessions_of(events, gap_days):
    """(day of the last event, items) of every session, the earliest first."""
    crowd = defaultdict(list)
    for person, item, day, _ in sorted((event for event in events if event[0]), key=lambda event: event[2]):
        crowd[person].append((item, day))
    found = []
    for theirs in crowd.values():
        session = theirs[:1]
        for event in theirs[1:]:
            if (gap_days and event[1] - session[-1][1] > gap_days) or len(session) == LONGEST:
                found.append(session)
                session = []
            session.append(event)
        found.append(session)
    kept = [(session[-1][1], [item for item, _ in session]) for session in found if len(session) > 1]
    codes = {item: code for code, item in enumerate(ITEMS)}
    as_bytes = [(day, np.array([codes[item] for item in items], np.int32).tobytes()) for day, items in kept]
    return [kept[place] for place in sorted(range(len(kept)), key=as_bytes.__getitem__)]


def plain(events, past, weights, config, now):
    """Score of every item for one history."""
    sessions = sessions_of(events, config.gap_minutes / 24 / 60)
    own = {}
    for place, (item, _, kind) in enumerate(past):
        fading = config.recency ** (len(past) - 1 - place)
        if fading > 1e-2:
            own[item] = fading * float(weights[EventType[kind]])
    likeness = []
    for number, (day, items) in enumerate(sessions):
        looked_at = [
            item
            for item in own.keys() & set(items)
            if sum(item in later for _, later in sessions[number + 1 :]) < config.sample
        ]
        age = 2 ** (-max(now - day, 0) / config.half_life) if config.half_life else 1.0
        if looked_at:
            likeness.append((age * sum(own[item] for item in looked_at) / sqrt(len(set(items))), number))
    likeness.sort(key=lambda pair: (-pair[0], pair[1]))
    n = config.neighbours
    if len(likeness) > n:
        assume(likeness[n - 1][0] - likeness[n][0] > 1e-5)
    scores = dict.fromkeys(ITEMS, 0.0)
    for value, number in likeness[:n]:
        items = sessions[number][1]
        strongest = max(own.get(item, 0.0) for item in items)
        anchor = max(place for place, item in enumerate(items) if own.get(item, 0.0) == strongest)
        for place, item in enumerate(items):
            fading = exp(-abs(place - anchor) / config.reach) * (config.backward if place < anchor else 1.0)
            scores[item] += value * fading
    known = {item for item, _, _ in past}
    return [scores[item] * (config.seen if item in known else 1.0) for item in ITEMS]


@settings(max_examples=200)
@given(rows, pasts, configs)
def test_scores_are_those_of_the_formula(events, past, config):
    dataset = shop(events)
    model = SessionNeighbours(config).fit(dataset)
    requests = ask(dataset, past, day=10)
    expected = plain(events, past, dataset.weights, config, 10)
    np.testing.assert_allclose(
        model.score(requests, everything(requests, 12)), expected, rtol=1e-4, atol=1e-6
    )


def test_a_session_ends_with_a_long_gap_or_when_it_is_long():
    dataset = shop([("u", f"i{n % 12:02}", n / 24 / 60 + (n >= 70)) for n in range(80)])
    kept = SessionNeighbours(SessionNeighboursConfig(gap_minutes=30)).fit(dataset)
    assert kept.sessions_.lengths.tolist() == [LONGEST, 70 - LONGEST, 10]
    assert SessionNeighbours().fit(dataset).sessions_.lengths.tolist() == [LONGEST, 80 - LONGEST]


def test_the_latest_sessions_are_kept():
    dataset = shop([(f"p{p}", f"i{p:02}", p + day) for p in range(10) for day in (0.0, 0.1)])
    model = SessionNeighbours(SessionNeighboursConfig(sessions=3)).fit(dataset)
    assert ((model.times_ - START) / DAY_MS).tolist() == pytest.approx([7.1, 8.1, 9.1])


@given(rows, rows)
def test_who_comes_and_goes_leaves_the_model_of_a_fit(before, after):
    """Everybody's rows exchanged for others over one catalogue of people."""
    everyone = [(person, "i11", 99, "purchase") for person in ("ada", "bob", "cy", "dee")]
    was, now = shop([*before, *everyone]), shop([*after, *everyone])
    changed, fresh = SessionNeighbours().fit(was).exchange(was, now), SessionNeighbours().fit(now)
    np.testing.assert_array_equal(changed.times_, fresh.times_)
    np.testing.assert_array_equal(changed.sessions_.items, fresh.sessions_.items)


def test_many_requests_are_answered_in_parts(monkeypatch):
    dataset = shop([(f"p{p}", f"i{(p + day) % 12:02}", day) for p in range(30) for day in range(5)])
    model, requests = SessionNeighbours().fit(dataset), everybody(dataset)
    whole = model.recommend(requests, 5)
    monkeypatch.setattr("shopkeeper.recommenders.session_neighbours._BLOCK", 7)
    parts = model.recommend(requests, 5)
    assert names(dataset, parts) == names(dataset, whole)
    np.testing.assert_array_equal(parts.scores, whole.scores)
