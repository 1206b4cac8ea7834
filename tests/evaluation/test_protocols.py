"""What models are handed: tuning never sees the test, and each protocol asks what it says."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import DAY_MS
from shopkeeper.evaluation import protocols
from shopkeeper.evaluation.protocols import last_out_task, sessions_task, time_task
from tests.evaluation.tiny import dataset_of

events = st.lists(
    st.tuples(
        st.sampled_from(["0a", "0b", "0c", "1d", "1e", None]), st.sampled_from("wxyz"), st.integers(0, 30)
    ),
    min_size=1,
    max_size=40,
)


def rows_of(dataset):
    return list(zip(dataset.person.tolist(), dataset.item.tolist(), dataset.time.tolist(), strict=True))


def within(part, whole):
    """Whether every row of one dataset is a row of the other, counted."""
    remaining = rows_of(whole)
    for row in rows_of(part):
        if row not in remaining:
            return False
        remaining.remove(row)
    return True


@given(events)
def test_last_out_asks_the_last_and_tunes_on_the_one_before(rows):
    dataset = dataset_of(rows)
    lengths = np.diff(dataset.offsets)
    assume((lengths >= 3).any())
    task = last_out_task(dataset)
    asked = np.flatnonzero(lengths >= 3)
    ends = dataset.offsets[asked + 1]
    assert task.test.truth.items.tolist() == dataset.item[ends - 1].tolist()
    assert task.tuning is not None
    assert task.tuning.train is task.train
    assert task.tuning.test.truth.items.tolist() == dataset.item[ends - 2].tolist()
    assert len(task.train) == len(dataset) - 2 * len(asked)
    recent = task.test.requests.histories.recent
    assert [recent[i][-1] for i in range(len(asked))] == dataset.item[ends - 2].tolist()


@given(events, st.sampled_from([None, 1.0, 4.0]))
def test_time_tunes_on_days_before_the_test(rows, days):
    dataset = dataset_of([(person, item, day * DAY_MS) for person, item, day in rows])
    try:
        task = time_task(dataset, days)
    except TooLittleData:
        return
    assert task.train.end <= task.test.requests.as_of.min()
    assert task.test_days is not None
    if task.tuning is not None:
        assert within(task.tuning.train, task.train)
        assert task.tuning.train.end <= task.tuning.test.requests.as_of.min()
        assert task.tuning.test.requests.as_of.max() < task.train.end


def test_the_test_period_is_four_weeks_or_a_fifth_of_the_span():
    year = dataset_of([("a", "x", day * DAY_MS) for day in range(365)])
    week = dataset_of([("a", "x", day * DAY_MS) for day in range(11)])
    assert time_task(year).test_days == 28
    assert time_task(week).test_days == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf")])
def test_a_test_period_must_be_a_positive_number(days):
    with pytest.raises(InvalidRequest, match="test_days"):
        time_task(dataset_of([("a", "x", 0), ("a", "y", DAY_MS)]), days)


def test_a_test_period_longer_than_the_data_is_told():
    with pytest.raises(TooLittleData, match="400 days"):
        time_task(dataset_of([("a", "x", 0), ("a", "y", DAY_MS)]), 400)


@given(events)
def test_sessions_learn_from_all_of_the_first_and_ask_prefixes_of_the_second(rows):
    dataset = dataset_of(rows)
    n_train = sum(person.startswith("0") for person in dataset.people)
    test_people = np.arange(n_train, len(dataset.people))
    lengths = np.diff(dataset.offsets)
    n_asked = int(np.maximum(lengths[test_people] - 1, 0).sum())
    if not n_asked or not (dataset.person < n_train).any():
        with pytest.raises(TooLittleData):
            sessions_task(dataset, test_people)
        return
    task = sessions_task(dataset, test_people)
    assert task.train.people == dataset.people[:n_train]
    assert len(task.train) == int((dataset.person < n_train).sum())
    assert task.train.n_items == dataset.n_items
    assert len(task.test) == n_asked
    if task.tuning is not None:
        assert within(task.tuning.train, task.train)
        held = len(task.train) - len(task.tuning.train)
        assert 0 < len(task.tuning.test) < held


def test_tuning_sessions_are_the_latest_and_not_learned_from(monkeypatch):
    rows = [
        (f"0{number:03}", item, 100 * number + step) for number in range(50) for step, item in enumerate("xy")
    ]
    task = sessions_task(dataset_of([*rows, ("1", "x", 1), ("1", "y", 2)]), np.array([50]))
    assert task.tuning is not None
    assert sorted(set(task.tuning.train.person.tolist())) == list(range(46))
    assert len(task.tuning.test) == 4
    monkeypatch.setattr(protocols, "TUNING_SESSIONS", 2)
    capped = protocols.latest_sessions(task.train)
    assert len(capped.test) == 2


def test_too_few_sessions_leave_nothing_to_tune_on():
    rows = [("0", "x", 1), ("0", "y", 2), ("1", "x", 1), ("1", "y", 2)]
    assert sessions_task(dataset_of(rows), np.array([1])).tuning is None


def test_one_event_a_person_cannot_be_asked():
    with pytest.raises(TooLittleData, match="more than 2 events"):
        last_out_task(dataset_of([("a", "x", 1), ("b", "x", 2)]))
