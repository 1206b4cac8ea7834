"""Untouched items enter lists as far as content has paid for it, and no further."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.types import Ragged
from shopkeeper.data.split import Cases, last_out_split
from shopkeeper.metrics.ranking import hits, recall
from shopkeeper.recommenders.blend import Blend, BlendConfig
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.recommenders.popular import Popular
from shopkeeper.training.tuning import untouched
from shopkeeper.training.tuning.fusion import Answers, learn_weights
from shopkeeper.training.tuning.untouched import let_in, recall_of, without
from tests.recommenders.worlds import shop


def world(share=0.3, people=80):
    """Most take next what the one before them took; some the untouched item titled like their last."""
    rng = np.random.default_rng(0)
    rows = [(f"p{p:02}", f"i{2 * int(rng.integers(6)):02}", step) for p in range(people) for step in range(4)]
    split = last_out_split(shop(rows), hold=1, ask=1)
    histories, truth = split.test.requests.histories, split.test.truth
    last = histories.items[histories.offsets[1:] - 1]
    cold = rng.random(len(last)) < share
    items = np.where(cold, last + 1, truth.items).astype(np.int32)
    cases = Cases(split.test.requests, Ragged(truth.offsets, items))
    sources = tuple(family().fit(split.train) for family in (Cooccurrence, Content, Popular))
    return sources, cases, split.train.popularity > 0


SOURCES, CASES, TOUCHED = world()
ANSWERS = Answers.of(SOURCES, CASES)
CONFIG = learn_weights(ANSWERS)


def slow(config, counted, k):
    """Case by case, by the blend itself."""
    lists = Blend(config, SOURCES).recommend(CASES.requests, k).lists
    found = []
    for row in range(len(CASES)):
        wanted = [item for item in CASES.truth[row].tolist() if counted[item]]
        if wanted:
            found.append(sum(item in lists[row] for item in wanted) / len(wanted))
    return float(np.mean(found))


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("counted", [TOUCHED, ~TOUCHED, np.ones(12, bool)])
def test_the_recall_of_weights_is_that_of_the_blend(k, counted):
    assert recall_of(ANSWERS, CONFIG, counted, k) == pytest.approx(slow(CONFIG, counted, k))


def test_a_source_left_out_says_nothing():
    alone = without(ANSWERS, "content")
    assert alone.names == ("cooccurrence", "popular")
    silent = replace(
        CONFIG,
        weights={**CONFIG.weights, "content": 0.0},
        known={**CONFIG.known, "content": 0.0},
        untouched={},
    )
    assert recall_of(alone, silent, TOUCHED, 3) == pytest.approx(recall_of(ANSWERS, silent, TOUCHED, 3))


@pytest.mark.parametrize("k", [2, 3, 4])
def test_what_is_let_in_costs_no_more_than_half_of_what_content_gains(k):
    found = let_in(ANSWERS, None, CONFIG, TOUCHED, "content", k)
    assert (found.weights, found.known) == (CONFIG.weights, CONFIG.known)
    behaviour = without(ANSWERS, "content")
    floor = recall_of(behaviour, learn_weights(behaviour, None, k), TOUCHED, k)
    best = recall_of(ANSWERS, replace(CONFIG, untouched={}), TOUCHED, k)
    if found != CONFIG:
        assert recall_of(ANSWERS, found, TOUCHED, k) >= floor + untouched._SPENT * (best - floor)
    assert recall_of(ANSWERS, found, ~TOUCHED, k) >= recall_of(ANSWERS, CONFIG, ~TOUCHED, k)


def test_nothing_is_raised_where_there_is_nothing_to_let_in():
    none = BlendConfig({"cooccurrence": 1.0}, {"cooccurrence": 1.0})
    assert let_in(ANSWERS, None, none, TOUCHED, "content") is none
    assert let_in(ANSWERS, None, CONFIG, np.ones(12, bool), "content") is CONFIG
    assert let_in(without(ANSWERS, "content"), None, CONFIG, TOUCHED, "content") is CONFIG


def test_without_a_price_all_of_it_is_raised():
    """Where lists are long enough for everything, letting in costs nothing."""
    config = replace(CONFIG, untouched={**CONFIG.untouched, "content": 0.5})
    found = let_in(ANSWERS, None, config, TOUCHED, "content", 12)
    assert found.untouched["content"] == 4.0
    lists = Blend(found, SOURCES).recommend(CASES.requests, 12).lists
    assert recall(hits(lists, CASES.truth, 12)).mean() > 0.5
