"""Shops at the edges: hardly open, all at once, one giant customer, a catalogue nobody buys from."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core.config import EventWeights
from shopkeeper.core.types import EventType
from shopkeeper.data.dataset import Dataset, ItemIndex, event_weights
from shopkeeper.evaluation.protocols import last_out_task, time_task
from shopkeeper.training.portfolio import fit_portfolio
from tests.recommenders.worlds import everybody, shop


def made(person, item, time, n_items):
    """A dataset from bare arrays, sorted as it must be."""
    order = np.lexsort((time, person))
    ids = tuple(f"i{code:07}" for code in range(n_items))
    return Dataset(
        ItemIndex(ids, pl.DataFrame({"item_id": ids})),
        tuple(f"p{code:06}" for code in range(int(person.max()) + 1)),
        person[order].astype(np.int32),
        item[order].astype(np.int32),
        np.full(len(order), EventType.purchase, np.int8),
        time[order].astype(np.int64),
        np.ones(len(order), np.float32),
        event_weights(EventWeights()),
    )


def answers(task, k=5):
    model = fit_portfolio(task.train, task.tuning, budget=20, deep=False)
    return model.recommend(task.test.requests.take(np.arange(min(50, len(task.test)))), k).lists.lengths


def test_ten_customers():
    rng = np.random.default_rng(0)
    dataset = shop([(f"p{p}", f"i{rng.integers(12):02}", day) for p in range(10) for day in range(0, 40, 4)])
    assert (answers(time_task(dataset)) == 5).all()
    assert (answers(last_out_task(dataset)) == 5).all()


def test_one_item():
    dataset = shop([(f"p{p}", "only", day) for p in range(20) for day in range(5)], ["only"])
    assert (answers(last_out_task(dataset)) == 1).all()


def test_everything_at_one_second():
    rng = np.random.default_rng(1)
    dataset = made(np.repeat(np.arange(60), 8), rng.integers(0, 30, 480), np.zeros(480), 30)
    assert (answers(last_out_task(dataset)) == 5).all()


@pytest.mark.parametrize("task", [time_task, last_out_task], ids=["time", "last-out"])
def test_a_customer_with_200_000_events(task):
    rng = np.random.default_rng(2)
    giant, others = 200_000, 3_000
    person = np.append(np.zeros(giant), rng.integers(1, 300, others))
    item = rng.integers(0, 500, giant + others)
    dataset = made(person, item, rng.integers(0, 10**10, giant + others), 500)
    assert (answers(task(dataset)) == 5).all()


@pytest.mark.slow
def test_a_million_items():
    rng = np.random.default_rng(3)
    n, n_items = 20_000, 1_000_000
    item = np.minimum(rng.zipf(1.2, n), n_items) - 1
    dataset = made(rng.integers(0, 2_000, n), item, rng.integers(0, 10**10, n), n_items)
    assert (answers(last_out_task(dataset)) == 5).all()


def test_nobody_known():
    """A log of anonymous rows has popularity and nothing else."""
    dataset = shop([(None, f"i{n % 6:02}", n % 40) for n in range(300)] + [("p", "i01", 3)])
    model = fit_portfolio(dataset, None)
    assert (model.recommend(everybody(dataset), 5).lists.lengths == 5).all()
