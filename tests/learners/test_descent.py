"""Descent: lower losses, best state kept, stopped by time and by what is no number."""

import math
import sys

import numpy as np
import pytest
import torch

from shopkeeper.core.errors import MissingDependency
from shopkeeper.learners.descent import Descent, arrays, descend, repeatable, torch_or_fail


def bowl(size=3):
    return {"x": torch.ones(size).requires_grad_()}


def steps(parameters, n):
    """Losses of a bowl with its bottom at 0."""
    for _ in range(n):
        yield (parameters["x"] ** 2).sum()


def test_the_bottom_is_found():
    parameters = bowl()
    passes = descend(parameters, lambda epoch: steps(parameters, 200), Descent(5, 60.0, 0.05))
    assert passes == 5
    np.testing.assert_allclose(arrays(parameters)["x"], 0.0, atol=1e-2)


def test_the_best_pass_stays():
    parameters, seen, values = bowl(), [], iter([1.0, 3.0, 2.0, 1.0, 9.0])

    def watch():
        seen.append(arrays(parameters)["x"])
        return next(values)

    passes = descend(parameters, lambda epoch: steps(parameters, 3), Descent(9, 60.0, 0.1, patience=2), watch)
    assert passes == 2
    assert len(seen) == 4
    np.testing.assert_array_equal(arrays(parameters)["x"], seen[1])


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_loss_that_is_no_number_brings_back_the_last_whole_state(broken):
    parameters, kept = bowl(), []

    def losses(epoch):
        yield from steps(parameters, 4)
        if epoch == 2:
            yield (parameters["x"] * broken).sum()
        kept.append(arrays(parameters)["x"])

    assert descend(parameters, losses, Descent(9, 60.0, 0.1)) == 2
    np.testing.assert_array_equal(arrays(parameters)["x"], kept[1])


def test_broken_from_the_start_is_nothing_learned():
    parameters = bowl()
    assert (
        descend(parameters, lambda epoch: iter([parameters["x"].sum() * math.nan]), Descent(9, 60.0, 1.0))
        == 0
    )
    np.testing.assert_array_equal(arrays(parameters)["x"], 1.0)


def test_no_losses_is_nothing_learned():
    assert descend(bowl(), lambda epoch: iter(()), Descent(9, 60.0, 1.0)) == 0


def test_time_ends_it_and_what_was_learned_stays():
    parameters = bowl()
    assert descend(parameters, lambda epoch: steps(parameters, 10**9), Descent(10**9, 0.0, 0.1)) == 1
    np.testing.assert_allclose(arrays(parameters)["x"], 0.9, rtol=1e-5)


def test_the_same_draws_and_torch_as_it_was():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    draws = []
    for _ in range(2):
        with repeatable(7):
            assert torch.get_num_threads() == 1
            draws.append(torch.randn(5))
    assert torch.equal(*draws)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_without_torch_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependency, match=r"shopkeeper\[deep\]"):
        torch_or_fail()
