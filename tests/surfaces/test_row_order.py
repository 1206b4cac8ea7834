"""The order of rows: its chance is known exactly."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from shopkeeper.surfaces import homepage
from shopkeeper.surfaces.row_order import AS_GIVEN, ROWS, RowOrder, draw_order
from tests.surfaces import stock as made

WORLDS = np.random.default_rng(0).random((16, len(ROWS)))
DATA = made.dataset()
MODEL = made.model(DATA)


def test_without_worlds_rows_stand_as_given():
    assert draw_order(WORLDS[:0], np.random.default_rng(0)) is AS_GIVEN
    assert AS_GIVEN.places(("new", "for_you")) == [0, 1]
    assert AS_GIVEN.chance(("new", "for_you")) == 1


def test_the_chance_of_an_order_is_how_often_it_is_drawn():
    names = ("for_you", "because", "explore")
    rng = np.random.default_rng(1)
    drawn: Counter[tuple[str, ...]] = Counter()
    for _ in range(4_000):
        order = draw_order(WORLDS, rng)
        drawn[tuple(names[i] for i in order.places(names))] += 1
    chances = {some: RowOrder(WORLDS[0], WORLDS).chance(some) for some in permutations(names)}
    assert sum(chances.values()) == pytest.approx(1)
    for some, chance in chances.items():
        assert drawn[some] / 4_000 == pytest.approx(chance, abs=0.03)


def test_a_page_stands_in_the_order_that_was_drawn_and_says_its_chance():
    visit = made.visit(DATA, MODEL, 3)
    usual = homepage.compose(visit, 4)
    worth = np.linspace(0, 1, len(ROWS))
    for worlds, chance in ((worth[None], 1.0), (np.stack([worth, worth[::-1]]), 0.5)):
        rows = homepage.composed(visit, 4, order=RowOrder(worth, worlds)).rows
        names = [row.name for row in rows if row.name != "popular"]
        assert names[0] != usual[0].name
        assert names == sorted(names, key=ROWS.index, reverse=True)
        assert {row.placed for row in rows} == {chance}
    assert {row.placed for row in usual} == {1.0}


def test_every_learned_row_has_a_name_of_its_own():
    assert sorted(homepage._LEARNED.values()) == sorted(ROWS)
