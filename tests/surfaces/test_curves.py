"""Curves: figures as their formulas have them, and effects that are told when they can be."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.surfaces.curves import FEWEST, STEPS, figures, judged_messages


def test_figures_of_chances_that_are_exact():
    rng = np.random.default_rng(5)
    chances = rng.random(20_000)
    came = rng.random(20_000) < chances
    found = figures(chances, came)
    assert found["people"] == 20_000
    assert found["true"] == came.sum()
    assert found["error"] < 0.02
    assert found["auc"] == pytest.approx(5 / 6, abs=0.01)
    for told, true in zip(found["told"], found["came"], strict=True):
        assert told == pytest.approx(true, abs=0.04)
    highest = came[np.argsort(-chances)][: len(came) // STEPS].sum()
    assert found["gain"][0] == pytest.approx(highest / came.sum())
    assert found["lift"][0] == pytest.approx(STEPS * highest / came.sum())
    assert found["gain"][-1] == 1.0


def test_nothing_known_is_told_as_nothing():
    found = figures(np.array([0.1, 0.2]), np.array([False, False]))
    assert found["auc"] is None
    assert found["gain"] == [None] * STEPS
    assert found["came"][0] is None


def trial(people: int, effect: float) -> pl.DataFrame:
    rng = np.random.default_rng(2)
    score = rng.random(people)
    treated = rng.random(people) < 0.7
    bought = rng.random(people) < 0.2 + effect * score * treated
    return pl.DataFrame({"score": score, "treated": treated, "bought": bought})


def test_an_effect_is_told_with_its_interval():
    found = judged_messages(trial(8_000, 0.4))
    assert found is not None
    assert found["effect"] == pytest.approx(0.2, abs=0.04)
    assert 0 < found["qini_low"] < found["qini"] < found["qini_high"]
    assert found["curve"][-1] == pytest.approx(found["effect"])
    assert found["share"][0] == 0
    nothing = judged_messages(trial(8_000, 0.0))
    assert nothing is not None
    assert nothing["qini_low"] < 0 < nothing["qini_high"]


def test_too_few_say_nothing():
    assert judged_messages(trial(FEWEST, 0.4)) is None
    assert judged_messages(trial(8_000, 0.4).filter("treated")) is None
