"""Variety against its formula, item by item, and in the lists that people see."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.surfaces import homepage
from shopkeeper.surfaces.listing import Asked, listed
from shopkeeper.surfaces.slate import eligible
from shopkeeper.surfaces.variety import AS_RANKED, Variety, alike, varied
from tests.surfaces import stock as made

DATA = made.dataset()
MODEL = made.model(DATA)
items = st.lists(
    st.tuples(st.integers(1, 50), st.integers(-1, 3), st.integers(-1, 2), st.integers(-1, 2)),
    min_size=1,
    max_size=14,
)
weights = st.sampled_from([0.0, 0.1, 0.3, 0.5])


def similarity(one, other):
    """Shared entries over the root of the product of how many each has."""
    known = [sum(entry >= 0 for entry in row) for row in (one, other)]
    shared = sum(a == b >= 0 for a, b in zip(one, other, strict=True))
    return shared / math.sqrt(known[0] * known[1]) if all(known) else 0.0


def distance(mix, chosen):
    """KL(p || .99 q + .01 p) over categories; without any, q is nothing."""
    counts, total = Counter(chosen), max(len(chosen), 1)
    smoothed = {group: 0.99 * counts[group] / total + 0.01 * p for group, p in enumerate(mix)}
    return sum(p * math.log(p / smoothed[group]) for group, p in enumerate(mix) if p > 0)


@given(items, st.lists(st.integers(0, 9), min_size=4, max_size=4), st.integers(1, 16), weights, weights)
def test_each_place_goes_to_the_best_by_the_formula(rows, taken, k, d, c):
    rows = sorted(rows, key=lambda row: -row[0])
    scores = np.array([row[0] for row in rows], np.float32)
    entries = [row[1:] for row in rows]
    mix = np.array(taken, float) / max(sum(taken), 1)
    found = varied(
        scores,
        alike(np.array(entries, np.int32)),
        np.array([row[1] for row in rows]),
        mix,
        k,
        Variety(d, c),
    ).tolist()
    assert len(set(found)) == len(found) == min(k, len(rows))
    for n, place in enumerate(found):
        before = found[:n]

        def value(i, before=before):
            groups = [rows[j][1] for j in (*before, i) if rows[j][1] >= 0]
            together = [similarity(entries[i], entries[j]) for j in before]
            off = distance(mix, groups) if any(taken) else 0.0
            worth = (1 - d - c) * scores[i] / scores[0] / math.log2(len(before) + 2)
            return worth - d * sum(together) / max(len(together), 1) - c * off

        free = [i for i in range(len(rows)) if i not in before]
        assert value(place) == pytest.approx(max(map(value, free)), abs=1e-5)


@given(items)
def test_a_list_that_gives_up_nothing_keeps_its_order(rows):
    scores = np.sort(np.array([row[0] for row in rows], np.float32))[::-1]
    entries = np.array([row[1:] for row in rows], np.int32)
    places = varied(scores, alike(entries), entries[:, 0], np.zeros(4), len(rows), AS_RANKED)
    assert scores[places].tolist() == scores.tolist()
    assert not AS_RANKED


def list_of(visit, k=10):
    asked = Asked("for_you", visit.default(), k, eligible(visit.stock))
    cards = listed(visit, asked, visit.open, (), lambda: np.random.default_rng(3)).cards
    return [visit.stock.codes[card.item_id] for card in cards]


def test_what_people_see_is_more_varied_and_as_mixed_as_what_they_take():
    apart, off = [], []
    for person in range(0, 30, 3):
        visit = made.visit(DATA, MODEL, person)
        for variety in (AS_RANKED, Variety(0.4), Variety(0.0, 0.4)):
            found = list_of(replace(visit, variety=variety))
            assert len(found) == len(set(found)) == 10
            alike_pairs = alike(visit.stock.entries[found])
            apart.append(1 - (alike_pairs.sum() - 10) / 90)
            off.append(distance(visit.tastes.tolist(), visit.stock.category[found].tolist()))
    assert np.mean(apart[1::3]) > np.mean(apart[::3])
    assert np.mean(off[2::3]) < np.mean(off[::3])


def test_the_homepage_is_varied_too_and_caps_hold_beside_it():
    from shopkeeper.core.rules import Rule
    from shopkeeper.surfaces.rules import lay

    visit = replace(made.visit(DATA, MODEL, 6), variety=Variety(0.3, 0.1))
    rule = Rule.model_validate({"name": "two", "action": "cap", "per": "category2", "most": 2})
    capped = replace(visit, ruled=lay([rule], visit.stock))
    kinds = Counter(visit.stock.kind[list_of(capped)].tolist())
    assert max(kinds.values()) <= 2
    assert next(row.name for row in homepage.compose(visit, 6)) == "for_you"


def test_a_level_counts_by_the_whole_path_to_it():
    stock = made.assortment(
        [
            {"item_id": "a", "title": "A", "category": "X", "category2": "Other", "brand": "B"},
            {"item_id": "b", "title": "B", "category": "Y", "category2": "Other", "brand": "B"},
            {"item_id": "c", "title": "C", "category": "X", "category2": "Other", "brand": None},
            {"item_id": "d", "title": "D", "category": None, "category2": None, "brand": None},
        ]
    )
    found = alike(stock.entries)
    assert found[0, 1] == pytest.approx(1 / 3)
    assert found[0, 2] == pytest.approx(2 / math.sqrt(6))
    assert found[3].tolist() == [0, 0, 0, 0]
