"""Actions against their formula, and what they do not do."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.config import Actions
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.features.customer import STAGES
from shopkeeper.surfaces.next_action import (
    ACTIONS,
    LEAVE_ALONE,
    NextAction,
    affordable,
    choose,
    of_kinds,
)

TERMS = Actions()
people = st.lists(
    st.tuples(
        st.sampled_from(STAGES[1:]), st.integers(1, 30), st.floats(0, 5), st.floats(0, 1), st.floats(0, 500)
    ),
    min_size=1,
    max_size=20,
)


def asked(rows):
    names = ("stage", "frequency", "overdue")
    frame = pl.DataFrame([row[:3] for row in rows], schema=names, orient="row")
    return frame, np.array([row[3] for row in rows]), np.array([row[4] for row in rows])


def plain(row):
    """Profit of each action that may be chosen, one after another."""
    stage, frequency, overdue, p, spend = row
    found = {LEAVE_ALONE: 0.0}
    allowed = {
        "recommend": (True, TERMS.recommend_effect, 0),
        "remind": (frequency >= 3 and overdue >= 0.5 and stage != "lapsed", TERMS.remind_effect, 0),
        "offer": (True, TERMS.offer_effect, TERMS.offer_discount),
        "win back": (stage in ("at risk", "lapsed"), TERMS.win_back_effect, TERMS.win_back_discount),
    }
    for name, (may, effect, discount) in allowed.items():
        if may:
            brought = (1 - p) * effect * spend * (TERMS.margin - discount)
            found[name] = brought - p * spend * discount - TERMS.message_cost
    return found


@given(people)
def test_the_most_profitable_action_is_chosen(rows):
    frame, buys, spend = asked(rows)
    found = choose(frame, buys, spend, TERMS)
    for row, action, profit in zip(rows, found.actions, found.profit, strict=True):
        told = plain(row)
        assert action in ACTIONS
        assert profit == pytest.approx(max(told.values()), abs=1e-9)
        assert told[action] == pytest.approx(profit, abs=1e-9)
    assert (found.profit >= 0).all()
    assert (found.cost[[action == LEAVE_ALONE for action in found.actions]] == 0).all()


def test_regulars_are_left_alone_and_the_lapsed_are_won_back():
    rows = [("active", 30, 0.2, 0.97, 40.0), ("lapsed", 10, 4.0, 0.03, 200.0), ("active", 9, 0.9, 0.6, 60.0)]
    frame, buys, spend = asked(rows)
    assert choose(frame, buys, spend, TERMS).actions == (LEAVE_ALONE, "win back", "remind")


def action(customer, kind, profit, cost):
    return NextAction(customer, kind, profit, cost, 0.5, "active", ())


def test_a_budget_buys_what_is_worth_most_for_its_cost():
    asked_for = [
        action("c_a", "offer", 3.0, 2.0),
        action("c_b", "remind", 1.0, 0.1),
        action("c_c", "offer", 2.0, 1.0),
        action("c_d", LEAVE_ALONE, 0.0, 0.0),
    ]
    kept = {one.customer_id: one for one in affordable(asked_for, 1.5)}
    assert {name: one.action for name, one in kept.items()} == {
        "c_a": LEAVE_ALONE,
        "c_b": "remind",
        "c_c": "offer",
        "c_d": LEAVE_ALONE,
    }
    assert kept["c_a"].expected_cost == 0
    assert [one.action for one in affordable(asked_for, 0)] == [LEAVE_ALONE] * 4
    assert [one.customer_id for one in affordable(asked_for, None)] == ["c_a", "c_c", "c_b", "c_d"]


@pytest.mark.parametrize("budget", [-1.0, float("nan")])
def test_a_budget_that_is_none_is_refused(budget):
    with pytest.raises(InvalidRequest, match="budget"):
        affordable([], budget)


def test_kinds_are_picked_by_name():
    both = [action("c_a", "offer", 3.0, 2.0), action("c_b", "win back", 1.0, 0.1)]
    assert [one.customer_id for one in of_kinds(both, "win back, remind")] == ["c_b"]
    assert of_kinds(both, None) == both
    with pytest.raises(InvalidRequest, match="no action 'shout'"):
        of_kinds(both, "offer,shout")
