"""The cart and what is done with it; every form works without script, which only spares the reload."""

from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shopkeeper.core.errors import NotTrained
from shopkeeper.core.types import EventType
from shopkeeper.serving.service import Service
from shopkeeper.surfaces.page import Card, CartLine
from shopkeeper.web import forms, shelves
from shopkeeper.web.formatting import money, number
from shopkeeper.web.front import Call, Front, see_other
from shopkeeper.web.happenings import once, origin

_NEXT_TIME = 6


class CartPages:
    """Add, look, remove, buy."""

    def __init__(self, front: Front) -> None:
        self._front = front

    @property
    def _service(self) -> Service:
        return self._front.service

    def routes(self) -> list[Route]:
        """All routes of these pages."""
        return [
            self._front.page("/cart", self.look),
            self._front.page("/thanks", self.thanks),
            self._front.form("/cart/add", self.add),
            self._front.form("/cart/remove", self.remove),
            self._front.form("/cart/buy", self.buy),
            self._front.form("/buy", self.buy_now),
        ]

    def look(self, call: Call) -> Response:
        """The cart."""
        cart = self._service.cart(call.visitor.person)
        lines = [_line(line, call) for line in cart.lines]
        context = {
            "lines": lines,
            "total": money(cart.total, cart.currency),
            "pictures": tuple(line["picture"] for line in lines if shelves.is_elsewhere(line["picture"])),
        }
        return self._front.render(call, "cart.html", context)

    def add(self, call: Call) -> Response:
        """Put a product into the cart."""
        card = self._note(call, EventType.add_to_cart)
        if not call.wants_data:
            return see_other("/cart")
        words = call.visitor.words
        return JSONResponse(
            {
                "message": words("added", shelves.title_of(card, words)),
                "cart_count": self._front.cart_count(call.visitor),
                "nonce": forms.nonce(),
            },
            headers={"Cache-Control": "no-store"},
        )

    def remove(self, call: Call) -> Response:
        """Take a product out of the cart, all pieces of it."""
        self._note(call, EventType.remove_from_cart, whole=True)
        return see_other("/cart")

    def buy(self, call: Call) -> Response:
        """Buy everything in the cart."""
        lines = self._service.cart(call.visitor.person).lines
        if not lines:
            return see_other("/cart")
        self._service.record(
            call.visitor.person, EventType.purchase.name, event_id=once(call, forms.field(call.form, "nonce"))
        )
        return _thank(sum(line.quantity for line in lines))

    def buy_now(self, call: Call) -> Response:
        """Buy one product at once."""
        self._note(call, EventType.purchase)
        return _thank(forms.quantity(call.form))

    def thanks(self, call: Call) -> Response:
        """What is said after a purchase, and what the shop shows next."""
        text = call.request.query_params.get("count", "")
        count = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        try:
            answer = self._service.recommend(call.visitor.seen_as, k=_NEXT_TIME)
        except NotTrained:
            tiles: list[shelves.Tile] = []
        else:
            tiles = [
                shelves.tile_of(card, call.visitor.words, request_id=answer.request_id, shelf="for_you")
                for card in answer.items
            ]
        context = {
            "count": count,
            "tiles": tiles,
            "pictures": tuple(tile.picture for tile in tiles if shelves.is_elsewhere(tile.picture)),
        }
        return self._front.render(call, "thanks.html", context)

    def _note(self, call: Call, kind: EventType, *, whole: bool = False) -> Card:
        """Record what a button says of one product."""
        shelf, item_id = forms.chosen_item(call.form)
        card = self._service.item(item_id)
        answer, page_shelf = origin(call)
        self._service.record(
            call.visitor.person,
            kind.name,
            card.item_id,
            quantity=None if whole else forms.quantity(call.form),
            event_id=once(call, forms.field(call.form, "nonce"), kind.name, card.item_id),
            request_id=answer or None,
            item_list_id=(shelf or page_shelf) if answer else None,
        )
        return card


def _line(line: CartLine, call: Call) -> dict[str, str]:
    """One line of the cart, ready to print."""
    words, card = call.visitor.words, line.card
    total = "" if card.price is None else money(card.price * line.quantity, card.currency)
    return {
        "item_id": card.item_id,
        "title": shelves.title_of(card, words),
        "href": shelves.item_url(card.item_id),
        "picture": shelves.picture_url(card),
        "price": shelves.price_of(card, words),
        "quantity": number(line.quantity),
        "total": total,
    }


def _thank(count: float) -> Response:
    return see_other(f"/thanks?{urlencode({'count': round(count)})}")
