"""Whom a campaign is sent to, and which campaigns a person gets."""

import pytest

from shopkeeper.core.config import Actions
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import DAY_MS
from shopkeeper.propensity.response import check_open, learn_responses
from shopkeeper.surfaces.campaign import campaigns_for, plan, running
from tests.propensity.offers import item_of, shop, start_of

AS_OF = (start_of(8) + 1) * DAY_MS
TERMS = Actions(message_cost=0.5)


@pytest.fixture(scope="module")
def model():
    return learn_responses(shop(), AS_OF, lambda stage, done, total: None)


def planned(model, silent=(), most=1_000, budget=None, terms=TERMS):
    return plan(shop(), model, shop().campaign("m8"), AS_OF, silent, terms, most=most, budget=budget)


def test_the_likeliest_are_invited_first_and_each_is_told_which_items(model):
    found = planned(model)
    chances = [one.probability for one in found.people]
    assert chances == sorted(chances, reverse=True)
    assert found.audience == len(found.people) == len(shop().customers.people)
    assert found.expected_responses == pytest.approx(sum(chances), abs=0.01)
    assert found.expected_cost == pytest.approx(0.5 * len(chances))
    assert all(one.items == (item_of(8),) for one in found.people)


def test_nobody_who_must_rest_is_invited(model):
    first = planned(model).people[0].customer_id
    found = planned(model, silent={first, "c_stranger"})
    assert first not in {one.customer_id for one in found.people}
    assert (found.resting, len(found.people)) == (1, found.audience - 1)
    nobody = planned(model, silent=set(shop().customers.people))
    assert (nobody.people, nobody.expected_cost, nobody.resting) == ((), 0.0, nobody.audience)


@pytest.mark.parametrize(("budget", "most", "invited"), [(0, 9, 0), (1.4, 9, 2), (1.5, 9, 3), (99, 4, 4)])
def test_a_budget_is_never_overspent(model, budget, most, invited):
    found = planned(model, budget=budget, most=most)
    assert len(found.people) == invited
    assert found.expected_cost <= budget
    whole = planned(model).people[:invited]
    assert found.people == whole


def test_a_plan_waits_until_quiet_hours_are_over(model):
    assert planned(model).send_at == AS_OF
    night = planned(model, most=1, terms=Actions(quiet_from=22, quiet_until=7))
    assert night.send_at == AS_OF + 7 * DAY_MS // 24


def test_messages_that_cost_nothing_need_no_budget(model):
    assert len(planned(model, budget=0, most=5, terms=Actions(message_cost=0)).people) == 5


@pytest.mark.parametrize(("most", "budget"), [(0, None), (1_001, None), (5, -1), (5, float("nan"))])
def test_numbers_that_say_nothing_are_refused(model, most, budget):
    with pytest.raises(InvalidRequest, match="must be"):
        planned(model, most=most, budget=budget)


def test_a_person_gets_what_runs_now_and_is_for_them(model):
    found = campaigns_for(shop(), model, "c_003", AS_OF, 10)
    assert [one.campaign_id for one in found] == ["m8"]
    assert found[0].items == (item_of(8),)
    same = {one.customer_id: one.probability for one in planned(model).people}
    assert found[0].probability == same["c_003"]
    assert campaigns_for(shop(), model, "c_stranger", AS_OF, 10) == []


def test_a_campaign_that_is_over_is_refused():
    with pytest.raises(InvalidRequest, match="was over on"):
        check_open(shop().campaign("m0"), AS_OF)
    assert not running(shop().campaign("m0"), AS_OF)
    assert not running(shop().campaign("m8"), start_of(7) * DAY_MS)
