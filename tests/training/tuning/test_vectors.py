"""Tuning of the ridge, of vectors and of neighbours: repeatable, kept when fitted, blind to the test."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.data.split import last_out_split, time_split
from shopkeeper.evaluation.protocols import last_out_task
from shopkeeper.recommenders.select import contains
from shopkeeper.training.tuning import linear, trials
from shopkeeper.training.tuning.factors import tune_factorization_machine, tune_factors
from shopkeeper.training.tuning.linear import tune_linear
from shopkeeper.training.tuning.neighbours import (
    tune_basket_neighbours,
    tune_customer_neighbours,
    tune_item_neighbours,
    tune_session_neighbours,
)
from tests.training.shops import chains, habits

TUNERS = (
    tune_linear,
    tune_factors,
    tune_factorization_machine,
    tune_item_neighbours,
    tune_customer_neighbours,
    tune_session_neighbours,
)
each = pytest.mark.parametrize("tune", [*TUNERS, tune_basket_neighbours])


@each
def test_the_winner_is_fitted_as_its_settings_say(tune):
    split = last_out_split(chains(60), hold=2, ask=2)
    trial = tune(split, split.test, 3)
    assert trial == tune(split, split.test, 3)
    again = type(trial.model)(trial.config).fit(split.train)
    assert trials.value_of(trial.model, split.test) == trial.value
    assert trials.value_of(again, split.test) == trial.value


@pytest.mark.parametrize("tune", TUNERS)
def test_repeats_are_left_out_where_nobody_repeats(tune):
    once, often = last_out_split(chains(60), hold=2, ask=2), time_split(habits(30), 7)
    assert tune(once, once.test).config.seen == 0
    assert tune(often, often.test).config.seen == 1


def test_where_people_come_back_the_ridge_is_chosen_for_news(monkeypatch):
    asked, once, often = [], last_out_split(chains(60), hold=2, ask=2), time_split(habits(30), 7)

    def told(model, cases):
        asked.append(cases)
        return trials.value_of(model, cases)

    monkeypatch.setattr(linear, "value_of", told)
    tune_linear(often, often.test)
    *tried, last = asked
    for cases in tried:
        known = cases.requests.histories.known
        assert len(cases)
        assert not contains(known, cases.truth).any()
        np.testing.assert_array_equal(cases.requests.exclude.items, known.items)
    assert len(last.truth.items) == len(often.test.truth.items)
    asked.clear()
    tune_linear(once, once.test)
    assert all(cases.requests.exclude is None for cases in asked)


@each
def test_tuning_never_sees_the_last_event_of_anybody(tune):
    dataset = chains(60)
    items = dataset.item.copy()
    last = dataset.offsets[1:] - 1
    items[last] = np.random.default_rng(5).permutation(items[last])
    tasks = [last_out_task(dataset), last_out_task(replace(dataset, item=items))]
    splits = [task.tuning for task in tasks if task.tuning is not None]
    one, other = (tune(split, split.test) for split in splits)
    assert one == other
