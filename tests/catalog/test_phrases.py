"""Key phrases against a catalogue small enough to count by hand."""

import math

import pytest

from shopkeeper.catalog.phrases import key_phrases, phrases, share_said

TITLES = ["Green tea 50 bags", "Green tea with mint", "Mint soap", "Rose soap", "Rose bush", "Alder stool"]


def found(titles, texts=None, reviews=None, most=8):
    blank = [""] * len(titles)
    answer = key_phrases(titles, texts or blank, reviews or blank, most)
    return [[phrase.text for phrase in of_item] for of_item in answer]


def test_words_that_products_share_and_pairs_that_belong_together():
    assert found(TITLES) == [
        ["green tea"],
        ["green tea", "mint"],
        ["mint", "soap"],
        ["rose", "soap"],
        ["rose"],
        [],
    ]
    assert found(TITLES, most=1)[2] == ["mint"]


def test_weights_are_tf_idf():
    """'soap' in three titles of seven, 'rose' in two, 'lamp' and 'oil' in two each."""
    titles = ["rose soap", "rose oil", "soap", "plain soap", "lamp oil", "lamp", "thing"]
    idf = {n: math.log((1 + 7) / (1 + n)) + 1 for n in (2, 3)}
    rose, soap = key_phrases(titles, [""] * 7, [""] * 7, 8)[0]
    assert (rose.text, rose.confidence, soap.text) == ("rose", 1.0, "soap")
    assert soap.confidence == pytest.approx(idf[3] / idf[2], rel=1e-5)


def test_pairs_by_the_equivalence_index():
    """'red hat' in 2 titles, 'red' and 'hat' in 9: 4 / 81 is below a twentieth; with 'hat' in 8 it is not."""
    rest = [f"red {word}" for word in "abcdefg"] + [f"{word}ly stuff" for word in "abcdefghij"]
    apart = ["red hat", "red hat", *rest, *(f"{word}x hat" for word in "abcdefg")]
    assert "red hat" not in found(apart)[0]
    assert "red hat" in found(apart[:-1])[0]


def test_chinese_is_cut_into_words():
    titles = ["防水登山帐篷 双人", "登山帐篷", "防水背包", "旅行背包", "雨伞"]
    assert found(titles)[:3] == [["登山帐篷", "防水"], ["登山帐篷"], ["背包", "防水"]]


def test_reviews_lend_weight_and_add_no_word():
    plain = key_phrases(TITLES, [""] * 6, [""] * 6, 8)[1]
    reviews = ["", "mint mint mint, says Aunt Agatha", "", "", "", "Aunt Agatha again"]
    heard = key_phrases(TITLES, [""] * 6, reviews, 8)[1]
    assert [phrase.text for phrase in plain] == ["green tea", "mint"]
    assert [phrase.text for phrase in heard] == ["mint", "green tea"]


@pytest.mark.parametrize("titles", [[], [""], ["one of a kind"], ["", "!!!", "12 x 3"]])
def test_nothing_to_say(titles):
    assert found(titles) == [[] for _ in titles]


def test_what_parts_words():
    assert list(phrases("Kids' T-shirt, the Red-Dot of 2024")) == ["kids", "t-shirt", "red-dot"]
    assert list(phrases("soft wool hat")) == ["soft", "wool", "soft wool", "hat", "wool hat"]
    assert list(phrases("红色 帽子")) == ["红色", "帽子"]


def test_share_said():
    assert share_said("green tea", "Tea | green things") == 1.0
    assert share_said("green coffee", "green tea") == 0.5
    assert share_said("tea", "a steak") == 0.0
    assert share_said("登山", "专业登山帐篷") == 1.0
