"""The plan against every plan there is, and what cannot be a price."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.propensity.plan import Terms, plan

shares = st.floats(0, 1, width=32)
people = st.lists(st.tuples(st.floats(-0.5, 0.5, width=32), shares), min_size=1, max_size=7)


@given(people, st.floats(0.125, 20, width=32), shares, shares, st.floats(0.03125, 4, width=32))
def test_at_most_one_profit_short_of_the_best_plan(found, worth, cost, discount, budget):
    effect, treated = np.array(found).T
    terms = Terms(worth, cost, discount, budget)
    profit, spending = terms.profit(effect, treated), terms.spending(treated)
    rows = range(len(found))
    every = chain.from_iterable(combinations(rows, size) for size in range(len(found) + 1))
    best = max(
        sum(profit[row] for row in some) for some in every if sum(spending[row] for row in some) <= budget
    )
    chosen = plan(effect, treated, terms)
    assert chosen.spending <= budget * (1 + 1e-9)
    assert chosen.profit == pytest.approx(profit[chosen.rows].sum())
    assert best - max(0.0, *profit, 0.0) - 1e-9 <= chosen.profit <= best + 1e-9


def test_without_a_budget_all_who_bring_a_profit():
    chosen = plan(np.array([0.1, -0.1, 0.3, 0.0]), np.full(4, 0.5), Terms(10.0, cost=0.5))
    assert chosen.rows.tolist() == [2, 0]
    assert chosen.profit == pytest.approx(3.0)


@pytest.mark.parametrize(
    "wrong",
    [{"budget": 0.0}, {"budget": float("nan")}, {"worth": -1.0}, {"cost": -0.1}, {"discount": np.inf}],
)
def test_what_is_no_amount_is_refused(wrong):
    with pytest.raises(InvalidRequest, match=f"{next(iter(wrong))} = "):
        Terms(**wrong)
