"""Histories against a plain rebuild from loose events."""

from dataclasses import fields
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.data import histories
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.data.histories import build_histories, slice_histories, summarise

PEOPLE = ["ada", "bob", "cy"]

events = st.lists(
    st.tuples(st.sampled_from([*PEOPLE, None]), st.sampled_from("abcd"), st.integers(0, 6)),
    min_size=1,
    max_size=30,
)
questions = st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 8)), max_size=6)


def dataset_of(rows):
    names = {PERSON: pl.String, c.ITEM_ID: pl.String, c.TIMESTAMP: pl.Int64}
    everyone = [(person, "a", 0) for person in PEOPLE]
    return build_dataset(pl.DataFrame([*everyone, *rows], schema=names, orient="row"))


def plain(dataset, person, before):
    """Recent events and summary of one person, row by row."""
    past = [
        (int(dataset.item[row]), int(dataset.time[row]), int(dataset.kind[row]), float(dataset.value[row]))
        for row in range(len(dataset))
        if dataset.person[row] == person and dataset.time[row] < before
    ]
    summary = []
    for item, group in groupby(sorted(past), key=lambda event: event[0]):
        times = [event[1] for event in group]
        summary.append((item, len(set(times)), min(times), max(times)))
    return past[max(0, len(past) - histories.RECENT) :], summary


def loose(found, row):
    """The same shape as `plain`, from a history."""
    low, high = found.offsets[row], found.offsets[row + 1]
    recent = zip(
        found.items[low:high],
        found.times[low:high],
        found.kinds[low:high],
        found.values[low:high],
        strict=True,
    )
    low, high = found.summary_offsets[row], found.summary_offsets[row + 1]
    summary = zip(
        found.summary_items[low:high],
        found.summary_counts[low:high],
        found.summary_first[low:high],
        found.summary_last[low:high],
        strict=True,
    )
    return [tuple(event) for event in recent], [tuple(entry) for entry in summary]


def codes(asked):
    people, before = zip(*asked, strict=True) if asked else ((), ())
    return np.array(people, np.int64), np.array(before, np.int64)


@given(events, questions)
def test_histories_are_what_stood_just_before_the_moment(rows, asked):
    dataset = dataset_of(rows)
    people, before = codes(asked)
    found = build_histories(dataset, people, before)
    assert len(found) == len(asked)
    for row, (person, moment) in enumerate(asked):
        assert loose(found, row) == plain(dataset, person, moment)


@given(events, st.integers(1, 4))
def test_only_the_most_recent_events_are_kept_and_the_summary_covers_all(rows, most):
    dataset = dataset_of(rows)
    kept = histories.RECENT
    histories.RECENT = most
    try:
        found = build_histories(dataset, *codes([(0, 100), (1, 100)]))
        for row in (0, 1):
            assert loose(found, row) == plain(dataset, row, 100)
    finally:
        histories.RECENT = kept


@given(events, questions, st.data())
def test_taking_people_equals_asking_for_them(rows, asked, data):
    dataset = dataset_of(rows)
    people, before = codes(asked)
    order = np.array(
        data.draw(st.lists(st.integers(0, len(asked) - 1), max_size=5)) if asked else [], np.int64
    )
    taken = build_histories(dataset, people, before).take(order)
    again = build_histories(dataset, people[order], before[order])
    names = [field.name for field in fields(taken)]
    assert all(np.array_equal(getattr(taken, name), getattr(again, name)) for name in names)


@given(events)
def test_slices_of_rows_equal_whole_people(rows):
    dataset = dataset_of(rows)
    found = slice_histories(dataset, dataset.offsets[:-1], dataset.offsets[1:])
    for person in range(len(dataset.people)):
        assert loose(found, person) == plain(dataset, person, 100)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 4)), max_size=20), st.randoms()
)
def test_summary_does_not_depend_on_the_order_of_events(rows, random):
    def summary(events):
        columns = [np.array([event[i] for event in events], np.int64) for i in range(3)]
        return summarise(4, columns[0], columns[1].astype(np.int32), columns[2])

    shuffled = list(rows)
    random.shuffle(shuffled)
    for one, other in zip(summary(rows), summary(shuffled), strict=True):
        assert one.tolist() == other.tolist()


@given(events, questions)
def test_types_are_those_of_the_contract(rows, asked):
    found = build_histories(dataset_of(rows), *codes(asked))
    wanted: dict[str, tuple[Any, ...]] = {
        "int64": (found.offsets, found.summary_offsets, found.times, found.summary_first, found.summary_last),
        "int32": (found.items, found.summary_items, found.summary_counts),
        "int8": (found.kinds,),
        "float32": (found.values,),
    }
    assert all(array.dtype.name == name for name, arrays in wanted.items() for array in arrays)
