"""Rows and cards of the engine as a page shows them: words chosen, links made, nothing said twice."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from shopkeeper.core.errors import UnknownItem
from shopkeeper.serving.service import Service
from shopkeeper.surfaces.page import Card, Row
from shopkeeper.web.categories import category_name
from shopkeeper.web.formatting import money
from shopkeeper.web.strings import Words

_ELSEWHERE = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?/[^\s\"'<>\\;,]*")
_BADGED: Final = ("for_you", "category")
"""Shelves whose cards come from different sources; elsewhere the heading says it for all."""
_OF_ONE_CATEGORY: Final = ("popular_in", "category")


@dataclass(frozen=True, slots=True)
class Tile:
    """One card, ready to print.

    Attributes
    ----------
    item_id, title, subtitle, price
        What it is.
    href, picture
        Where it leads, and where its picture is.
    reason
        Why it is shown; empty where the shelf says it already.
    why
        The same, also where the shelf says it; the shelf itself where there is nothing more to say.
    badge, badge_kind
        Where it came from in one or two words, and the name of its colour; empty where there is none.
    in_stock
        Whether it can be put in the cart.
    add
        Value of its add button.
    """

    item_id: str
    title: str
    subtitle: str
    price: str
    href: str
    picture: str
    reason: str
    why: str
    badge: str
    badge_kind: str
    in_stock: bool
    add: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """One titled row of tiles.

    Attributes
    ----------
    name
        As in `Row`; the style sheet gives each its own look.
    title, note
        Heading and a line below it, empty where there is none.
    tiles
        Best first.
    more
        Where all of its kind are, empty where there is no such page.
    anchor
        Picture of the one product the shelf follows from, empty where there is none.
    named
        Its items, as critique of them is sent.
    """

    name: str
    title: str
    note: str
    tiles: tuple[Tile, ...]
    more: str = ""
    anchor: str = ""
    named: str = ""


def item_url(item_id: str, *, request_id: str = "", shelf: str = "", anchor: str = "") -> str:
    """Page of an item; with the answer and the shelf that led there, so that the click can be attributed.

    ``anchor`` is the item the whole shelf follows from, so that the page can say why the visitor is there.
    """
    path = f"/item/{quote(item_id, safe='')}"
    if not request_id:
        return path
    led = {"from": request_id, "row": shelf} | ({"for": anchor} if anchor else {})
    return f"{path}?{urlencode(led)}"


def category_url(name: str) -> str:
    """Page of a category."""
    return f"/category/{quote(name, safe='')}"


def picture_url(card: Card) -> str:
    """Picture of an item: the catalogue's own if it has a sound address, else one we draw."""
    return card.image_url if is_elsewhere(card.image_url) else f"/artwork/{quote(card.item_id, safe='')}.svg"


def named(cards: Sequence[Card]) -> str:
    """Items as a form names them: a JSON list of ids."""
    return json.dumps([card.item_id for card in cards], ensure_ascii=False)


def is_elsewhere(url: str) -> bool:
    """Whether a picture lies on a host that a page must allow by name."""
    return _ELSEWHERE.fullmatch(url) is not None


def title_of(card: Card, words: Words) -> str:
    """Name of an item in the visitor's language."""
    return words.pick(card.title, card.title_zh)


def name_of(service: Service, item_id: str, words: Words) -> str:
    """Name of an item that may have left the catalogue, whose id then has to do."""
    try:
        return title_of(service.item(item_id), words)
    except UnknownItem:
        return item_id


def price_of(card: Card, words: Words) -> str:
    """Price of an item, or that there is none."""
    return words("no_price") if card.price is None else money(card.price, card.currency)


def anchor_of(row: Row) -> str:
    """Id of the one item of the person's history that a whole row follows from, empty where there is none."""
    ids = {card.evidence_item_ids[:1] for card in row.cards} if row.name == "because" else set()
    return next(iter(next(iter(ids))), "") if len(ids) == 1 else ""


def shelf_of(row: Row, words: Words, *, request_id: str, anchor: Card | None = None) -> Shelf:
    """A row of the engine, ready to print; ``anchor`` is the item of `anchor_of`."""
    title = _title(row, words)
    note = reason_of(row.cards[0], words) if _is_common_reason(row.cards) else ""
    tiles = tuple(
        tile_of(card, words, request_id=request_id, shelf=row.name, reason=not note) for card in row.cards
    )
    picture = picture_url(anchor) if anchor else ""
    note = "" if note == title else note
    return Shelf(row.name, title, note, tiles, _more(row), picture, named(row.cards))


def tile_of(card: Card, words: Words, *, request_id: str, shelf: str, reason: bool = True) -> Tile:
    """A card of the engine, ready to print; ``reason`` is false where its shelf has said it."""
    kind = card.source if shelf in _BADGED else ""
    badge = words(f"badge_{kind}") if words.has(f"badge_{kind}") else ""
    title = title_of(card, words)
    anchor = next(iter(card.evidence_item_ids), "") if shelf == "because" else ""
    return Tile(
        item_id=card.item_id,
        title=title,
        subtitle=subtitle_of(card, words, title),
        price=price_of(card, words),
        href=item_url(card.item_id, request_id=request_id, shelf=shelf, anchor=anchor),
        picture=picture_url(card),
        reason=reason_of(card, words) if reason else "",
        why=_why(card, words, shelf),
        badge=badge,
        badge_kind=kind if badge else "",
        in_stock=card.in_stock,
        add=f"{shelf}:{card.item_id}",
    )


def reason_of(card: Card, words: Words) -> str:
    """Why a card is shown, with its category in the visitor's language."""
    told = words.pick(card.reason.en, card.reason.zh)
    return told.replace(card.category, category_name(card.category, words)) if card.category else told


def _why(card: Card, words: Words, shelf: str) -> str:
    """Why a card is there: its own reason, else its shelf."""
    named = f"row_{shelf}"
    told = words("why_from_row", words(named)) if words.has(named) else words("why_general")
    return reason_of(card, words) or told


def subtitle_of(card: Card, words: Words, title: str) -> str:
    """Brand and kind of an item, without what its title says already."""
    kind = card.category2 or card.category
    parts = [card.brand, category_name(kind, words)]
    said = title.casefold()
    return " · ".join(part for part in parts if part and part.casefold() not in said)


def pictures(shelves: Sequence[Shelf]) -> tuple[str, ...]:
    """Addresses of pictures that lie on other hosts."""
    urls = [url for shelf in shelves for url in (shelf.anchor, *(tile.picture for tile in shelf.tiles))]
    return tuple(filter(is_elsewhere, urls))


def _is_common_reason(cards: Sequence[Card]) -> bool:
    return len(cards) > 1 and len({card.reason for card in cards}) == 1


def _title(row: Row, words: Words) -> str:
    """Heading of a row, with the category it names in the visitor's language."""
    title, names = words.pick(row.title_en, row.title_zh), {card.category for card in row.cards}
    if row.name not in _OF_ONE_CATEGORY or len(names) != 1 or not (name := names.pop()):
        return title
    return title.replace(name, category_name(name, words))


def _more(row: Row) -> str:
    """The category of a shelf that shows one category only."""
    names = {card.category for card in row.cards}
    if row.name not in _OF_ONE_CATEGORY or len(names) != 1:
        return ""
    name = names.pop()
    return category_url(name) if name else ""
