"""The watch list: within threshold and budget, and never somebody who must not be written to."""

import polars as pl
import pytest

from shopkeeper.core.config import Actions
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.surfaces.next_action import LEAVE_ALONE
from shopkeeper.surfaces.watch import watch

TERMS = Actions(win_back_effect=0.3)
PEOPLE = pl.DataFrame(
    {
        "customer_id": ["c_a", "c_b", "c_c", "c_d"],
        "stage": ["lapsed", "at risk", "active", "active"],
        "frequency": [9.0, 9.0, 9.0, 2.0],
        "overdue": [3.0, 1.5, 0.2, 0.2],
        "silent": [0.9, 0.6, 0.55, 0.1],
        "stake": [100.0, 200.0, 10.0, 500.0],
        "reasons_en": [["away"], ["late"], [], []],
        "reasons_zh": [["久未来"], ["晚了"], [], []],
    }
)


def listed(**asked):
    return watch(PEOPLE, (), TERMS, **{"threshold": 0.5, **asked})


def test_those_at_risk_stand_by_what_would_be_lost():
    found = listed()
    assert [one.told.customer_id for one in found.people] == ["c_b", "c_a", "c_c"]
    assert found.loss == pytest.approx(0.6 * 200 + 0.9 * 100 + 0.55 * 10)
    assert [one.told.reasons for one in found.people] == [("late",), ("away",), ()]
    assert listed(language="zh").people[0].told.reasons == ("晚了",)


def test_figures_add_up_over_what_is_done():
    found = listed()
    acted = [one.told for one in found.people if one.told.action != LEAVE_ALONE]
    assert found.acted == len(acted) == len(found.actions) > 0
    assert found.cost == pytest.approx(sum(one.expected_cost for one in acted))
    assert found.profit == pytest.approx(sum(one.expected_profit for one in acted))
    # By hand: winning c_a back brings .9 x .12 x 100 of sales; its margin is what is saved.
    alone = watch(PEOPLE.filter(pl.col("customer_id") == "c_a"), (), TERMS, threshold=0.5)
    assert alone.people[0].told.action == "win back"
    assert alone.saved == pytest.approx(0.9 * TERMS.win_back_effect * 100 * TERMS.margin)


def test_the_budget_is_kept_and_nothing_is_done_for_nothing():
    whole = listed()
    for budget in (0.0, whole.cost / 2, whole.cost):
        found = listed(budget=budget)
        assert found.cost <= budget + 1e-9
        assert found.profit <= whole.profit + 1e-9
        assert len(found.people) == len(whole.people)
    assert listed(budget=0.0).acted == 0
    with pytest.raises(InvalidRequest, match="budget"):
        listed(budget=float("nan"))


def test_whoever_rests_is_left_alone_and_said_to():
    found = watch(PEOPLE, {"c_a"}, TERMS, threshold=0.5)
    rests = {one.told.customer_id: one.rests for one in found.people}
    assert rests == {"c_a": True, "c_b": False, "c_c": False}
    assert "c_a" not in {one.customer_id for one in found.actions}


def test_other_kinds_are_left_out():
    assert {one.action for one in listed(only="remind").actions} <= {"remind"}
    with pytest.raises(InvalidRequest, match="no action"):
        listed(only="shout")


def test_nobody_is_at_risk():
    found = watch(PEOPLE.head(0), (), TERMS, threshold=0.5)
    assert (found.people, found.acted, found.loss) == ((), 0, 0.0)
