import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.recommenders.model import Model
from shopkeeper.surfaces import homepage
from shopkeeper.surfaces.assortment import lay_out
from shopkeeper.surfaces.composer import FEWEST
from shopkeeper.surfaces.slate import alike
from shopkeeper.surfaces.visit import Visit
from tests.surfaces import stock as made

DATA = made.dataset()
MODEL = made.model(DATA)


def names(rows):
    return [row.name for row in rows]


def codes(visit, row):
    return [visit.stock.codes[card.item_id] for card in row.cards]


@pytest.mark.parametrize("person", [None, *range(0, 30, 6)])
@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("k", [4, 12])
def test_a_page_shows_nothing_twice_nothing_sold_out_and_no_neighbours_that_read_alike(person, trained, k):
    visit = made.visit(DATA, MODEL if trained else None, person, cart=(3,) if person and trained else ())
    rows = homepage.compose(visit, k)
    shown = [code for row in rows for code in codes(visit, row)]
    assert len(rows) >= 4
    assert len(set(shown)) == len(shown)
    assert len({visit.stock.look[code] for code in shown}) == len(shown)
    assert visit.stock.showable[shown].all()
    for row in rows:
        assert FEWEST <= len(row.cards) <= k
        assert row.title_en
        assert row.title_zh
        cards = codes(visit, row)
        assert not any(alike(visit.stock, a, b) for a, b in itertools.pairwise(cards))


def test_known_people_get_their_own_shelves_first():
    rows = homepage.compose(made.visit(DATA, MODEL, 3), 4)
    assert names(rows)[:3] == ["for_you", "buy_again", "because"]
    assert {"trending", "explore"} <= set(names(rows))
    buy_again = next(row for row in rows if row.name == "buy_again")
    own = {DATA.items.ids[code] for code in made.visit(DATA, MODEL, 3).histories.summary_items}
    assert {card.item_id for card in buy_again.cards} <= own
    assert all(card.reason.en.startswith("You bought") for card in buy_again.cards)


def test_who_always_takes_the_same_is_shown_something_new_among_it():
    for person in range(0, 30, 5):
        visit = made.visit(DATA, MODEL, person)
        (row, *_) = homepage.compose(visit, 8)
        best = visit.ask(visit.default(), 1, allowed=visit.stock.showable)
        met = [code in visit.met for code in codes(visit, row)]
        assert codes(visit, row)[0] == best.items[0]
        assert 0 < sum(met) <= 5


def test_different_people_get_different_pages():
    pages = {homepage.compose(made.visit(DATA, MODEL, person), 8) for person in range(8)}
    assert len(pages) == 8


def test_a_guest_gets_a_full_page_of_what_everybody_likes():
    rows = homepage.compose(made.visit(DATA, MODEL, None), 6)
    assert names(rows)[0] == "popular"
    assert names(rows).count("popular_in") >= 4
    assert len({row.title_en for row in rows}) == len(rows)


def test_the_cart_brings_a_shelf_and_its_items_are_not_offered_again():
    rows = homepage.compose(made.visit(DATA, MODEL, 3, cart=(5, 6)), 6)
    assert "with_cart" in names(rows)
    for row in rows:
        if row.name in ("for_you", "with_cart", "buy_again"):
            assert not {DATA.items.ids[5], DATA.items.ids[6]} & {card.item_id for card in row.cards}


def test_shelves_that_follow_from_an_item_name_it_as_evidence():
    rows = homepage.compose(made.visit(DATA, MODEL, 3), 4)
    for row in (row for row in rows if row.name == "because"):
        (anchor,) = {card.evidence_item_ids for card in row.cards}
        title = MODEL.items.table.filter(item_id=anchor[0])[c.TITLE].item()
        assert row.title_en.endswith(title)


def test_evidence_is_always_of_the_persons_own_history_or_cart():
    visit = made.visit(DATA, MODEL, 7)
    own = {visit.stock.ids[code] for code in visit.histories.summary_items}
    for row in homepage.compose(visit, 12):
        for card in row.cards:
            assert set(card.evidence_item_ids) <= own


@pytest.mark.parametrize("missing", ["popular", "trending", "cooccurrence", "repeat"])
def test_a_model_without_a_part_still_makes_a_page(missing):
    parts = {name: part for name, part in MODEL.parts.items() if name != missing}
    model = Model("v", MODEL.items, MODEL.default, parts)
    for person in (None, 4):
        assert len(homepage.compose(made.visit(DATA, model, person), 6)) >= 2


