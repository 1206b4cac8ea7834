"""Untouched items in answers: now and then, in their place, by their own name; decided by the request id."""

import json

import numpy as np
import pytest

from shopkeeper.core import columns as c
from shopkeeper.recommenders.fresh import MOST, PLACE
from shopkeeper.training.promote import MANIFEST, current_version
from tests.serving import world


@pytest.fixture
def service(folder):
    """Validation loved untouched items, and some came after the model."""
    manifest = folder / "models" / current_version(folder / "models") / MANIFEST
    told = json.loads(manifest.read_text())
    told["tried"] = {"fresh": {"shown": 100, "taken": 50}, "usual": {"shown": 100, "taken": 5}}
    manifest.write_text(json.dumps(told))
    service = world.open_service(folder)
    rows = [
        {**row, c.ITEM_ID: f"new-{row[c.ITEM_ID]}", c.TITLE: f"New {row[c.TITLE]}", c.IN_STOCK: True}
        for row in world.item_rows()[::5]
    ]
    world.put_items(service.store, rows)
    yield service
    service.close()


def test_some_answers_try_one_and_say_so(service):
    person = service.person(customer_id="3")
    usual = None
    tried = []
    for _ in range(150):
        answer = service.recommend(person, k=8)
        chance = [card for card in answer.items if card.source == "explore"]
        assert len(answer.items) == len({card.item_id for card in answer.items}) == 8
        if chance:
            (card,) = chance
            assert answer.items.index(card) == PLACE
            assert card.item_id.startswith("new-")
            assert 0 < card.probability <= MOST
            assert card.evidence_item_ids == ()
            drawn = np.random.default_rng(int(answer.request_id, 16)).random() < MOST
            assert drawn
            others = [other.item_id for other in answer.items if other is not card]
            assert usual is None or others == usual[:7]
            tried.append(card.item_id)
        else:
            usual = usual or [card.item_id for card in answer.items]
            assert [card.item_id for card in answer.items] == usual
            assert {card.probability for card in answer.items} == {1.0}
    assert 8 <= len(tried) <= 60
    assert len(set(tried)) > 1


def test_bounds_hold_for_what_is_tried(service):
    person = service.person(customer_id="3")
    for category in world.CATEGORIES[:2]:
        for _ in range(40):
            answer = service.recommend(person, k=8, category=category, exclude=["new-dairy-00"])
            assert {card.category for card in answer.items} == {category}
            assert "new-dairy-00" not in [card.item_id for card in answer.items]


def test_neither_guests_nor_other_surfaces_are_shown_any(service):
    for _ in range(40):
        guest = service.recommend(k=8)
        popular = service.recommend(service.person(customer_id="3"), k=8, surface="popular")
        assert "explore" not in {card.source for card in guest.items + popular.items}


def test_on_a_homepage_too(service):
    person = service.person(customer_id="3")
    pages = [service.homepage(person, k=8) for _ in range(60)]
    rows = [row for page in pages for row in page.rows if any(card.source == "explore" for card in row.cards)]
    assert rows
    assert {row.name for row in rows} == {"for_you"}
