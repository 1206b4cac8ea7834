"""The page of offers that run now, each with its items, those that suit the visitor first."""

from dataclasses import dataclass
from functools import partial

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import UnknownItem
from shopkeeper.data.running import Offer, running_offers
from shopkeeper.surfaces.page import Card
from shopkeeper.web import shelves
from shopkeeper.web.formatting import day
from shopkeeper.web.front import Call, Front

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class OfferShelf:
    """One offer, ready to print."""

    title: str
    note: str
    tiles: tuple[shelves.Tile, ...]


class OfferPages:
    """Offers."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def routes(self) -> list[Route]:
        """All routes of these pages."""
        return [self._front.page("/offers", self.look)]

    def look(self, call: Call) -> Response:
        """All offers that run now."""
        service = self._front.service
        offers = service.store.read(partial(running_offers, now=service.now()))
        tastes = {link.name: link.share for link in service.categories(call.visitor.seen_as)}
        found = [self._shelf(call, offer, tastes) for offer in offers]
        tiles = [tile for shelf in found for tile in shelf.tiles]
        context = {
            "offers": [shelf for shelf in found if shelf.tiles],
            "pictures": tuple(tile.picture for tile in tiles if shelves.is_elsewhere(tile.picture)),
        }
        return self._front.render(call, "offers.html", context)

    def _shelf(self, call: Call, offer: Offer, tastes: dict[str, float]) -> OfferShelf:
        words = call.visitor.words
        cards = [card for card in map(self._known, offer.item_ids) if card and card.in_stock]
        cards.sort(key=lambda card: -tastes.get(card.category, 0.0))
        tiles = tuple(shelves.tile_of(card, words, request_id="", shelf="") for card in cards[:_SHOWN])
        parts = (
            offer.kind,
            words.count("offer_items", offer.items),
            words("offer_until", day(offer.ends_at)) if offer.ends_at else "",
        )
        note = " · ".join(part for part in parts if part)
        return OfferShelf(offer.title or words("offer_named", offer.campaign_id), note, tiles)

    def _known(self, item_id: str) -> Card | None:
        try:
            return self._front.service.item(item_id)
        except UnknownItem:
            return None