def test_new_items_the_model_has_never_seen_are_shown_to_those_who_like_their_category():
    visit = made.visit(DATA, MODEL, 2)
    best = visit.stock.categories[int(np.argmax(visit.tastes))]
    fresh = pl.DataFrame(
        [
            {
                c.ITEM_ID: f"new-{i}",
                c.TITLE: f"Fresh {i}",
                c.CATEGORY: best,
                c.CREATED_AT: made.NOW - i * DAY_MS,
            }
            for i in range(6)
        ]
    )
    live = pl.concat([made.catalogue(), fresh], how="diagonal_relaxed")
    stock = lay_out(DATA.items, live, currency="EUR")
    rows = homepage.compose(Visit(MODEL, stock, visit.histories, made.NOW), 6)
    shelf = next(row for row in rows if row.name == "new")
    assert [card.item_id for card in shelf.cards] == [f"new-{i}" for i in range(6)]
    assert {card.reason.en for card in shelf.cards} == {f"New in {best}"}


@given(
    st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 9), st.booleans()), max_size=30),
    st.lists(st.sampled_from([0.0, 0.25, 0.5]), min_size=4, max_size=4),
    st.integers(-1, 10),
)
def test_what_is_new_is_what_a_plain_reading_finds(items, tastes, since):
    stock = made.assortment(
        [
            {
                c.ITEM_ID: f"{n:02}",
                c.TITLE: f"Title {n}",
                c.CATEGORY: f"Category {category}" if category >= 0 else None,
                c.CREATED_AT: created,
                c.IN_STOCK: in_stock,
            }
            for n, (category, created, in_stock) in enumerate([*items, (0, 0, True)])
        ]
    )
    own = np.array(tastes[: len(stock.categories)], np.float32)
    plain = [
        n
        for n in range(len(stock))
        if stock.offered[n]
        and own[stock.category[n]] > 0 <= stock.category[n]
        and stock.created_at[n] > since
    ]
    expected = sorted(plain, key=lambda n: (-own[stock.category[n]], -stock.created_at[n], n))
    assert list(homepage._newest(stock, own, own > 0, since)) == expected


def test_something_different_comes_from_where_the_person_spends_least():
    visit = made.visit(DATA, MODEL, 5)
    row = next(row for row in homepage.compose(visit, 4) if row.name == "explore")
    least = sorted(visit.tastes)[len(visit.tastes) // 2]
    own = {visit.stock.ids[code] for code in visit.histories.summary_items}
    for code in codes(visit, row):
        assert visit.tastes[visit.stock.category[code]] <= least
        assert visit.stock.ids[code] not in own


def test_categories_stand_in_personal_order():
    visit = made.visit(DATA, MODEL, 2)
    links = homepage.categories(visit)
    shares = [link.share for link in links]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0, abs=1e-3)
    assert sum(link.count for link in links) == visit.stock.showable.sum()
    assert {link.share for link in homepage.categories(made.visit(DATA, MODEL, None))} == {0.0}


def test_a_shop_without_categories_has_a_page():
    plain = made.catalogue().select(c.ITEM_ID, c.TITLE)
    for model in (MODEL, None):
        known = made.visit(DATA, model, 4)
        items = DATA.items if model else type(DATA.items).of([])
        visit = Visit(model, lay_out(items, plain, currency="EUR"), known.histories, made.NOW)
        assert homepage.compose(visit, 6)
        assert homepage.categories(visit) == ()


def test_a_tiny_shop_has_no_broken_shelves():
    stock = made.assortment([{c.ITEM_ID: "a", c.TITLE: "A"}], known=[])
    visit = Visit(None, stock, made.visit(DATA, None, None).histories, made.NOW)
    assert homepage.compose(visit, 6) == ()


def restricted(category: str) -> pl.DataFrame:
    """The catalogue with one category for grown-ups only."""
    grown_up = pl.when(pl.col(c.CATEGORY) == category).then(pl.lit('{"age_restricted": true}'))
    return made.catalogue().with_columns(grown_up.alias(c.ATTRIBUTES))


@pytest.mark.parametrize("person", [0, 6, 12, None])
@pytest.mark.parametrize("trained", [True, False])
def test_what_is_for_grown_ups_is_shown_to_who_took_it_and_to_nobody_else(person, trained):
    visit = made.visit(DATA, MODEL if trained else None, person if trained else None)
    best = visit.stock.categories[int(np.argmax(visit.tastes))]
    stock = lay_out(DATA.items if trained else ItemIndex.of([]), restricted(best), currency="EUR")
    rows = homepage.compose(Visit(visit.model, stock, visit.histories, made.NOW), 8)
    assert len(rows) >= 3
    mine = set(visit.histories.summary_items.tolist())
    for row in rows:
        shown = [stock.codes[card.item_id] for card in row.cards if stock.reserved[stock.codes[card.item_id]]]
        assert row.name == "buy_again" or not shown
        assert set(shown) <= mine
        assert not any(
            stock.reserved[stock.codes[item]]
            for card in row.cards
            for item in card.evidence_item_ids
            if row.name == "because"
        )
