"""The blend with a ranker on top: every sum agrees, and its evidence says what moved the trees."""

import numpy as np
import pytest

from shopkeeper.core.types import Ragged
from shopkeeper.data.split import last_out_split
from shopkeeper.learners.boosting import BoostingConfig
from shopkeeper.recommenders.blend import Blend, BlendConfig
from shopkeeper.recommenders.ranker import Ranker, RankerConfig
from shopkeeper.training.tuning import ranking
from shopkeeper.training.tuning.fusion import Answers
from tests.recommenders.worlds import everything, shop


@pytest.fixture(scope="module")
def world():
    """People walk a chain, each with a stride of their own, which only the ranker can see."""
    rng = np.random.default_rng(3)
    rows = []
    for person in range(400):
        at, stride = int(rng.integers(24)), 1 + person % 2
        for step in range(8):
            at = (at + stride) % 24 if rng.random() < 0.8 else int(rng.integers(24))
            rows.append((f"p{person:03}", f"i{at:02}", step))
    return last_out_split(shop(rows, [f"i{item:02}" for item in range(24)]), hold=2, ask=2)


@pytest.fixture(scope="module")
def blend(world):
    linear = Blend().fit(world.train)
    answers = Answers.of(linear.sources, world.test)
    config = RankerConfig(BoostingConfig(trees=20, least_in_leaf=5))
    lesson = ranking.lesson(answers, linear.config, len(world.test))
    ranker = Ranker(config).prepare(world.train).learn(lesson)
    mixed = BlendConfig(linear.config.weights, linear.config.known, ranker=0.5)
    return Blend(mixed, linear.sources, ranker)


def test_the_trees_have_learned_something(blend):
    assert blend.ranker.names


def test_scores_are_those_of_the_lists(blend, world):
    requests = world.test.requests.take(np.arange(40))
    lists = blend.recommend(requests, 24)
    scores = blend.score(requests, everything(requests, 24)).reshape(40, 24)
    for row in range(40):
        low, high = lists.offsets[row], lists.offsets[row + 1]
        np.testing.assert_allclose(scores[row][lists.items[low:high]], lists.scores[low:high], rtol=1e-5)


def test_one_by_one_is_the_batch(blend, world):
    requests = world.test.requests.take(np.arange(20))
    every = blend.recommend(requests, 10)
    for row in range(20):
        alone = blend.recommend(requests.take(np.array([row])), 10)
        assert alone.items.tolist() == every.lists[row].tolist()


def test_kept_and_read_it_answers_the_same(blend, world, tmp_path):
    blend.save(tmp_path)
    read = Blend.load(tmp_path)
    requests = world.test.requests.take(np.arange(30))
    before, after = blend.recommend(requests, 10), read.recommend(requests, 10)
    assert np.array_equal(before.items, after.items)
    assert np.array_equal(before.scores, after.scores)


def test_what_moved_the_trees_is_told(blend, world):
    request = world.test.requests.take(np.array([0]))
    items = blend.recommend(request, 5).items
    for moved in blend.moved(request, items):
        assert 0 < len(moved) <= 3
        assert [abs(value) for _, value in moved] == sorted((abs(v) for _, v in moved), reverse=True)
        assert all(name.removeprefix("ranker:") in blend.ranker.names for name, _ in moved)


def test_what_was_not_retrieved_is_scored_without_the_ranker(blend, world):
    """A candidate nobody brought keeps its linear score: the ranker has not seen it."""
    request = world.test.requests.take(np.array([1]))
    every = blend.score(request, everything(request, 24))
    few = blend.score(request, Ragged.of([[3, 7]]))
    assert np.allclose(few, every[[3, 7]], rtol=1e-5)
