import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.surfaces import product
from shopkeeper.surfaces.assortment import lay_out
from shopkeeper.surfaces.visit import Visit
from tests.surfaces import stock as made

DATA = made.dataset()
MODEL = made.model(DATA)


@pytest.mark.parametrize("item", range(0, 120, 17))
def test_a_product_page_shows_its_own_kind_and_what_goes_along(item):
    visit = made.visit(DATA, MODEL, 3)
    similar, together = product.product_rows(visit, item, 6)
    assert similar is not None
    kind = visit.stock.texts[c.CATEGORY2][item]
    assert {card.category2 for card in similar.cards} == {kind}
    shown = [card.item_id for row in (similar, together) if row for card in row.cards]
    assert len(set(shown)) == len(shown)
    assert visit.stock.ids[item] not in shown
    if together:
        assert {card.reason.en for card in together.cards} == {f"Often bought with {visit.stock.title(item)}"}


def test_similar_items_are_what_goes_along_filled_from_the_same_kind():
    visit = made.visit(DATA, MODEL, None)
    cards = product.similar_cards(visit, 5, 30)
    ids = [card.item_id for card in cards]
    assert len(set(ids)) == len(ids)
    assert visit.stock.ids[5] not in ids
    assert all(card.in_stock for card in cards)
    expected = visit.going_with([5], 4, allowed=visit.stock.in_stock)
    assert ids[:4] == [visit.stock.ids[code] for code in expected.items]
    assert len(product.similar_cards(visit, 5, 3)) == 3


def test_what_goes_with_several_items_adds_up():
    visit = made.visit(DATA, MODEL, None)
    allowed = np.ones(visit.stock.known, bool)
    one, two = (visit.going_with([item], 200, allowed=allowed) for item in (5, 60))
    both = visit.going_with([5, 60], 200, allowed=allowed)
    plain: dict[int, float] = {}
    for part in (one, two):
        for code, score in zip(part.items, part.scores, strict=True):
            plain[code] = plain.get(code, 0.0) + score
    del plain[5], plain[60]
    assert both.items == sorted(plain, key=lambda code: (-plain[code], code))


def test_a_category_page_has_all_its_products_the_persons_own_first():
    visit = made.visit(DATA, MODEL, 3)
    category = int(np.argmax(visit.tastes))
    cards = product.category_cards(visit, category, 100)
    inside = {
        visit.stock.look[code]
        for code in np.flatnonzero(visit.stock.showable & (visit.stock.category == category))
    }
    assert {visit.stock.look[visit.stock.codes[card.item_id]] for card in cards} == inside
    assert len(cards) == len(inside)
    assert cards[0].source
    assert product.category_cards(visit, category, 5) == cards[:5]


def test_items_newer_than_the_model_have_pages_too():
    new = pl.DataFrame(
        [{c.ITEM_ID: "new", c.TITLE: "New", c.CATEGORY: "Category 1", c.CATEGORY2: "Kind 1 0"}]
    )
    live = pl.concat([made.catalogue(), new], how="diagonal_relaxed")
    plain = made.visit(DATA, MODEL, 3)
    visit = Visit(MODEL, lay_out(DATA.items, live, currency="EUR"), plain.histories, made.NOW)
    code = visit.stock.code("new")
    similar, together = product.product_rows(visit, code, 4)
    assert similar is not None
    assert together is None
    assert product.explained_card(visit, code).item_id == "new"
    assert "new" in {card.item_id for card in product.category_cards(visit, 1, 100)}


def test_without_a_model_a_product_stands_alone():
    visit = made.visit(DATA, None, None)
    assert product.product_rows(visit, 3, 6) == (None, None)
    assert product.explained_card(visit, 3).source == ""
    assert len(product.category_cards(visit, 0, 10)) == 10
