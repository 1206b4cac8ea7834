"""Interests against the formula, added up in plain Python."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS
from shopkeeper.features.interest_tags import HALF_LIFE_DAYS, apart, interest_tags
from tests.recommenders.worlds import shop
from tests.training.shops import N_ITEMS, habits

SHOP = habits(people=20)
TAGS = [tuple(f"t{n}" for n in {item % 7, item % 11, 20}) for item in range(N_ITEMS)]


def slow(dataset, person, as_of):
    """Tag to score and confidence."""
    mass: dict[str, float] = {}
    crowd: dict[str, float] = {}
    done = everything = 0.0
    for who, item, kind, time in zip(dataset.person, dataset.item, dataset.kind, dataset.time, strict=True):
        if time > as_of:
            continue
        weight = dataset.weights[kind] * 0.5 ** ((as_of - time) / DAY_MS / HALF_LIFE_DAYS)
        everything += weight
        done += weight * (who == person)
        for tag in TAGS[item]:
            crowd[tag] = crowd.get(tag, 0.0) + weight
            mass[tag] = mass.get(tag, 0.0) + weight * (who == person)
    return {
        tag: ((m / done) * math.log1p((m / done) / (crowd[tag] / everything)), m / (1 + m))
        for tag, m in mass.items()
        if m > 0
    }


@pytest.mark.parametrize("until", [SHOP.end, SHOP.start + 30 * DAY_MS])
def test_scores_are_those_of_the_formula(until):
    people = np.array([3, 0, 17])
    answers = interest_tags(SHOP, people, TAGS, until, 100)
    for person, answer in zip(people, answers, strict=True):
        expected = slow(SHOP, person, until)
        scores = [expected[interest.tag][0] for interest in answer]
        assert {interest.tag for interest in answer} == set(expected)
        assert scores == sorted(scores, reverse=True) or np.allclose(
            scores, sorted(scores, reverse=True), rtol=1e-4
        )
        for interest in answer:
            assert interest.confidence == pytest.approx(expected[interest.tag][1], rel=1e-4)


def test_fresh_and_unlike_others_comes_first():
    rows = [("a", "tea", 1), ("a", "tent", 400), ("b", "milk", 400), ("c", "milk", 400), ("a", "milk", 400)]
    world = shop(rows, ["milk", "tea", "tent"])
    (found,) = interest_tags(world, np.array([0]), [("milk",), ("tea",), ("tent",)], world.end, 2)
    assert [interest.tag for interest in found] == ["tent", "milk"]
    assert found[0].confidence == pytest.approx(0.5, abs=1e-4)


def test_no_tags_and_no_people():
    assert interest_tags(SHOP, np.array([1, 2]), [()] * N_ITEMS, SHOP.end, 8) == [(), ()]
    assert interest_tags(SHOP, np.empty(0, np.int64), TAGS, SHOP.end, 8) == []


def test_apart():
    assert apart(["green tea", "Tea", "steak", "tea"], 8) == ["green tea", "steak"]
    assert apart(["tea", "green tea", "绿茶", "有机绿茶", "steak"], 2) == ["tea", "绿茶"]


@given(st.lists(st.text(alphabet="ab ", min_size=1), max_size=12), st.integers(1, 5))
def test_apart_keeps_order_and_length(tags, most):
    kept = apart(tags, most)
    assert len(kept) <= most
    assert kept == [tag for tag in dict.fromkeys(tags) if tag in kept]
