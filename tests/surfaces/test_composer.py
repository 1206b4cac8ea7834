from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.surfaces.composer import Composer
from shopkeeper.surfaces.page import Reason
from shopkeeper.surfaces.slate import offered
from tests.surfaces import stock as made

DATA = made.dataset()
MODEL = made.model(DATA)
TITLE = Reason("A shelf", "货架")


class Counted:
    """A recommender that counts how often it is asked to explain."""

    def __init__(self, inner):
        self._inner = inner
        self.asked = 0

    def recommend(self, requests, k):
        return self._inner.recommend(requests, k)

    def explain(self, request, items):
        self.asked += 1
        return self._inner.explain(request, items)


@pytest.mark.parametrize("person", range(0, 30, 6))
def test_reasons_asked_for_at_once_are_those_asked_for_shelf_by_shelf(person):
    counted = Counted(MODEL.default)
    visit = made.visit(DATA, replace(MODEL, default=counted), person)
    page = Composer(visit, 5)
    allowed = offered(visit.stock)
    rankings = [
        visit.ask(counted, 40, allowed=allowed),
        visit.ask(visit.part("popular"), 40, allowed=allowed),
        visit.ask(counted, 40, allowed=allowed & (np.arange(len(allowed)) % 2 == 0)),
    ]
    for ranked in rankings:
        page.put("shelf", TITLE, ranked)
    rows = page.said()
    assert counted.asked == 1
    assert len(rows) == 3
    for ranked, row in zip(rankings, rows, strict=True):
        chosen = [visit.stock.codes[card.item_id] for card in row.cards]
        assert row.cards == visit.cards(ranked, chosen)
    assert any(card.evidence_item_ids for row in rows for card in row.cards)
