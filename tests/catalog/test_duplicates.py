import re

import numpy as np

from shopkeeper.catalog import duplicates
from shopkeeper.catalog.duplicates import near_duplicates
from tests.catalog.goods import encoder, goods

TITLES = [
    "Acorn ceramic teapot red",
    "ACORN Ceramic Teapot, red",
    "Acorn ceramic teapot 2 l red",
    "Acorn ceramic teapot blue",
    "红色陶瓷茶壶",
    "红色 陶瓷茶壶",
    "",
    "",
]


def pairs(*columns, titles=TITLES):
    return {(one.first, one.second) for one in near_duplicates(encoder().encode(titles), titles, *columns)}


def test_the_same_thing_twice_is_found_and_other_sizes_are_not():
    assert pairs() == {(0, 1), (4, 5)}


def test_brands_and_prices_must_agree_where_there_are_two():
    assert (0, 1) not in pairs(["Acorn", "Birch", *[None] * 6])
    assert (0, 1) in pairs(["Acorn", "acorn ", *[None] * 6])
    assert (0, 1) in pairs(["Acorn", None, *[None] * 6], [10.0, 9.0, *[None] * 6])
    assert (0, 1) not in pairs([], [10.0, 5.0, *[None] * 6])


def test_blocks_find_what_comparing_one_by_one_finds(monkeypatch):
    monkeypatch.setattr(duplicates, "_BLOCK", 7)
    titles = goods(90, silent=0.3)["title"].to_list()
    vectors = encoder().encode(titles)
    words = [set(re.findall(r"\w+", title.lower())) for title in titles]

    def alike(a, b):
        near, both = vectors[a] @ vectors[b], len(words[a] & words[b])
        whole = both == min(len(words[a]), len(words[b])) or near >= 0.95
        return near >= 0.75 and whole and both / len(words[a] | words[b]) >= 0.75

    expected = {(a, b) for a in range(90) for b in range(a + 1, 90) if alike(a, b)}
    told = []
    found = near_duplicates(vectors, titles, progress=lambda *done: told.append(done))
    assert {(one.first, one.second) for one in found} == expected
    assert len(expected) > 20
    assert [one.likeness for one in found] == sorted((one.likeness for one in found), reverse=True)
    assert told[-1] == (90, 90)


def test_nothing():
    assert near_duplicates(np.zeros((0, 4), np.float32), []) == []
