import numpy as np
import pytest

from shopkeeper.surfaces.composer import Composer
from shopkeeper.surfaces.page import Reason
from shopkeeper.surfaces.slate import offered
from tests.surfaces import stock as made

DATA = made.dataset()
MODEL = made.model(DATA)
TITLE = Reason("A shelf", "货架")


@pytest.mark.parametrize("person", range(0, 30, 6))
def test_reasons_asked_for_at_once_are_those_asked_for_shelf_by_shelf(person):
    visit = made.visit(DATA, MODEL, person)
    page = Composer(visit, 5)
    allowed = offered(visit.stock)
    rankings = [
        visit.ask(visit.default(), 40, allowed=allowed),
        visit.ask(visit.part("popular"), 40, allowed=allowed),
        visit.ask(visit.default(), 40, allowed=allowed & (np.arange(len(allowed)) % 2 == 0)),
    ]
    for ranked in rankings:
        page.put("shelf", TITLE, ranked)
    rows = page.said()
    assert len(rows) == 3
    for ranked, row in zip(rankings, rows, strict=True):
        chosen = [visit.stock.codes[card.item_id] for card in row.cards]
        assert row.cards == visit.cards(ranked, chosen)
    assert any(card.evidence_item_ids for row in rows for card in row.cards)
