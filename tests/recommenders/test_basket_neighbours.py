"""Basket neighbours against the plain formula, and people who are taken out again."""

from collections import defaultdict
from math import ceil, sqrt

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shopkeeper.core.types import EventType
from shopkeeper.recommenders.basket_neighbours import BasketNeighbours, BasketNeighboursConfig
from tests.recommenders.worlds import ITEMS, ask, everything, shop

people = st.sampled_from(["ada", "bob", "cy", "dee", None])
kinds = st.sampled_from(["purchase", "view_item"])
rows = st.lists(st.tuples(people, st.sampled_from(ITEMS[:6]), st.integers(0, 6), kinds), max_size=50)
pasts = st.lists(st.tuples(st.sampled_from(ITEMS[:6]), st.integers(0, 6), kinds), max_size=8).map(
    lambda past: sorted(past, key=lambda event: event[1])
)
configs = st.builds(
    BasketNeighboursConfig,
    neighbours=st.sampled_from([1, 2, 50]),
    within=st.sampled_from([0.5, 1.0]),
    across=st.sampled_from([0.5, 1.0]),
    group=st.sampled_from([1, 3]),
    own=st.sampled_from([0.0, 0.4, 1.0]),
)


def habits(events, weights, config):
    """v of each item, from (item, day, kind)."""
    days = sorted({day for _, day, _ in events}, reverse=True)
    found: dict[str, float] = defaultdict(float)
    for number, day in enumerate(days):
        basket: dict[str, float] = defaultdict(float)
        for item, at, kind in events:
            if at == day:
                basket[item] = max(basket[item], float(weights[EventType[kind]]))
        fading = config.within ** (number % config.group) * config.across ** (number // config.group)
        for item, weight in basket.items():
            found[item] += weight * fading
    whole = min(len(days), config.group) * ceil(len(days) / config.group)
    return {item: value / whole for item, value in found.items()}


def cosine(one, other):
    both = sum(value * other.get(item, 0.0) for item, value in one.items())
    return both / sqrt(sum(x * x for x in one.values()) * sum(x * x for x in other.values())) if both else 0.0


def plain(events, past, weights, config):
    """Score of every item for one history."""
    crowd = defaultdict(list)
    for person, *event in events:
        if person:
            crowd[person].append(tuple(event))
    vectors = [habits(theirs, weights, config) for theirs in crowd.values()]
    own = habits(past, weights, config) if past else {}
    near = sorted(((cosine(own, other), n) for n, other in enumerate(vectors)), reverse=True)
    near = [pair for pair in near if pair[0] > 0]
    n = config.neighbours
    if len(near) > n:
        assume(near[n - 1][0] - near[n][0] > 1e-5)
    near = near[:n]
    theirs = {item: sum(vectors[who].get(item, 0.0) for _, who in near) / max(len(near), 1) for item in ITEMS}
    return [config.own * own.get(item, 0.0) + (1 - config.own) * theirs[item] for item in ITEMS]


@settings(max_examples=200)
@given(rows, pasts, configs)
def test_scores_are_those_of_the_formula(events, past, config):
    dataset = shop(events)
    requests = ask(dataset, past, day=10)
    scores = BasketNeighbours(config).fit(dataset).score(requests, everything(requests, 12))
    expected = plain(events, past, dataset.weights, config)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


def test_the_latest_people_are_kept():
    dataset = shop([(f"p{p}", "i01", p) for p in range(10)])
    assert len(BasketNeighbours(BasketNeighboursConfig(people=3)).fit(dataset).times_) == 3


@given(rows, rows)
def test_who_comes_and_goes_leaves_the_model_of_a_fit(before, after):
    """Everybody's rows exchanged for others over one catalogue of people."""
    everyone = [(person, "i11", 99, "purchase") for person in ("ada", "bob", "cy", "dee")]
    was, now = shop([*before, *everyone]), shop([*after, *everyone])
    changed, fresh = BasketNeighbours().fit(was).exchange(was, now), BasketNeighbours().fit(now)
    np.testing.assert_array_equal(changed.vectors_.items, fresh.vectors_.items)
    np.testing.assert_array_equal(changed.values_, fresh.values_)


def test_habits_before_the_whims_of_others():
    rows = [
        (f"p{p}", item, week) for p in range(8) for week in range(4) for item in ("i01", f"i0{2 + p % 2}")
    ]
    dataset = shop(rows)
    requests = ask(dataset, [("i01", 0), ("i03", 0), ("i01", 1), ("i03", 1)], day=5)
    best = BasketNeighbours().fit(dataset).recommend(requests, 3)
    assert {dataset.items.ids[item] for item in best.items[:2]} == {"i01", "i03"}
    assert dataset.items.ids[best.items[2]] == "i02"
