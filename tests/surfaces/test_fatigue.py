"""Fatigue against its formula, showing by showing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.data.looks import HALF_HOUR
from shopkeeper.surfaces.fatigue import Fatigue, Tired
from shopkeeper.surfaces.slate import eligible
from tests.surfaces import stock as made

DATA = made.dataset()
MODEL = made.model(DATA)
NOW = made.NOW
showings = st.sets(st.tuples(st.integers(0, 119), st.integers(-3, 40 * 48)), max_size=40)


def fatigue(shown, strength=0.2, days=7.0) -> Fatigue:
    """Showings of items so many half hours ago."""
    keys = [item << 32 | (NOW // HALF_HOUR - ago) for item, ago in shown]
    return Fatigue(np.array(sorted(keys), np.int64), strength, days)


@given(showings, st.sampled_from([0.0, 0.2, 3.0]), st.sampled_from([1.0, 7.0]))
def test_an_item_sinks_by_the_formula(shown, strength, days):
    histories = made.visit(DATA, MODEL, 3).histories
    last = dict(zip(histories.summary_items.tolist(), histories.summary_last.tolist(), strict=True))
    tired = fatigue(shown, strength, days).tired(histories, NOW) or Tired(
        np.empty(0, np.int32), np.empty(0, np.float32)
    )
    for item in range(120):
        total = 0.0
        for other, ago in shown:
            half_hour = NOW // HALF_HOUR - ago
            if other == item and ago > 0 and half_hour > last.get(item, 0) // HALF_HOUR:
                total += 2 ** (-max(NOW - (half_hour + 1) * HALF_HOUR, 0) / (days * DAY_MS))
        assert tired.of(np.array([item], np.int32))[0] == pytest.approx(1 / (1 + strength * total), rel=1e-5)


def test_lists_are_ranked_by_score_times_factor_and_stay_full():
    visit = made.visit(DATA, MODEL, 3)
    before = visit.ask(visit.default(), 60, allowed=eligible(visit.stock))
    shown = {(item, ago) for item in before.items[:5] for ago in range(1, 200, 10)}
    tired = replace(visit, fatigue=fatigue(shown))
    after = tired.ask(tired.default(), 10, allowed=eligible(visit.stock))
    assert tired.tired is not None
    factors = dict.fromkeys(before.items, 1.0) | dict(
        zip(tired.tired.items.tolist(), tired.tired.factors.tolist(), strict=True)
    )
    score = dict(zip(before.items, before.scores, strict=True))
    expected = sorted(before.items, key=lambda item: (-np.float32(score[item] * factors[item]), item))[:10]
    assert after.items == expected
    assert not set(before.items[:5]) & set(after.items[:3])


def test_what_goes_with_something_sinks_too():
    visit = made.visit(DATA, MODEL, 3)
    before = visit.going_with([4], 8, allowed=eligible(visit.stock))
    tired = replace(visit, fatigue=fatigue({(before.items[0], ago) for ago in range(1, 500)}))
    assert tired.going_with([4], 8, allowed=eligible(visit.stock)).items[0] == before.items[1]


def test_for_a_list_that_somebody_asks_for_nothing_sinks_or_rests():
    visit = replace(made.visit(DATA, MODEL, 3), fatigue=fatigue({(1, 5)}), bought_days=30)
    assert visit.tired is not None
    assert visit.plain.tired is None
    assert len(visit.plain.rested) == 0


def test_what_was_bought_lately_rests_unless_people_buy_it_again():
    visit = made.visit(DATA, MODEL, 3)
    own = visit.histories
    deeds = list(zip(own.items.tolist(), own.kinds.tolist(), own.times.tolist(), strict=True))
    repeatable = np.zeros(len(MODEL.items), bool)
    repeatable[own.items[-1]] = True
    model = replace(MODEL)
    model.__dict__["repeatable"] = repeatable
    for days in (0, 5, 20, 100):
        since = NOW - days * DAY_MS if days else NOW
        bought = {item for item, kind, time in deeds if kind == EventType.purchase and time >= since}
        lately = {item for item in bought if not repeatable[item]}
        rested = replace(visit, model=model, bought_days=days)
        assert set(rested.rested.tolist()) == lately
        assert not rested.open[list(lately)].any()
        assert (rested.open == visit.open).sum() == len(visit.open) - visit.open[list(lately)].sum()
        answer = rested.ask(rested.default(), 120, allowed=eligible(visit.stock))
        assert not lately & set(answer.items)
