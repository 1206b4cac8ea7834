from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.types import Floats
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.encoders.base import unit
from shopkeeper.features.searchable import searchable
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.recommenders.model import Model
from shopkeeper.retrieval.vectors import Neighbours
from shopkeeper.retrieval.words import Words
from shopkeeper.surfaces.assortment import lay_out
from shopkeeper.surfaces.page import Facets
from shopkeeper.surfaces.query import Bounds, read_query
from shopkeeper.surfaces.search import Index, search
from tests.surfaces import stock

IDS = tuple(stock.catalogue()["item_id"].to_list())
NO_ITEMS = stock.catalogue().clear()


class Letters:
    """Reads a text by how often each letter stands in it: enough to have a meaning of its own."""

    id, dim = "letters", 128

    def encode(self, values: Sequence[str]) -> Floats:
        rows = [
            np.bincount([min(ord(char), 127) for char in value] or [0], minlength=128) for value in values
        ]
        return unit(np.array(rows, np.float32))


@pytest.fixture(scope="module")
def data():
    return stock.dataset()


@pytest.fixture(scope="module")
def model(data):
    return stock.model(data)


@pytest.fixture(scope="module")
def words() -> Index:
    return Index(IDS, Words.of(searchable(stock.catalogue())))


@pytest.fixture(scope="module")
def both(words) -> Index:
    encoder = Letters()
    vectors = encoder.encode(stock.catalogue()["title"].to_list())
    return Index(IDS, words.words, Neighbours.of(vectors, encoder.id), encoder)


def test_by_words_alone_everything_matched_by_words(data, words):
    hits, facets, count = search(stock.visit(data, None, None), words, read_query("sort 3"), 5)
    assert len(hits) == 5
    assert {hit.matched for hit in hits} == {"words"}
    assert {hit.category for hit in hits[:1]} == {"Category 3"}
    assert sum(one.count for one in facets.categories) == count
    assert all(hit.reason.en and hit.reason.zh for hit in hits)


def test_meaning_finds_what_words_do_not(data, both):
    hits, _, _ = search(stock.visit(data, None, None), both, read_query("tcudorp"), 5)
    assert {hit.matched for hit in hits} == {"meaning"}
    hits, _, _ = search(stock.visit(data, None, None), both, read_query("product 3 11"), 5)
    assert hits[0].matched == "both"
    assert hits[0].title == "Product 3 11"
    assert hits[0].score == pytest.approx(1, abs=0.1)


def test_every_result_lies_within_the_bounds_and_facets_count_them(data, both):
    bounds = Bounds(brand="House", min_price=3, max_price=9, in_stock=True)
    hits, facets, count = search(stock.visit(data, None, None), both, read_query("product", bounds), 100)
    assert len(hits) == count > 5
    assert all(hit.brand == "House" and hit.price and 3 <= hit.price <= 9 and hit.in_stock for hit in hits)
    assert [(one.name, one.count) for one in facets.brands] == [("House", count)]
    for band in facets.prices:
        assert band.count == sum(band.low <= (hit.price or -1) <= band.high for hit in hits)


@pytest.mark.parametrize("typed", ["🙂", "?! ...", "、。"])
def test_marks_alone_find_nothing(data, both, typed):
    assert search(stock.visit(data, None, None), both, read_query(typed), 5)[0] == ()


def test_a_person_s_own_come_first_among_equals_and_say_so(data, model, words):
    asked = read_query("product")
    guest, _, count = search(stock.visit(data, model, None), words, asked, 60)
    orders = set()
    for person in range(4):
        visit = stock.visit(data, model, person)
        hits, _, found = search(visit, words, asked, 60)
        assert found == count
        met = {visit.stock.ids[code] for code in visit.met}
        assert sum(hit.item_id in met for hit in hits[:10]) > sum(hit.item_id in met for hit in guest[:10])
        assert any("You bought this" in hit.reason.en or "Because" in hit.reason.en for hit in hits)
        orders.add(tuple(hit.item_id for hit in hits))
    assert len(orders) == 4


def test_taste_does_not_overrule_what_was_asked_for(data, model, both):
    for person in range(5):
        hits, _, _ = search(stock.visit(data, model, person), both, read_query("product 3 11"), 3)
        assert hits[0].title == "Product 3 11"


def test_a_price_alone_lists_what_costs_that(data, model, words):
    hits, _, count = search(stock.visit(data, model, 1), words, read_query("under 4"), 100)
    assert count == len(hits) == 24
    assert all(hit.price and hit.price <= 4 for hit in hits)
    guest, _, _ = search(stock.visit(data, None, None), words, read_query("under 4"), 100)
    assert {hit.item_id for hit in guest} == {hit.item_id for hit in hits}


def test_items_the_shop_no_longer_has_are_left_out(data, words):
    visit = stock.visit(data, None, None)
    index = Index(("gone", *IDS[1:]), words.words)
    hits, _, _ = search(visit, index, read_query("product"), 200)
    assert len(hits) == len(IDS) - 1
    assert IDS[0] not in {hit.item_id for hit in hits}


def test_a_catalogue_that_was_emptied_finds_nothing(data, both):
    empty = replace(stock.visit(data, None, None), stock=lay_out(ItemIndex.of([]), NO_ITEMS, currency="EUR"))
    for typed in ("product", "under 4"):
        assert search(empty, both, read_query(typed), 5) == ((), Facets((), (), ()), 0)


def test_places_are_looked_up_once_for_each_assortment(data, words):
    visit, other = stock.visit(data, None, None), stock.visit(data, None, None)
    assert words.places(visit.stock) is words.places(visit.stock)
    assert words.places(other.stock) is not words.places(visit.stock)
    assert words.places(visit.stock).tolist() == [visit.stock.codes[item] for item in IDS]


def test_what_the_model_does_not_know_is_ordered_by_interests(data, model, both):
    visit = stock.visit(data, model, 2)
    items = np.arange(len(visit.stock), dtype=np.int32)
    liking = both.liking(visit, items)
    assert ((liking >= 0) & (liking <= 1)).all()
    assert liking[sorted(visit.met)].mean() > liking.mean()
    silent = Index(
        both.ids[:60], both.words, Neighbours.of(both.neighbours.vectors[:60], "letters"), Letters()
    )
    assert not silent.liking(visit, items)[[visit.stock.codes[name] for name in IDS[60:]]].any()
    assert not both.liking(stock.visit(data, None, None), items).any()
    nothing = Index(IDS, both.words)
    assert not nothing.liking(visit, items).any()
    # A model that knows nothing of an item leaves it to the interests of the person.
    silence = data.where(np.zeros(len(data), bool))
    mute = Model("v0", data.items, Cooccurrence().fit(silence), {})
    asked = read_query("product")
    first, _, _ = search(replace(visit, model=mute), both, asked, 120)
    plain, _, _ = search(stock.visit(data, mute, None), both, asked, 120)
    own = {visit.stock.ids[code] for code in visit.met}
    place = lambda hits: np.mean([n for n, hit in enumerate(hits) if hit.item_id in own])  # noqa: E731
    assert place(first) < place(plain)
