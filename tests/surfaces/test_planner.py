"""Whom to invite: as many as pay, within the budget, with a group held out by lot."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.surfaces.planner import Worth, invitation

WORTH = Worth(sale=10.0, margin=0.3, discount=0.1, message=0.2)
AUDIENCE = pl.DataFrame(
    {
        "customer_id": [f"c_{number:03}" for number in range(400)],
        "probability": [number / 400 for number in range(400)],
        "items": [["i1"]] * 400,
    }
)


def planned(**asked):
    return invitation(AUDIENCE, asked.pop("silent", ()), WORTH, "spring", **asked)


def test_as_many_are_invited_as_bring_more_than_their_message():
    found = planned()
    # One response brings 2.00, one message costs .20: it pays from a chance of .1 on.
    assert found.best == len(found.people) == sum(number / 400 * 2 > 0.2 for number in range(400))
    assert found.people["probability"].is_sorted(descending=True)
    chances = sorted(AUDIENCE["probability"], reverse=True)
    for n in (0, 1, 50, 400):
        assert found.cost[n] == pytest.approx(0.2 * n)
        assert found.profit[n] == pytest.approx(2 * sum(chances[:n]) - 0.2 * n)
    assert found.profit.max() == found.profit[found.best]


def test_the_budget_is_kept():
    assert len(planned(budget=5.0).people) == 25
    assert len(planned(budget=0.0).people) == 0
    assert len(planned(budget=1e9).people) == planned().best
    for budget in (-1.0, float("nan")):
        with pytest.raises(InvalidRequest, match="budget"):
            planned(budget=budget)


def test_whoever_must_not_be_written_to_is_counted_and_left_out():
    found = planned(silent={"c_399", "c_nobody"})
    assert (found.audience, found.resting) == (400, 1)
    assert "c_399" not in found.people["customer_id"]


def test_those_held_out_are_drawn_by_lot_and_stay_the_same():
    found, again = planned(holdout=0.25), planned(holdout=0.25)
    assert (found.held == again.held).all()
    assert found.held.sum() == pytest.approx(0.25 * len(found.people), rel=0.3)
    assert len(found.invited) + found.held.sum() == len(found.people)
    chances = found.people["probability"].to_numpy()
    assert abs(chances[found.held].mean() - chances[~found.held].mean()) < 0.08
    other = invitation(AUDIENCE, (), WORTH, "summer", holdout=0.25)
    assert (found.held != other.held).any()
    assert not planned().held.any()
    assert planned(holdout=1.0).held.all()
    with pytest.raises(InvalidRequest, match="holdout"):
        planned(holdout=1.5)


def test_nobody_is_worth_it():
    found = invitation(AUDIENCE, (), Worth(10.0, 0.3, 0.4, 0.2), "spring")
    assert (found.best, len(found.people)) == (0, 0)
    assert np.all(found.profit[1:] < 0)
