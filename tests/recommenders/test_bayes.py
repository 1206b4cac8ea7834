"""Naive Bayes over interests: against plain sums, and as its formula says."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import Ragged
from shopkeeper.recommenders.bayes import Bayes, BayesConfig
from tests.recommenders import worlds
from tests.recommenders.worlds import ask, shop


def shares(occasions):
    """Share of each item, from its occasions."""
    heard = {item: math.log1p(len(moments)) for item, moments in occasions.items()}
    return {item: value / sum(heard.values()) for item, value in heard.items()}


def plainly(dataset, past, config):
    """P(j | h) of every item, item by item."""
    people: dict[int, dict[int, set[int]]] = {}
    for person, item, time in zip(dataset.person, dataset.item, dataset.time, strict=True):
        if person >= 0:
            people.setdefault(int(person), {}).setdefault(int(item), set()).add(int(time))
    takers = Counter(item for own in people.values() for item in own)
    told = [(set(own), shares(own)) for own in people.values()]
    usual = {i: sum(part.get(i, 0.0) for _, part in told) / len(told) for i in range(dataset.n_items) if told}
    heard = shares({item: {time for name, time in past if name == item} for item, _ in past})
    odds = {}
    for item, n in takers.items():
        odds[item] = n / sum(takers.values())
        for interest, share in heard.items():
            count = sum(part.get(interest, 0.0) for own, part in told if item in own)
            if not usual[interest]:
                likely = config.shrinkage / (n + config.shrinkage)
            else:
                known = count + config.shrinkage * usual[interest]
                likely = known / (n + config.shrinkage) / usual[interest]
            odds[item] *= likely ** (config.evidence * share)
    return [odds.get(item, 0.0) / max(sum(odds.values()), 1e-12) for item in range(dataset.n_items)]


@given(st.data())
def test_chances_are_those_of_plain_sums(data):
    dataset, past = data.draw(worlds.shops), data.draw(worlds.events)
    config = BayesConfig(shrinkage=data.draw(st.sampled_from([0.5, 10.0])), evidence=3.0)
    requests = ask(dataset, [(item, day) for item, day, _ in past])
    told = [(dataset.items.code(item), day) for item, day, _ in past]
    candidates = Ragged.of([list(range(dataset.n_items))])
    found = Bayes(config).fit(dataset).score(requests, candidates)
    np.testing.assert_allclose(found, plainly(dataset, told, config), rtol=1e-4, atol=1e-7)


TASTES = shop(
    [(f"a{p}", item, 0) for p in range(20) for item in ("i01", "i02")]
    + [(f"b{p}", item, 0) for p in range(20) for item in ("i03", "i04")]
)


@pytest.mark.parametrize(("liked", "other"), [("i01", "i03"), ("i03", "i01")])
def test_interests_decide_between_what_is_taken_alike(liked, other):
    model = Bayes().fit(TASTES)
    near, far = (TASTES.items.code(item) for item in (liked, other))
    chances = model.score(ask(TASTES, [(liked, 5)]), Ragged.of([[near + 1, far + 1]]))
    assert chances[0] > 5 * chances[1]


def test_a_long_history_is_no_more_certain_than_a_short_one():
    model = Bayes().fit(TASTES)
    once, often = ask(TASTES, [("i01", 5)]), ask(TASTES, [("i01", day) for day in range(50)])
    candidates = Ragged.of([[0, 1, 2, 3, 4]])
    np.testing.assert_allclose(model.score(once, candidates), model.score(often, candidates), rtol=1e-6)


def test_the_interest_that_speaks_is_the_reason():
    model = Bayes().fit(TASTES)
    asked = ask(TASTES, [("i01", 5), ("i03", 6)])
    told = model.explain(asked, TASTES.items.encode(["i02", "i04"]))
    assert [one.items[0] for one in told] == TASTES.items.encode(["i01", "i03"]).tolist()
