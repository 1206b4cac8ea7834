"""Learned weights against every single source, a plain NDCG, and chance."""

from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pytest

from shopkeeper.core.types import Floats, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.split import Cases, last_out_split
from shopkeeper.recommenders.blend import Blend, BlendConfig
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.cooccurrence import Cooccurrence, Transition
from shopkeeper.recommenders.popular import Popular, Trending
from shopkeeper.recommenders.repeat import Repeat
from shopkeeper.recommenders.select import top_k
from shopkeeper.training.tuning import fusion
from shopkeeper.training.tuning.fusion import Answers
from shopkeeper.training.tuning.trials import value_of as value
from tests.recommenders.worlds import everything, shop


class Noise:
    """Scores drawn once for each item, of items that are never the answer."""

    name: ClassVar[str] = "noise"
    holds_people: ClassVar[bool] = False
    supports_cold_people: ClassVar[bool] = True

    def __init__(self, wrong: list[int]) -> None:
        self.wrong = wrong

    def fit(self, dataset: Dataset) -> Self:
        self.scores = np.zeros(dataset.n_items, np.float32)
        self.scores[self.wrong] = np.random.default_rng(0).random(len(self.wrong)) + 0.5
        return self

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        candidates = everything(requests, len(self.scores))
        return top_k(candidates, self.score(requests, candidates), requests, k, self.name)

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        return self.scores[candidates.items]

    def save(self, folder: Path) -> None:
        raise AssertionError("never kept")

    @classmethod
    def load(cls, folder: Path) -> Self:
        raise AssertionError("never kept")


def rhythm_shop(seed=0, people=60):
    """Chains of items, staples that come back, and chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        at = int(rng.integers(10))
        for step in range(12):
            at = (at + 1) % 10 if rng.random() < 0.6 else int(rng.integers(10))
            rows.append((f"p{person:02}", f"i{at:02}", step))
    return shop(rows)


def learn_weights(sources, cases):
    return fusion.learn_weights(Answers.of(sources, cases))


def fitted(dataset, hold=2):
    split = last_out_split(dataset, hold=hold, ask=1)
    return tuple(
        family().fit(split.train) for family in (Cooccurrence, Transition, Repeat, Trending, Popular)
    ), split


@pytest.mark.parametrize("seed", range(4))
def test_learned_weights_are_never_worse_than_a_source_alone(seed):
    sources, split = fitted(rhythm_shop(seed))
    config = learn_weights(sources, split.test)
    assert max(config.weights.values()) > 0
    singles = [value(source, split.test) for source in sources]
    assert value(Blend(config, sources), split.test) >= max(singles) - 1e-9


def test_learned_weights_are_the_same_again():
    sources, split = fitted(rhythm_shop())
    assert learn_weights(sources, split.test) == learn_weights(sources, split.test)


def test_a_source_that_never_hits_gets_no_weight():
    dataset = rhythm_shop()
    sources, split = fitted(dataset)
    noise = Noise([dataset.items.code(name) for name in ("i10", "i11")]).fit(split.train)
    assert not learn_weights((*sources, noise), split.test).uses("noise")


def test_what_people_know_is_kept_back_where_nobody_returns():
    """Everybody walks a chain without returning, so what is known is never the answer."""
    rows = [(f"p{p}", f"i{(p + step) % 12:02}", step) for p in range(40) for step in range(6)]
    sources, split = fitted(shop(rows))
    config = learn_weights(sources, split.test)
    assert not config.uses("repeat")
    assert value(Blend(config, sources), split.test) == 1.0


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_cases(n):
    sources, split = fitted(rhythm_shop())
    cases = split.test.take(np.arange(n))
    config = learn_weights(sources, cases)
    assert value(Blend(config, sources), cases) >= max(value(source, cases) for source in sources) - 1e-9


def test_cases_nobody_can_answer():
    """Truth that no source finds leaves weights that still make a working blend."""
    dataset = rhythm_shop()
    sources, split = fitted(dataset)
    unfound = np.full(len(split.test.truth.items), dataset.items.code("i11"), np.int32)
    cases = Cases(split.test.requests, Ragged(split.test.truth.offsets, unfound))
    config = learn_weights(sources, cases)
    answer = Blend(config, sources).recommend(cases.requests, 5)
    assert (answer.lists.lengths == 5).all()
    assert all(np.isfinite(list(config.weights.values())))


@pytest.mark.parametrize("config", [BlendConfig(), BlendConfig({"popular": 1.0}, {"repeat": 0.5})])
def test_the_value_of_weights_is_that_of_the_blend(config):
    """The quick arithmetic on padded arrays against asking the blend itself."""
    sources, split = fitted(rhythm_shop())
    assert fusion.value(Answers.of(sources, split.test), config) == pytest.approx(
        value(Blend(config, sources), split.test), abs=1e-6
    )


def test_what_nobody_touched_has_weights_of_its_own():
    """Everybody's next is the item titled like their last, which nobody has touched; chance comes with it."""
    rng = np.random.default_rng(0)
    rows = [(f"p{p:02}", f"i{2 * int(rng.integers(6)):02}", step) for p in range(60) for step in range(4)]
    dataset = shop(rows)
    split = last_out_split(dataset, hold=1, ask=1)
    last = split.test.requests.histories.items[split.test.requests.histories.offsets[1:] - 1]
    cases = Cases(split.test.requests, Ragged(split.test.truth.offsets, (last + 1).astype(np.int32)))
    sources = tuple(family().fit(split.train) for family in (Cooccurrence, Content, Popular))
    config = learn_weights(sources, cases)
    assert config.untouched["content"] > 0
    assert value(Blend(config, sources), cases) > 0.9
    assert fusion.value(Answers.of(sources, cases), config) == pytest.approx(
        value(Blend(config, sources), cases), abs=1e-6
    )


