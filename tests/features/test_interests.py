"""Interests against the rule, followed in plain Python."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS, Ragged
from shopkeeper.encoders.base import unit
from shopkeeper.features.interests import InterestsConfig, interests, usual_likeness
from tests.recommenders.worlds import START, history, shop

SHOP = shop([("a", "i00", 0)])
VECTORS = unit(np.random.default_rng(4).normal(size=(12, 6)).astype(np.float32))
CONFIG = InterestsConfig(half_life_days=10.0, most=3, events=12, alike=0.3)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(SHOP.items.ids),
        st.integers(0, 99),
        st.sampled_from(["purchase", "view_item", "add_to_cart", "view_cart"]),
    ),
    max_size=20,
)


def asked(people, day=100.0, vectors=VECTORS, config=CONFIG):
    as_of = np.full(len(people), START + int(day * DAY_MS), np.int64)
    return interests(history(SHOP, *people), as_of, vectors, SHOP.weights, config)


def slow(histories, row, as_of, vectors, config):
    """Pairs of weight and direction, the weightiest first."""
    masses: dict[int, float] = {}
    for place in range(histories.offsets[row], histories.offsets[row + 1])[-config.events :]:
        age = max(0, as_of - int(histories.times[place])) / DAY_MS
        mass = float(SHOP.weights[histories.kinds[place]]) * 0.5 ** (age / config.half_life_days)
        item = int(histories.items[place])
        if mass > 0 and vectors[item].any():
            masses[item] = masses.get(item, 0.0) + mass
    groups: list[list[int]] = []
    for item in sorted(masses, key=lambda item: (-np.float32(masses[item]), item)):
        cosines = [cosine(vectors[item], direction(group, masses, vectors)) for group in groups]
        best = int(np.argmax(cosines)) if cosines else -1
        if cosines and (cosines[best] >= config.alike or len(groups) == config.most):
            groups[best].append(item)
        else:
            groups.append([item])
    found = [(sum(masses[item] for item in group), direction(group, masses, vectors)) for group in groups]
    return sorted(found, key=lambda pair: -pair[0])


def direction(group, masses, vectors):
    total = sum(masses[item] * vectors[item].astype(float) for item in group)
    return total / max(math.sqrt(float(total @ total)), 1e-12)


def cosine(one, other):
    return float(one.astype(float) @ other)


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=4))
def test_the_same_as_followed_step_by_step(people):
    histories = history(SHOP, *[sorted(events, key=lambda event: event[1]) for events in people])
    as_of = START + 100 * DAY_MS
    found = interests(histories, np.full(len(people), as_of), VECTORS, SHOP.weights, CONFIG)
    for row in range(len(people)):
        expected = slow(histories, row, as_of, VECTORS, CONFIG)
        assert (found.weights[row] > 0).sum() == len(expected)
        assert found.weights[row][: len(expected)] == pytest.approx([w for w, _ in expected], rel=1e-4)
        for place, (weight, toward) in enumerate(expected):
            if sum(abs(weight - other) < 1e-4 * weight for other, _ in expected) == 1:
                assert found.vectors[row, place] @ toward == pytest.approx(1.0, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=4))
def test_one_by_one_as_in_a_batch_and_the_later_the_lighter(people):
    together = asked(people)
    later = asked(people, day=110.0)
    for row, events in enumerate(people):
        alone = asked([events])
        assert np.allclose(alone.vectors[0], together.vectors[row], atol=1e-5)
        assert np.allclose(alone.weights[0], together.weights[row], rtol=1e-5)
    # One half-life later everything weighs half and points where it did.
    assert np.allclose(later.weights, together.weights / 2, rtol=1e-4)
    assert np.allclose(later.vectors, together.vectors, atol=1e-4)


@given(EVENTS)
def test_directions_have_length_one_and_weights_fall(events):
    found = asked([events])
    lengths = np.linalg.norm(found.vectors[0], axis=1)
    assert np.allclose(lengths, (found.weights[0] > 0).astype(float), atol=1e-5)
    assert (np.diff(found.weights[0]) <= 0).all()
    judged = found.likeness(VECTORS, Ragged.of([list(range(12))]))
    assert (judged >= 0).all()
    assert (judged <= 1).all()


def test_tastes_that_differ_stay_apart_and_what_is_fresh_and_bought_leads():
    vectors = np.zeros((12, 6), np.float32)
    vectors[[0, 1], 0] = vectors[[2, 3], 1] = 1.0
    tea_then_tents = [("i00", 10), ("i01", 11), ("i02", 99), ("i03", 99, "view_item")]
    found = asked([tea_then_tents], vectors=vectors)
    assert found.vectors[0, :, :2].tolist() == [[0, 1], [1, 0], [0, 0]]
    judged = found.likeness(vectors, Ragged.of([[0, 2, 5]]))
    assert judged[1] > judged[0] > judged[2] == 0
    old = asked([tea_then_tents], vectors=vectors, config=replace(CONFIG, half_life_days=1e6))
    assert old.vectors[0, 0].tolist() == vectors[0].tolist()


def test_what_has_no_vector_and_who_did_nothing_have_no_interests():
    silent = VECTORS.copy()
    silent[0] = 0
    found = asked([[("i00", 1)], []], vectors=silent)
    assert not found.weights.any()
    assert not found.vectors.any()
    assert not found.likeness(VECTORS, Ragged.of([[0, 1], [2]])).any()


def test_what_is_usual_is_learned_from_the_catalogue():
    rng = np.random.default_rng(0)
    near = unit(rng.normal(size=(300, 16)).astype(np.float32) + 2.0)
    far = unit(rng.normal(size=(300, 16)).astype(np.float32))
    pairs = (near @ near.T)[np.triu_indices(300, 1)]
    assert usual_likeness(near) == pytest.approx(float(np.quantile(pairs, 0.995)), abs=0.01)
    assert usual_likeness(near) > usual_likeness(far)
    assert usual_likeness(near[:1]) == usual_likeness(np.full((5, 4), 0.5, np.float32)) == 1.0
