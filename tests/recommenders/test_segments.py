"""Favourites of segments against the formula, person by person."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.data.attributes import AttributeIndex
from shopkeeper.recommenders.segments import Segments, SegmentsConfig
from tests.recommenders.worlds import ask, everything, names, shop

ATTRIBUTES = AttributeIndex(("age", "place"), (("old", "young"), ("north", "south")))
OLD, YOUNG, NORTH, SOUTH, UNKNOWN = 0, 1, 0, 1, -1


def segmented():
    """The old take i01, the young i02, the south i03 as well; of one person nothing is known."""
    rows = [(f"o{p}", "i01", 9) for p in range(6)] + [(f"y{p}", "i02", 9) for p in range(8)]
    rows += [(f"o{p}", "i03", 9) for p in range(3)] + [("z", "i04", 9)]
    dataset = shop(rows)
    codes = []
    for person in dataset.people:
        place = SOUTH if person in ("o0", "o1", "o2") else NORTH
        codes.append({"o": (OLD, place), "y": (YOUNG, NORTH), "z": (UNKNOWN, UNKNOWN)}[person[0]])
    return replace(dataset, attributes=ATTRIBUTES, person_attributes=np.array(codes, np.int32))


SHOP = segmented()


def asked(*codes):
    return replace(ask(SHOP, *([] for _ in codes)), attributes=np.array(codes, np.int32))


def plain(codes, shrinkage) -> list[float]:
    """The module's formula with everything counted one by one; all events are of one day."""
    share = [float(n) / len(SHOP) for n in SHOP.popularity]
    total, known = [0.0] * SHOP.n_items, 0
    for field, code in enumerate(codes):
        if code == UNKNOWN:
            continue
        known += 1
        inside = [
            i for i, p in zip(SHOP.item, SHOP.person, strict=True) if SHOP.person_attributes[p][field] == code
        ]
        for item in range(SHOP.n_items):
            total[item] += (inside.count(item) + shrinkage * share[item]) / (len(inside) + shrinkage)
    return [value / known for value in total] if known else share


@pytest.mark.parametrize("codes", [(OLD, NORTH), (YOUNG, UNKNOWN), (UNKNOWN, SOUTH), (UNKNOWN, UNKNOWN)])
@pytest.mark.parametrize("shrinkage", [0.5, 50.0])
def test_scores_are_the_formula(codes, shrinkage):
    model = Segments(SegmentsConfig(shrinkage)).fit(SHOP)
    requests = asked(codes)
    found = model.score(requests, everything(requests, SHOP.n_items))
    np.testing.assert_allclose(found, plain(codes, shrinkage), rtol=1e-5)


def test_somebody_who_did_nothing_gets_the_favourites_of_their_like():
    model = Segments(SegmentsConfig(1.0)).fit(SHOP)
    answer = model.recommend(asked((OLD, UNKNOWN), (YOUNG, UNKNOWN), (UNKNOWN, UNKNOWN)), 1)
    assert names(SHOP, answer) == [["i01"], ["i02"], ["i02"]]


def test_a_small_segment_is_mostly_like_everybody():
    model = Segments(SegmentsConfig(1e6)).fit(SHOP)
    assert names(SHOP, model.recommend(asked((OLD, SOUTH)), 1)) == [["i02"]]