def plain_news(cases):
    """News person by person: what they took and did not know."""
    known, truth = cases.requests.histories.known, cases.truth
    fresh = [sorted(set(truth[row].tolist()) - set(known[row].tolist())) for row in range(len(cases))]
    return [(row, items) for row, items in enumerate(fresh) if items]


def test_news_are_what_people_did_not_know():
    _, split = fitted(rhythm_shop())
    found, expected = fusion.news(split.test), plain_news(split.test)
    assert found.requests.exclude is not None
    assert 0 < len(found) < len(split.test)
    assert [found.truth[place].tolist() for place in range(len(found))] == [items for _, items in expected]
    for place, (row, _) in enumerate(expected):
        known = split.test.requests.histories.known[row].tolist()
        assert found.requests.exclude[place].tolist() == known


def habits_and_chains(seed, staples=0.6):
    """Habits rule this shop, and yet what is new follows the chain."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(80):
        start, staple = int(rng.integers(12)), int(rng.integers(12))
        for step in range(12):
            item = staple if rng.random() < staples else (start + step) % 12
            rows.append((f"p{person:02}", f"i{item:02}", step))
    return shop(rows)


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_news_keep_their_order_where_lists_would_rather_do_without(seed):
    """Where one place counts and habits fill it, news weigh nothing there; alone they still differ."""
    sources, split = fitted(habits_and_chains(seed, 0.8))
    answers, about = Answers.of(sources, split.test), Answers.of(sources, fusion.news(split.test))
    config = fusion.learn_weights(answers, about, k=1)
    assert 0 < max(config.weights.values()) <= 0.01 * max(config.known.values())
    assert fusion.value(about, config, 1) > fusion.value(about, fusion.only("popular"), 1)


@pytest.mark.parametrize("seed", range(3))
def test_weights_learned_apart_serve_news_and_are_not_below_a_source_alone(seed):
    """Both must be found."""
    sources, split = fitted(habits_and_chains(seed))
    asked = fusion.news(split.test)
    apart = fusion.learn_weights(Answers.of(sources, split.test), Answers.of(sources, asked))
    mixed = fusion.learn_weights(Answers.of(sources, split.test))
    assert value(Blend(apart, sources), split.test) >= max(value(s, split.test) for s in sources) - 1e-9
    assert value(Blend(apart, sources), asked) >= value(Blend(mixed, sources), asked) - 0.02


def test_what_hardly_helps_is_not_asked():
    split = last_out_split(rhythm_shop())
    sources = tuple(source.fit(split.train) for source in (Cooccurrence(), Repeat(), Popular(), Trending()))
    answers = Answers.of(sources, split.test)
    config = BlendConfig(
        {"cooccurrence": 1.0, "trending": 1e-9},
        {"repeat": 1.0, "cooccurrence": 0.5},
        2.0,
        {"popular": 1.0, "trending": 0.1},
    )
    found = fusion.frugal(config, answers, None, ("trending", "repeat", "cooccurrence"))
    floor = (1 - fusion._HAIR) * fusion.value(answers, config)
    assert fusion.value(answers, found) >= floor
    assert not found.uses("trending")
    assert found.ranker == config.ranker
    assert found.untouched == {"popular": 1.0}
    for name in ("repeat", "cooccurrence"):
        assert found.uses(name) == (fusion.value(answers, config.without("trending").without(name)) < floor)
