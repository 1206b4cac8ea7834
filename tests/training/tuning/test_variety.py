"""How varied lists may be: the strongest weight of the grid that costs next to nothing."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from shopkeeper.core.types import Ragged
from shopkeeper.data.split import Cases
from shopkeeper.metrics.ranking import hits, ndcg
from shopkeeper.recommenders.nearness import Nearness
from shopkeeper.recommenders.popular import Popular
from shopkeeper.surfaces.variety import Variety, varied
from shopkeeper.training.tuning import variety
from tests.training.shops import chains


@dataclass
class Fixed:
    """Answers what it is told to."""

    answer: object

    def recommend(self, requests, k):
        return self.answer


@pytest.fixture(scope="module")
def asked():
    dataset = chains(60)
    from shopkeeper.data.split import time_split

    split = time_split(dataset, 7)
    model = Popular().fit(split.train)
    answer = model.recommend(split.test.requests, 100)
    return split, Fixed(answer), answer


def lists_of(answer, near, diversity):
    """The same lists by the plain way."""
    found = []
    for low, high in pairwise(answer.offsets.tolist()):
        items, scores = answer.items[low:high], answer.scores[low:high]
        none = np.full(len(items), -1)
        places = varied(scores, near.alike(items), none, np.zeros(0), 10, Variety(diversity))
        found.append(items[places])
    return Ragged.of(found)


def test_what_costs_too_much_is_not_taken(asked):
    split, model, answer = asked
    near = variety.nearness(split.train)
    learned = variety.learn_variety(model, near, split.test)
    cases: Cases = split.test

    def value(diversity):
        return ndcg(hits(lists_of(answer, near, diversity), cases.truth, 10)).mean()

    weights = (0.0, *variety.GRID)
    good = [value(weight) >= (1 - variety.MOST_LOST) * value(0.0) for weight in weights]
    expected = weights[good.index(False) - 1] if False in good else weights[-1]
    assert learned.diversity == expected
    assert np.array_equal(learned.vectors, near.vectors)


def test_where_nothing_is_alike_variety_is_free(asked):
    split, model, _ = asked
    apart = Nearness(np.zeros((split.train.n_items, 4), np.float16))
    assert variety.learn_variety(model, apart, split.test).diversity == variety.GRID[-1]


def test_items_nobody_touched_lie_nowhere(asked):
    split, _, _ = asked
    near = variety.nearness(split.train)
    lengths = np.linalg.norm(near.vectors.astype(np.float32), axis=1)
    touched = split.train.popularity > 0
    np.testing.assert_allclose(lengths[touched], 1, atol=1e-2)
    assert not lengths[~touched].any()
