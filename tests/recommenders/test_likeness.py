"""Behaviour and content weighed by how much is known, against the formula item by item."""

import numpy as np
import pytest

from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.recommenders.likeness import SOURCES, similar
from tests.recommenders.worlds import names, shop

SHOP = shop([(f"p{p}", item, day) for p in range(9) for day, item in enumerate(["i00", "i04", "i08"])])
BEHAVIOUR, CONTENT = Cooccurrence().fit(SHOP), Content().fit(SHOP)


def plain(part, item: int) -> dict[int, float]:
    answer = part.similar(np.array([item], np.int32), 12)
    best = max(answer.scores, default=1.0)
    return dict(zip(answer.items.tolist(), (answer.scores / best).tolist(), strict=True))


@pytest.mark.parametrize("events", [0, 3, 10, 1000])
def test_scores_are_the_formula(events):
    items = np.arange(12, dtype=np.int32)
    answer = similar(BEHAVIOUR, CONTENT, np.full(12, events), items, 12)
    share = events / (events + 10)
    for item in range(12):
        b, m = plain(BEHAVIOUR, item), plain(CONTENT, item)
        expected = {other: share * b.get(other, 0) + (1 - share) * m.get(other, 0) for other in {*b, *m}}
        low, high = answer.offsets[item], answer.offsets[item + 1]
        found = dict(zip(answer.items[low:high].tolist(), answer.scores[low:high].tolist(), strict=True))
        assert found == pytest.approx({key: value for key, value in expected.items() if value > 0}, abs=1e-6)
        assert (np.diff(answer.scores[low:high]) <= 0).all()


def test_an_item_nobody_touched_goes_with_what_it_is_like():
    answer = similar(BEHAVIOUR, CONTENT, np.array([0]), SHOP.items.encode(["i11"]), 1)
    assert names(SHOP, answer) == [["i10"]]
    assert SOURCES[answer.sources[0]] == "content"


def test_a_well_known_item_goes_with_what_people_took_along():
    answer = similar(BEHAVIOUR, CONTENT, np.array([900]), SHOP.items.encode(["i00"]), 1)
    assert names(SHOP, answer) == [["i04"]]
