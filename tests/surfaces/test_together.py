"""Lists for several people: by a plain reading of the rule, and what the rule is for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import Ragged
from shopkeeper.recommenders.select import top_k
from shopkeeper.surfaces.together import Together
from tests.recommenders.worlds import ITEMS, ask, shop

EMPTY = shop([])
N = len(ITEMS)
SCORES = st.lists(st.lists(st.integers(0, 9).map(float), min_size=N, max_size=N), min_size=1, max_size=4)


class Tastes:
    """Ranks by scores that are given: a request of ``p`` events is that of person ``p``."""

    def __init__(self, scores):
        self.scores = np.array(scores, np.float32)

    def recommend(self, requests, k):
        every = Ragged.of([list(range(N))])
        return top_k(every, self.score(requests, every), requests, k, "tastes")

    def score(self, requests, candidates):
        return self.scores[len(requests.histories.items)][candidates.items]


def together(scores):
    members = [ask(EMPTY, [("i00", day) for day in range(person)]) for person in range(len(scores))]
    return Together(Tastes(scores), members)


@given(SCORES, st.none() | st.sets(st.sampled_from(ITEMS), min_size=1), st.integers(1, N))
def test_the_rule_read_plainly(scores, allowed, k):
    asked = ask(EMPTY, [], allowed=allowed)
    open_ = [item for item, name in enumerate(ITEMS) if allowed is None or name in allowed]

    found = together(scores).recommend(asked, k)

    plain = {}
    for item in open_:
        shares = []
        for own in scores:
            best = max(own[other] for other in open_)
            shares.append(own[item] / best if best else 0.0)
        plain[item] = (np.mean(shares) + min(shares)) / 2
    expected = sorted((score for score in plain.values() if score > 0), reverse=True)[:k]
    np.testing.assert_allclose(found.scores, expected, rtol=1e-5)
    np.testing.assert_allclose(found.scores, [plain[item] for item in found.items.tolist()], rtol=1e-5)
    again = together(scores).score(asked, Ragged.of([found.items]))
    np.testing.assert_allclose(again, found.scores, rtol=1e-5)


def test_what_all_like_stands_before_what_one_loves_and_another_minds():
    loved, fine = [9.0, 7.0, *[0.0] * (N - 2)], [0.0, 7.0, 9.0, *[0.0] * (N - 3)]

    assert together([loved, fine]).recommend(ask(EMPTY, []), 1).items.tolist() == [1]
