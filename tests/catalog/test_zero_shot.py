import numpy as np
import pytest

from shopkeeper.catalog.zero_shot import _phrases, _spoken, zero_shot
from tests.catalog.goods import COLOURS, KINDS, encoder, goods


@pytest.mark.parametrize("chinese_titles", [False, True])
@pytest.mark.parametrize("chinese_names", [False, True])
@pytest.mark.parametrize(("column", "names"), [("kind", KINDS), ("colour", COLOURS)])
def test_names_alone_tell_across_languages(column, names, chinese_names, chinese_titles):
    products = goods(60, chinese=chinese_titles)
    spoken = names if chinese_names else {name: name for name in names}
    verdicts = zero_shot(products["title"].to_list(), list(spoken.values()), encoder())
    right = [spoken[truth] == told for truth, told in zip(products[column], verdicts.best, strict=True)]
    assert np.mean(right) > 0.75  # chance: 0.2 and 0.25
    np.testing.assert_allclose(verdicts.probabilities.sum(axis=1), 1, rtol=1e-5)


def test_what_says_nothing_is_as_likely_anything():
    told = []
    verdicts = zero_shot(
        ["", "red lamp"], ["lamp", "shoes"], encoder(), progress=lambda *done: told.append(done)
    )
    assert verdicts.probabilities[0].tolist() == [0.5, 0.5]
    assert verdicts.best[1] == "lamp"
    assert told[-1] == (5, 5)


def test_one_label_only():
    assert zero_shot(["red lamp"], ["lamp"], encoder()).best == ["lamp"]


def test_names_are_taken_apart():
    assert [_spoken(name) for name in ("SportsShoes", "sports_shoes", "Home > Lamps", "T恤", "TV")] == [
        "Sports Shoes",
        "sports shoes",
        "Home Lamps",
        "T恤",
        "TV",
    ]


def test_phrases_of_both_kinds_of_writing():
    assert _phrases("Red tea-pot") == ["Red", "tea-pot", "Red tea-pot"]
    assert _phrases("红茶壶") == ["红", "茶", "壶", "红茶", "茶壶", "红茶壶"]
    assert _phrases("!!") == []
