"""Splits against plain references: nothing asked is learned from, no history knows the future."""

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.errors import TooLittleData
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.data.split import last_out_split, prefix_cases, time_split

events = st.lists(
    st.tuples(st.sampled_from(["ada", "bob", "cy", "di", None]), st.sampled_from("abcd"), st.integers(0, 9)),
    min_size=1,
    max_size=30,
)


def dataset_of(rows, unit=1):
    names = {PERSON: pl.String, c.ITEM_ID: pl.String, c.TIMESTAMP: pl.Int64}
    stamped = [(person, item, time * unit) for person, item, time in rows]
    return build_dataset(pl.DataFrame(stamped, schema=names, orient="row"))


def rows_of(dataset):
    return sorted(zip(dataset.person.tolist(), dataset.item.tolist(), dataset.time.tolist(), strict=True))


def people_of(dataset):
    """Events (item, time) of each person in order."""
    return [
        list(zip(dataset.item[low:high].tolist(), dataset.time[low:high].tolist(), strict=True))
        for low, high in zip(dataset.offsets[:-1], dataset.offsets[1:], strict=True)
    ]


def asked_of(cases):
    """Each case as (history items in order, moment, truth)."""
    history = cases.requests.histories.recent
    return [
        (history[i].tolist(), int(cases.requests.as_of[i]), cases.truth[i].tolist())
        for i in range(len(cases))
    ]


@given(events, st.integers(1, 4), st.data())
def test_last_out_holds_back_and_asks(rows, hold, data):
    ask = data.draw(st.integers(1, hold))
    dataset = dataset_of(rows)
    everyone = people_of(dataset)
    assume(any(len(person) > hold for person in everyone))
    split = last_out_split(dataset, hold, ask)
    wanted = [
        ([item for item, _ in person[:-ask]], person[-ask][1], [person[-ask][0]])
        for person in everyone
        if len(person) > hold
    ]
    assert asked_of(split.test) == wanted
    held = [
        (code, item, time)
        for code, person in enumerate(everyone)
        if len(person) > hold
        for item, time in person[-hold:]
    ]
    assert sorted(rows_of(split.train) + held) == rows_of(dataset)
    assert split.train.items is dataset.items


def test_last_out_without_long_histories_is_told():
    with pytest.raises(TooLittleData, match="more than 2 events"):
        last_out_split(dataset_of([("ada", "a", 1), ("ada", "b", 2), (None, "a", 3)]), hold=2)


@given(events, st.sampled_from([0.5, 1, 2.5, 6]))
def test_time_split_asks_those_active_after_the_cut(rows, days):
    dataset = dataset_of(rows, DAY_MS)
    cut = dataset.end - int(days * DAY_MS)
    past = [row for row in rows_of(dataset) if row[2] < cut]
    future = [row for row in rows_of(dataset) if row[2] >= cut and row[0] >= 0]
    if not past or not future:
        with pytest.raises(TooLittleData):
            time_split(dataset, days)
        return
    split = time_split(dataset, days)
    assert rows_of(split.train) == past
    active = sorted({person for person, _, _ in future})
    everyone = people_of(dataset)
    assert asked_of(split.test) == [
        (
            [item for item, time in everyone[person] if time < cut],
            cut,
            sorted({item for owner, item, _ in future if owner == person}),
        )
        for person in active
    ]


@given(events)
def test_prefixes_ask_for_each_next_event(rows):
    dataset = dataset_of(rows)
    people = np.arange(len(dataset.people), dtype=np.int64)[::-1].copy()
    wanted = [
        ([item for item, _ in person[:step]], person[step][1], [person[step][0]])
        for person in reversed(people_of(dataset))
        for step in range(1, len(person))
    ]
    assert asked_of(prefix_cases(dataset, people)) == wanted


def test_no_people_give_no_prefixes():
    assert len(prefix_cases(dataset_of([("ada", "a", 1)]), np.empty(0, np.int64))) == 0


@given(events, st.integers(0, 3), st.integers(0, 5))
def test_a_sample_holds_some_of_the_cases_in_order(rows, n, seed):
    cases = prefix_cases(dataset_of(rows), np.arange(len(dataset_of(rows).people), dtype=np.int64))
    sample = cases.sample(n, seed)
    assert len(sample) == min(n, len(cases))
    assert asked_of(sample) == asked_of(cases.sample(n, seed))
    remaining = iter(asked_of(cases))
    assert all(case in remaining for case in asked_of(sample))
