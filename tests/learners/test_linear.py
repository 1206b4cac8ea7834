"""Three ways to the same weights, against the plain formula."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from shopkeeper.learners.linear import DUAL, LOCAL, PRIMAL, Problem, choose_form, forms, solve, strongest

exact = pytest.mark.parametrize("form", [PRIMAL, DUAL])
ordered = pytest.mark.parametrize("order", [False, True], ids=["EASE", "ordered"])


def problem(order, people=80, items=60, density=0.1, seed=0, ridge=0.5):
    rng = np.random.default_rng(seed)
    past = sparse.csr_array((rng.random((people, items)) < density).astype(np.float32))
    following: Any = sparse.csr_array(
        (rng.random((items, items)) * (rng.random((items, items)) < 0.3)), dtype=np.float32
    )
    following.setdiag(0.0)
    following.eliminate_zeros()
    return Problem(past, following if order else None, ridge, items)


def plain(given):
    """The formula of the module, item by item and in 64 bits: each item from all the others."""
    past = given.past.toarray().astype(float)
    gram = past.T @ past
    right = gram if given.following is None else given.following.toarray().astype(float)
    n, out = len(gram), np.zeros_like(gram)
    strength = given.ridge * (past**2).sum() / n
    for item in range(n):
        others = np.arange(n) != item
        system = gram[np.ix_(others, others)] + strength * np.eye(n - 1)
        out[others, item] = np.linalg.solve(system, right[others, item])
    return out


@exact
@ordered
def test_exact_forms_are_the_formula(form, order):
    given = problem(order)
    np.testing.assert_allclose(solve(given, form, 60).toarray(), plain(given), atol=1e-5)


def test_closed_form_of_steck():
    given = problem(order=False)
    past = given.past.toarray().astype(float)
    inverse = np.linalg.inv(past.T @ past + given.strength * np.eye(60))
    expected = np.eye(60) - inverse / np.diag(inverse)
    np.testing.assert_allclose(solve(given, PRIMAL, 60).toarray(), expected, atol=1e-5)


@ordered
@settings(max_examples=10, deadline=None)
@given(st.integers(1, 25), st.integers(1, 25), st.integers(0, 99), st.floats(0.1, 10.0))
def test_forms_agree_in_any_shape(order, people, items, seed, ridge):
    given = problem(order, people, items, 0.3, seed, ridge)
    one, other = solve(given, PRIMAL, items).toarray(), solve(given, DUAL, items).toarray()
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_rows_are_made_in_blocks():
    given = problem(order=True, people=200, items=600, density=0.01)
    one, other = (solve(given, form, 60) for form in (PRIMAL, DUAL))
    np.testing.assert_allclose(one.toarray(), other.toarray(), atol=1e-4)


def test_the_local_form_is_exact_where_all_others_speak():
    given = problem(order=False, density=0.6)
    np.testing.assert_allclose(solve(given, LOCAL, 59).toarray(), plain(given), atol=1e-5)


def test_the_local_form_solves_for_the_strongest_alone():
    given = problem(order=True, ridge=0.2)
    found = solve(given, LOCAL, 5).toarray()
    past, following = given.past.toarray(), given.following.toarray()
    for item in range(60):
        near = np.sort(np.argsort(-following[:, item], kind="stable")[:5])
        system = past[:, near].T @ past[:, near] + given.strength * np.eye(5)
        expected = np.zeros(60)
        expected[near] = np.linalg.solve(system, following[near, item])
        np.testing.assert_allclose(found[:, item], expected, atol=1e-5)


@pytest.mark.parametrize("form", [PRIMAL, DUAL, LOCAL])
def test_the_largest_of_a_row_are_kept(form):
    given = problem(order=True)
    full = solve(given, form, 40)
    kept = solve(Problem(given.past, given.following, given.ridge, 7), form, 40)
    assert np.diff(kept.indptr).max() == 7
    np.testing.assert_allclose(kept.toarray(), strongest(full, 7).toarray(), atol=1e-6)
    size = np.sort(np.abs(full.toarray()), axis=1)[:, -7:]
    np.testing.assert_allclose(np.sort(np.abs(kept.toarray()), axis=1)[:, -7:], size, atol=1e-6)


@pytest.mark.parametrize("form", [PRIMAL, DUAL, LOCAL])
def test_what_is_given_stays_as_it_was(form):
    given = problem(order=True)
    before = given.past.toarray(), given.following.toarray()
    solve(given, form, 8)
    assert np.array_equal(given.past.toarray(), before[0])
    assert np.array_equal(given.following.toarray(), before[1])


def test_the_form_follows_from_cost_and_memory():
    def chosen(people, items, megabytes=2000.0, seconds=60.0):
        return choose_form(people, items, 10 * people, 32, seconds, megabytes).name

    assert chosen(100_000, 5_000) == PRIMAL
    assert chosen(1_000, 30_000) == DUAL
    assert chosen(100_000, 5_000, megabytes=100) == LOCAL
    assert chosen(100_000, 12_000, seconds=5) == LOCAL
    assert chosen(1_000_000, 1_000_000) == LOCAL


def test_a_million_items_need_bounded_memory():
    local = next(form for form in forms(2_000_000, 1_000_000, 20_000_000, 32) if form.name == LOCAL)
    assert local.megabytes < 8_000
