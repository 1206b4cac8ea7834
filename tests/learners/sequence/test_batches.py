"""The questions of a step, against plain loops over the log."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.learners.sequence.batches import AGAIN, Feed, again_code
from shopkeeper.learners.sequence.inputs import GapCodes
from tests.recommenders import worlds
from tests.recommenders.worlds import shop


def feed(dataset, length=4, batch=3, negatives=5, tokens=10**6):
    return Feed(dataset, length, GapCodes(0, 30), batch=batch, negatives=negatives, tokens=tokens, seed=1)


def asked(batch):
    """Each question as (what was heard, what came next), items by code."""
    items = batch.rows[batch.heard.items]
    return [
        (tuple(items[row, : place + 1].tolist()), int(batch.rows[target]))
        for row, place, target in zip(batch.row, batch.place, batch.targets, strict=True)
    ]


def pairs(dataset):
    """Every event of somebody known, and the one before it."""
    inside = (dataset.person[1:] == dataset.person[:-1]) & (dataset.person[1:] >= 0)
    return sorted(zip(dataset.item[:-1][inside].tolist(), dataset.item[1:][inside].tolist(), strict=True))


@given(worlds.shops, st.integers(1, 6), st.integers(1, 4))
def test_every_event_is_asked_for_once_in_a_pass(dataset, length, size):
    questions = [q for batch in feed(dataset, length, size).batches(0) for q in asked(batch)]
    assert sorted((past[-1], target) for past, target in questions) == pairs(dataset)
    assert all(len(past) <= length for past, _ in questions)


@given(worlds.shops, st.integers(1, 15))
def test_what_a_question_stands_against(dataset, negatives):
    items = np.unique(dataset.item[dataset.person >= 0])
    for batch in feed(dataset, negatives=negatives).batches(3):
        drawn = batch.rows[batch.negatives]
        assert len(set(drawn.tolist())) == len(drawn)
        assert set(drawn.tolist()) <= set(items.tolist())
        assert batch.offset == pytest.approx(math.log(len(items) / len(drawn)))
        taken = set(zip(*(part.tolist() for part in batch.taken), strict=True))
        for question, (past, target) in enumerate(asked(batch)):
            own = {item: len(past) - 1 - place for place, item in enumerate(past)}
            kept = np.flatnonzero(batch.own[question])
            places = {past[place]: len(past) - 1 - place for place in kept.tolist()}
            assert places == {item: since for item, since in own.items() if item != target}
            assert all(
                batch.own_again[question, place] == min(int(math.log2(len(past) - place)), AGAIN - 1)
                for place in kept.tolist()
            )
            expected = int(again_code(np.array(own[target]))) if target in own else -1
            assert batch.target_again[question] == expected
            out = {column for column, item in enumerate(drawn.tolist()) if item in own or item == target}
            assert {column for row, column in taken if row == question} == out


def test_all_items_are_drawn_where_there_are_few():
    dataset = shop([("u", f"i{place:02}", place) for place in range(8)])
    (batch,) = feed(dataset, length=8, negatives=8).batches(0)
    assert batch.rows[batch.negatives].tolist() == list(range(8))
    assert batch.offset == 0


def test_passes_differ_and_repeat():
    dataset = shop([(f"p{p}", f"i{(p * 5 + d) % 12:02}", d) for p in range(40) for d in range(2 + p % 5)])
    passes = [[asked(batch) for batch in feed(dataset).batches(epoch)] for epoch in (0, 1, 0)]
    assert passes[0] == passes[2] != passes[1]


def test_a_pass_is_bounded():
    dataset = shop(
        [("u", f"i{d % 12:02}", d / 100) for d in range(10_000)] + [("v", "i01", 1), ("v", "i02", 2)]
    )
    found = [
        sum(len(batch.row) for batch in feed(dataset, 20, tokens=500).batches(epoch)) for epoch in range(3)
    ]
    assert all(480 <= n <= 520 for n in found)


def test_a_step_holds_few_tokens():
    dataset = shop([(f"p{p:03}", f"i{d % 12:02}", d) for p in range(300) for d in range(201)])
    sizes = [batch.heard.items.size for batch in feed(dataset, 200, 128).batches(0)]
    assert max(sizes) <= 6_400
    assert sum(sizes) == 300 * 200
