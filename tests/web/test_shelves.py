from dataclasses import replace

import pytest

from shopkeeper.surfaces.page import Card, Reason, Row
from shopkeeper.web import shelves
from shopkeeper.web.strings import Words

EN, ZH = Words("en"), Words("zh")
CARD = Card(
    item_id="a/b",
    title="Rye bread, large",
    title_zh="黑麦面包",
    price=2.5,
    currency="USD",
    category="Bakery",
    category2="Rye bread",
    category3="",
    brand="Old Mill",
    image_url="",
    url="",
    in_stock=True,
    reason=Reason("Popular with our customers", "大家都在买"),
    source="popular",
)


def test_what_the_title_says_is_not_said_again():
    assert shelves.subtitle_of(CARD, EN, CARD.title) == "Old Mill"
    assert shelves.subtitle_of(replace(CARD, category2=""), EN, CARD.title) == "Old Mill · Bakery"


def test_a_reason_that_all_cards_share_is_said_once():
    shelf = shelves.shelf_of(Row("popular", "Popular", "热销", (CARD, CARD)), EN, request_id="r")
    assert shelf.note == "Popular with our customers"
    assert {tile.reason for tile in shelf.tiles} == {""}
    other = replace(CARD, reason=Reason("New", "上新"))
    shelf = shelves.shelf_of(Row("popular", "Popular", "热销", (CARD, other)), EN, request_id="r")
    assert (shelf.note, [tile.reason for tile in shelf.tiles]) == ("", ["Popular with our customers", "New"])


def test_a_shelf_without_reasons_says_none():
    bare = replace(CARD, reason=Reason())
    shelf = shelves.shelf_of(Row("popular", "Popular", "热销", (bare, bare)), EN, request_id="r")
    assert (shelf.note, shelf.tiles[0].reason) == ("", "")


@pytest.mark.parametrize(("words", "title"), [(EN, "Popular in Bakery"), (ZH, "面包烘焙热销")])
def test_a_shelf_of_one_category_names_it_in_the_visitors_language_and_leads_there(words, title):
    row = Row("popular_in", "Popular in Bakery", "Bakery热销", (CARD, CARD))
    shelf = shelves.shelf_of(row, words, request_id="r")
    assert (shelf.title, shelf.more) == (title, "/category/Bakery")


def test_links_carry_the_answer_and_the_shelf_and_escape_the_id():
    tile = shelves.tile_of(CARD, EN, request_id="r1", shelf="for_you")
    assert tile.href == "/item/a%2Fb?from=r1&row=for_you"
    assert tile.add == "for_you:a/b"
    assert tile.picture == "/artwork/a%2Fb.svg"
    assert (tile.badge, tile.badge_kind) == ("Bestseller", "popular")


def test_a_badge_stands_only_where_sources_mix():
    assert shelves.tile_of(CARD, EN, request_id="", shelf="trending").badge == ""
    assert shelves.tile_of(replace(CARD, source="unheard of"), EN, request_id="", shelf="for_you").badge == ""


def test_the_anchor_is_what_all_cards_of_a_shelf_follow_from():
    one, two = replace(CARD, evidence_item_ids=("x", "y")), replace(CARD, evidence_item_ids=("x",))
    assert shelves.anchor_of(Row("because", "", "", (one, two))) == "x"
    assert shelves.anchor_of(Row("because", "", "", (one, CARD))) == ""
    assert shelves.anchor_of(Row("for_you", "", "", (one, two))) == ""


@pytest.mark.parametrize(
    ("url", "sound"),
    [
        ("https://cdn.test/a.png?x=1", True),
        ("http://cdn.test:8080/a", True),
        ("https://cdn.test", False),
        ("javascript:alert(1)", False),
        ("https://cdn.test/;script-src *", False),
        ("https://user@cdn.test/a", False),
        ("//cdn.test/a", False),
        ("data:image/png;base64,AA", False),
    ],
)
def test_pictures_elsewhere_have_a_plain_address(url, sound):
    assert shelves.is_elsewhere(url) is sound
    assert (shelves.picture_url(replace(CARD, image_url=url)) == url) is sound
