import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.retrieval.fusion import fuse

RANKING = st.dictionaries(st.integers(0, 20), st.floats(0.0625, 100, width=32), max_size=12)


def ranked(scores: dict[int, float]):
    best = sorted(scores, key=lambda code: -scores[code])
    return np.array(best, np.int32), np.array([scores[code] for code in best], np.float32)


@given(RANKING, RANKING)
def test_is_the_mean_of_shares_of_the_best(words, meaning):
    found = fuse(ranked(words), ranked(meaning))
    wanted = {
        code: sum(one.get(code, 0) / (2 * max(one.values())) for one in (words, meaning) if one)
        for code in words.keys() | meaning.keys()
    }
    assert dict(zip(found.codes.tolist(), found.scores.tolist(), strict=True)) == pytest.approx(
        wanted, rel=1e-4
    )
    assert (np.diff(found.scores) <= 0).all()
    assert found.by_words.tolist() == [code in words for code in found.codes.tolist()]
    assert found.by_meaning.tolist() == [code in meaning for code in found.codes.tolist()]


def test_best_in_both_is_one_and_of_equals_the_lower_code_is_first():
    found = fuse(ranked({3: 9.0, 5: 4.5}), ranked({3: 0.5, 1: 0.25}))
    assert found.codes.tolist() == [3, 1, 5]
    assert found.scores.tolist() == [1.0, 0.25, 0.25]
