"""Words and their pieces, English and Chinese."""

from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.features.text import grams

BUCKETS = 1 << 16


def buckets(*pieces):
    return sorted(crc32(piece.encode()) % BUCKETS for piece in pieces)


def found(text):
    return sorted(grams([text], BUCKETS)[0].tolist())


def test_a_word_and_its_runs_of_three():
    assert found("Tea") == buckets("<tea>", "<te", "tea", "ea>")
    assert found("a") == buckets("<a>")


def test_chinese_characters_and_pairs():
    assert found("绿茶叶") == buckets("绿", "茶", "叶", "绿茶", "茶叶")


def test_both_in_one_text():
    assert found("Bo绿茶, 2") == buckets("<bo>", "<bo", "bo>", "绿", "茶", "绿茶", "<2>")


def test_no_text_no_buckets():
    assert grams(["", "--- !", "tea"], 8).lengths.tolist() == [0, 0, 4]


@given(st.lists(st.text(max_size=30), max_size=5), st.integers(1, 50))
def test_any_text_falls_into_the_buckets(texts, n):
    rows = grams(texts, n)
    assert len(rows) == len(texts)
    assert all(0 <= bucket < n for bucket in rows.items)
    assert [grams([text], n)[0].tolist() for text in texts] == [rows[i].tolist() for i in range(len(texts))]
