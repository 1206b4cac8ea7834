import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.retrieval.words import BOOSTS, Words, terms_of, words_of

TITLES = [
    "Green tea, organic",
    "Black tea",
    "Teapot of cast iron",
    "Café crème cups",
    "Children's toys",
    "珐琅铸铁锅",
    "不粘煎锅",
    "Running shoes 42",
]


def fields(titles: list[str] = TITLES, **others: list[str]) -> dict[str, list[str]]:
    return {name: titles if name == "title" else others.get(name, [""] * len(titles)) for name in BOOSTS}


@pytest.fixture(scope="module")
def words() -> Words:
    return Words.of(fields())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tea", {0, 1}),
        ("TEAS", {0, 1}),
        ("ｔｅａ", {0, 1}),
        ("cafe creme", {3}),
        ("childrens toy", {4}),
        ("煎锅", {5, 6}),
        ("铸铁", {5}),
        ("runing", {7}),
        ("teap", {2}),
        ("nothing like it", set()),
        ("🙂 !?", set()),
        ("title:tea AND (", {0, 1}),
    ],
)
def test_finds_words_in_any_form(words, query, found):
    assert set(words.search(query, 10)[0].tolist()) == found


def test_a_word_in_the_title_counts_most():
    texts = fields(["cup", "tea cup", "pot"], description=["tea", "", "tea"])
    codes, scores = Words.of(texts).search("tea", 10)
    assert codes.tolist()[0] == 1
    assert scores[0] > scores[1]


def test_of_equals_the_lower_code_comes_first():
    codes, scores = Words.of(fields(["soap"] * 5)).search("soap", 5)
    assert codes.tolist() == [0, 1, 2, 3, 4]
    assert len(set(scores.tolist())) == 1


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_no_query_raises(query):
    words = _WORDS
    codes, scores = words.search(query, 5)
    assert len(codes) == len(scores) == len(set(codes.tolist())) <= 5
    assert (np.diff(scores) <= 0).all()
    if not terms_of(query):
        assert not len(codes)


_WORDS = Words.of(fields())


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["tea", "cast iron pot", "锅", "shoe"]), st.lists(st.booleans(), min_size=8, max_size=8)
)
def test_what_is_allowed_is_what_a_filter_would_leave(query, mask):
    allowed = np.array(mask)
    everything, scores = _WORDS.search(query, 8)
    codes, kept = _WORDS.search(query, 8, allowed)
    assert codes.tolist() == [code for code in everything.tolist() if allowed[code]]
    np.testing.assert_allclose(kept, scores[allowed[everything]], rtol=1e-5)


def test_many_allowed_are_found_as_few_are(monkeypatch):
    titles = [f"cup {i % 7} {'blue' if i % 3 else 'red'}" for i in range(300)]
    words, allowed = Words.of(fields(titles)), np.arange(300) % 5 == 0
    few = words.search("red cup", 12, allowed)
    monkeypatch.setattr("shopkeeper.retrieval.words._FEW", 0)
    many = words.search("red cup", 12, allowed)
    np.testing.assert_array_equal(few[0], many[0])
    np.testing.assert_allclose(few[1], many[1], rtol=1e-5)


def test_index_is_kept_for_the_same_texts_and_renewed_for_others(tmp_path):
    first = Words.of(fields(), tmp_path)
    (kept,) = tmp_path.iterdir()
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    again = Words.of(fields(), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before
    assert again.search("tea", 5)[0].tolist() == first.search("tea", 5)[0].tolist()
    other = Words.of(fields([*TITLES[:-1], "White tea"]), tmp_path)
    assert 7 in other.search("tea", 5)[0]
    assert [path.name for path in tmp_path.iterdir()] != [kept.name]
    assert first.search("tea", 5)[0].tolist() == again.search("tea", 5)[0].tolist()


def test_a_damaged_index_is_made_anew(tmp_path):
    Words.of(fields(), tmp_path)
    (kept,) = tmp_path.iterdir()
    (kept / "meta.json").write_text("{")
    assert set(Words.of(fields(), tmp_path).search("tea", 5)[0].tolist()) == {0, 1}


def test_an_empty_catalogue_has_nothing():
    assert Words.of(fields([])).search("tea", 5)[0].tolist() == []


def test_words_of_keeps_words_alone():
    assert words_of("Tom's—TEA!") == "Toms TEA"
    assert words_of("煎锅") == "煎锅 煎 锅"
    assert words_of("\ud800 …") == ""
