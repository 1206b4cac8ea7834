"""The homepage, product and category pages, and the pictures on them."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from shopkeeper.core.errors import InputError, NotFound, NotIndexed, UnknownItem
from shopkeeper.serving.service import Service
from shopkeeper.surfaces.page import Card, Homepage, Row
from shopkeeper.surfaces.wish import NO_WISH, Wish
from shopkeeper.web import shelves, wishes
from shopkeeper.web.artwork import artwork
from shopkeeper.web.categories import category_name
from shopkeeper.web.front import Call, Front
from shopkeeper.web.happenings import note_view, origin

ROW = 12
"""Cards a shelf of the homepage."""
PAGE = 24
"""Cards a page of a category."""
_MOST_PAGES = 40
_DAY_SECONDS = 86_400
_ANCHOR_EVENTS = 500
"""How far back the item that a shelf follows from is looked for."""


class WindowPages:
    """Pages that show products."""

    def __init__(self, front: Front) -> None:
        self._front = front

    @property
    def _service(self) -> Service:
        return self._front.service

    def routes(self) -> list[Route]:
        """All routes of these pages."""
        return [
            self._front.page("/", self.home),
            self._front.page("/item/{item_id:path}", self.item),
            self._front.page("/category/{name:path}", self.category),
            Route("/artwork/{item_id:path}.svg", self.picture, methods=["GET"], include_in_schema=False),
        ]

    def home(self, call: Call) -> Response:
        """The shop window, arranged for the visitor."""
        words, wish, page = call.visitor.words, *self._homepage(call)
        rows = [
            shelves.shelf_of(row, words, request_id=page.request_id, anchor=self._anchor(row))
            for row in page.rows
        ]
        styles = wishes.choices(page.styles, words)
        styled = tuple(filter(shelves.is_elsewhere, (url for style in styles for url in style.pictures)))
        favourites = tuple(category_name(link.name, words) for link in page.categories[:3] if link.share > 0)
        context = {
            "shelves": rows,
            "categories": page.categories,
            "favourites": words.listed(favourites),
            "wish": wish,
            "wish_told": wishes.told(wish, words),
            "styles": styles,
            "pictures": shelves.pictures(rows) + styled,
            "request_id": page.request_id,
        }
        return self._front.render(call, "home.html", context, model=page.model_version)

    def _homepage(self, call: Call) -> tuple[Wish, Homepage]:
        """The visitor's wish and the page for it; without one that the shop no longer understands."""
        person, wish = call.visitor.seen_as, wishes.wish_of(call.request)
        try:
            return wish, self._service.homepage(person, k=ROW, wish=wish)
        except (InputError, NotIndexed):
            return NO_WISH, self._service.homepage(person, k=ROW)

    def item(self, call: Call) -> Response:
        """One product; opening it counts as a view, once."""
        item_id = call.request.path_params["item_id"]
        # Asked before the view is noted: the reason is what was known before the visitor came here.
        page = self._service.product(item_id, call.visitor.seen_as)
        note_view(self._service, call, item_id, self._front.clock())
        words = call.visitor.words
        led_by, led_row = origin(call)
        rows = [
            shelves.shelf_of(row, words, request_id=page.request_id)
            for row in (page.bought_together, page.similar)
            if row is not None
        ]
        anchor = self._followed_from(call, led_row)
        tile = shelves.tile_of(page.card, words, request_id="", shelf="", reason=anchor is None)
        context = {
            "card": page.card,
            "tile": tile,
            "shelves": rows,
            "led_here": words(f"row_{led_row}") if led_row else "",
            "evidence": self._tiles(call, [anchor] if anchor else self._evidence(page.card)),
            "request_id": page.request_id,
            "named": shelves.named([page.card]),
            "led_by": led_by,
            "led_row": led_row,
            "pictures": shelves.pictures(rows) + tuple(filter(shelves.is_elsewhere, [tile.picture])),
        }
        return self._front.render(call, "product.html", context, model=page.model_version)

    def category(self, call: Call) -> Response:
        """One page of a category in personal order."""
        name = call.request.path_params["name"]
        number = _page_number(call.request)
        page = self._service.category(name, call.visitor.seen_as, k=number * PAGE)
        last = max(1, -(-page.count // PAGE))
        cards = page.cards[(number - 1) * PAGE : number * PAGE]
        if number > 1 and not cards:
            raise NotFound(f"Page {number} of {name} does not exist.")
        tiles = [
            shelves.tile_of(card, call.visitor.words, request_id=page.request_id, shelf="category")
            for card in cards
        ]
        context = {
            "name": page.name,
            "count": page.count,
            "tiles": tiles,
            "page": number,
            "knows_you": self._service.knows(call.visitor.seen_as, limit=1).events > 0,
            "last": min(last, _MOST_PAGES),
            "request_id": page.request_id,
            "pictures": tuple(tile.picture for tile in tiles if shelves.is_elsewhere(tile.picture)),
        }
        return self._front.render(call, "category.html", context, model=page.model_version)

    def picture(self, request: Request) -> Response:
        """A picture drawn for one item."""
        try:
            card = self._service.item(request.path_params["item_id"])
        except UnknownItem:
            return RedirectResponse(self._front.assets.url("nothing.svg"), 302)
        drawing = artwork(card.category, card.category2 or None, card.item_id)
        headers = {
            "Cache-Control": f"public, max-age={_DAY_SECONDS}",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        }
        return Response(drawing, media_type="image/svg+xml", headers=headers)

    def _anchor(self, row: Row) -> Card | None:
        item_id = shelves.anchor_of(row)
        return self._known(item_id) if item_id else None

    def _known(self, item_id: str) -> Card | None:
        """An item of somebody's history, None where the catalogue has lost it."""
        try:
            return self._service.item(item_id)
        except UnknownItem:
            return None

    def _followed_from(self, call: Call, led_row: str) -> Card | None:
        """The item that the shelf which led here followed from, if the visitor did anything with it."""
        anchor = call.request.query_params.get("for", "") if led_row == "because" else ""
        if not anchor:
            return None
        known = self._service.knows(call.visitor.seen_as, limit=_ANCHOR_EVENTS)
        return self._known(anchor) if any(deed.item_id == anchor for deed in known.recent) else None

    def _evidence(self, card: Card) -> list[Card]:
        """What the visitor did that carried the product's score."""
        others = [self._known(item_id) for item_id in card.evidence_item_ids[:3] if item_id != card.item_id]
        return [other for other in others if other]

    def _tiles(self, call: Call, cards: list[Card]) -> list[shelves.Tile]:
        return [shelves.tile_of(card, call.visitor.words, request_id="", shelf="") for card in cards]


def _page_number(request: Request) -> int:
    text = request.query_params.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 1 <= number <= _MOST_PAGES:
        raise NotFound(f"page = {text[:20]!r} is not between 1 and {_MOST_PAGES}.")
    return number
