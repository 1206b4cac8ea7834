"""What is wished for comes first, what is ruled out never, and nobody is told they did what they did not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.errors import InvalidQuery, InvalidRequest
from shopkeeper.core.types import EventType
from shopkeeper.data.histories import summarise
from shopkeeper.features.searchable import searchable
from shopkeeper.retrieval.words import Words
from shopkeeper.surfaces import homepage
from shopkeeper.surfaces.search import Index
from shopkeeper.surfaces.styles import style_code, styles
from shopkeeper.surfaces.wish import MOST_NAMED, NO_WISH, Wish, grant, led, together, without
from tests.surfaces import stock as made

DATA = made.dataset()
MODEL = made.model(DATA)
INDEX = Index(tuple(made.catalogue()["item_id"].to_list()), Words.of(searchable(made.catalogue())))


def granted(wish, person=None, model=MODEL, k=6):
    return grant(made.visit(DATA, model, person), wish, k, lambda: INDEX)


def unasked():
    raise AssertionError("nobody typed anything")


def page(wish, person=None, model=MODEL, k=6):
    visit, parts = granted(wish, person, model, k)
    return homepage.compose(visit, k, parts)


@pytest.mark.parametrize("person", [None, 3])
@pytest.mark.parametrize("trained", [True, False])
def test_a_sentence_leads_the_page_and_what_follows_hears_it(person, trained):
    first, *rest = page(Wish(words="sort 3"), person, MODEL if trained else None)
    assert (first.name, first.title_en, first.title_zh) == ("wished", "For “sort 3”", "为您找到“sort 3”")
    assert {card.category3 for card in first.cards[:2]} <= {f"Sort {group} 3" for group in range(6)}
    assert len(rest) >= 3
    if trained and person is None:
        assert "for_you" in [row.name for row in rest]
        guests = {row.name for row in homepage.compose(made.visit(DATA, MODEL, None), 6)}
        assert "for_you" not in guests


def test_prices_in_a_sentence_are_bounds():
    first = page(Wish(words="product under 4 dollars"))[0]
    assert all(card.price <= 4 for card in first.cards)


def test_no_reason_and_no_evidence_claims_what_nobody_did():
    visit, parts = granted(Wish(words="sort 3", more_like=("2-05",)), person=4)
    own = {visit.stock.ids[item] for item in made.visit(DATA, MODEL, 4).met}
    rows = homepage.compose(visit, 6, parts)
    titles = {part.title.en for part in parts}
    for row in rows:
        for card in row.cards:
            assert set(card.evidence_item_ids) <= own
            if card.item_id not in own:
                assert not card.reason.en.startswith(("You bought this", "You looked at"))
            if card.reason.en.startswith(("For “", "More like ")):
                assert card.reason.en in titles
    assert visit.last_items == made.visit(DATA, MODEL, 4).last_items


def test_more_like_that_is_of_its_company():
    first = page(Wish(more_like=("2-05",)))[0]
    assert first.name == "more_like"
    assert first.title_en == "More like Product 2 5"
    assert "2-05" not in [card.item_id for card in first.cards]
    assert {card.category2 for card in first.cards[:3]} == {"Kind 2 2"}


def test_not_this_nor_what_reads_like_it_on_any_shelf():
    visit = made.visit(DATA, MODEL, 3)
    unwanted = [visit.stock.ids[item] for item in visit.last_items[:3]]
    stock = visit.stock
    gone = {
        stock.ids[code]
        for name in unwanted
        for code in range(len(stock))
        if stock.kin[code] == stock.kin[stock.codes[name]]
        or stock.look[code] == stock.look[stock.codes[name]]
    }
    rows = page(Wish(not_this=tuple(unwanted)), 3)
    shown = {card.item_id for row in rows for card in row.cards}
    assert shown
    assert not shown & gone
    assert not {name for row in rows for card in row.cards for name in card.evidence_item_ids} & set(unwanted)


def test_cheaper_means_of_its_kind_and_leaves_others_alone():
    rows = page(Wish(cheaper_than=("2-10",)))
    assert rows[0].name == "cheaper"
    assert {card.category2 for card in rows[0].cards} == {"Kind 2 1"}
    for row in rows:
        for card in row.cards:
            assert card.category2 != "Kind 2 1" or card.price < 11.0
    assert any(card.price > 11.0 for row in rows for card in row.cards)


def test_of_a_whole_shelf_the_middle_price_is_the_bound():
    visit, parts = granted(Wish(cheaper_than=("2-01", "2-04", "2-10", "nothing")))
    assert parts == ()
    barred = {visit.stock.ids[code] for code in np.flatnonzero(visit.barred)}
    kind = [code for code in range(len(visit.stock)) if visit.stock.texts["category2"][code] == "Kind 2 1"]
    assert barred == {visit.stock.ids[code] for code in kind if visit.stock.prices[code] >= 5.0}


def test_styles_are_of_different_categories_and_a_chosen_one_leads():
    visit = made.visit(DATA, MODEL, None)
    found = styles(visit)
    assert 2 <= len(found) <= 6
    assert len({style.cards[0].category for style in found}) == min(6, len(found))
    for style in found:
        assert {card.category2 for card in style.cards} == {style.name}
    first = page(Wish(style=found[1].name))[0]
    assert first.name == "style"
    assert {card.category2 for card in first.cards} == {found[1].name}
    untrained = made.visit(DATA, None, None)
    assert len(styles(untrained)) >= 2
    assert page(Wish(style=found[1].name), model=None)[0].name == "style"
    with pytest.raises(InvalidRequest, match="style = 'none such' is no style"):
        style_code(visit.stock, "none such")


def test_the_index_is_asked_for_sentences_alone():
    visit = made.visit(DATA, MODEL, None)
    grant(visit, Wish(style="Kind 2 1", more_like=("2-05",), not_this=("1-01",)), 6, unasked)


def test_one_list_takes_from_each_part_in_turn_within_bounds():
    visit, parts = granted(Wish(words="sort 3", more_like=("2-05",)))
    among = visit.open & (visit.stock.category == 2)
    found = together(parts, among, 5)
    assert len(found) == len(dict(found)) == 5
    assert all(visit.stock.category[item] == 2 for item, _ in found)
    assert {part.name for _, part in found[:2]} == {"wished", "more_like"}
    assert together((), visit.open, 5) == []


def test_what_is_too_much_is_refused():
    assert not NO_WISH
    assert Wish(words="tea")
    with pytest.raises(InvalidRequest, match=f"not_this names {MOST_NAMED + 1} items: at most {MOST_NAMED}"):
        Wish(not_this=("x",) * (MOST_NAMED + 1)).checked()
    with pytest.raises(InvalidQuery):
        Wish(words="x" * 501).checked()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 29),
    st.lists(st.integers(0, 119), unique=True, max_size=5),
    st.lists(st.integers(0, 119), unique=True, max_size=5),
)
def test_a_history_that_is_led_is_one_rebuilt_from_its_events(person, added, removed):
    visit = made.visit(DATA, MODEL, person)
    kinds = [EventType.view_item] * len(added)
    found = led(
        without(visit.histories, np.array(removed, np.int32)), np.array(added, np.int32), kinds, visit.as_of
    )
    kept = ~np.isin(visit.histories.items, removed)
    items = np.concatenate([visit.histories.items[kept], np.array(added, np.int32)])
    times = np.concatenate([visit.histories.times[kept], np.full(len(added), visit.as_of - 1)])
    assert found.items.tolist() == items.tolist()
    assert found.times.tolist() == times.tolist()
    assert found.offsets.tolist() == [0, len(items)]
    summary = summarise(1, np.zeros(len(items), np.int64), items, times)
    names = ("summary_offsets", "summary_items", "summary_counts", "summary_first", "summary_last")
    for name, expected in zip(names, map(np.asarray, summary), strict=True):
        assert getattr(found, name).tolist() == expected.tolist()
        assert getattr(found, name).dtype == expected.dtype
    assert replace(visit, histories=found).is_known == bool(len(items))
