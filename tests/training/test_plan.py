"""What is trained: everything basic always, further families while time and memory last, and why not."""

from dataclasses import replace
from itertools import pairwise

import pytest

from shopkeeper.recommenders.popular import Popular, PopularConfig
from shopkeeper.training import plan as module
from shopkeeper.training.families import BASIC, Cost, Family, Shape, blending
from shopkeeper.training.plan import chosen, plan

SHAPE = Shape(events=10_000, people=500, items=300, catalogue=400, days=90, cases=400, repeats=0.3)


def family(seconds, megabytes=10.0, **changes):
    return replace(Family(Popular, PopularConfig, lambda shape: Cost(seconds, megabytes)), **changes)


@pytest.fixture(autouse=True)
def further(monkeypatch):
    monkeypatch.setattr(module, "machine_slowness", lambda: 2.0)
    monkeypatch.setattr(module, "free_mb", lambda: 1_000.0)
    families = {
        "quick": family(10),
        "slow": family(300),
        "huge": family(1, 900.0),
        "absent": family(1, needs="no_such_module"),
        "unfit": family(1, unsuited=lambda shape: "nobody rates anything"),
        "last": family(1),
    }
    monkeypatch.setattr(module, "FURTHER", families)


def basic_seconds():
    return 2.0 * (blending(SHAPE).seconds + sum(family.cost(SHAPE).seconds for family in BASIC.values()))


def test_what_fits_is_trained_and_what_does_not_says_why():
    found = {choice.name: choice for choice in plan(SHAPE, basic_seconds() + 30)}
    assert [name for name in found if found[name].chosen] == [*BASIC, "quick", "last"]
    assert "600 s" in found["slow"].reason
    assert "900 MB" in found["huge"].reason
    assert "shopkeeper[deep]" in found["absent"].reason
    assert found["unfit"].reason == "nobody rates anything"
    assert found["quick"].seconds == 20.0


def test_the_basic_ones_are_trained_however_little_time_there_is():
    assert set(chosen(plan(SHAPE, 0.001))) == set(BASIC)


def test_more_time_never_trains_less():
    found = [set(chosen(plan(SHAPE, seconds))) for seconds in (1, 30, 100, 1_000, 10_000)]
    assert all(less <= more for less, more in pairwise(found))


def test_repeats_are_not_learned_where_there_are_none():
    assert "repeat" not in chosen(plan(replace(SHAPE, repeats=0.0), 100))
    assert "repeat" in chosen(plan(SHAPE, 100))


def test_this_machine_has_a_speed_and_memory(monkeypatch):
    monkeypatch.undo()
    assert 0.25 <= module.machine_slowness() < 100
    assert module.free_mb() > 10
