"""The page of what was searched for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import InvalidQuery, InvalidRequest, NotIndexed
from shopkeeper.surfaces.page import SearchPage
from shopkeeper.surfaces.query import Bounds
from shopkeeper.web import shelves
from shopkeeper.web.categories import category_name
from shopkeeper.web.formatting import money
from shopkeeper.web.front import Call, Front
from shopkeeper.web.happenings import note_search
from shopkeeper.web.strings import Words

_AT_ONCE = 6
PAGE = 48
"""Results that are shown."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to draw the bounds: what it is called, how many it leaves (0: not told), where it leads."""

    label: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """Ways to draw the bounds by one thing."""

    title: str
    choices: tuple[Choice, ...]


class SearchPages:
    """Search."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def routes(self) -> list[Route]:
        """All routes of these pages."""
        return [
            self._front.page("/search", self.search),
            self._front.page("/search/instant", self.instant),
        ]

    def search(self, call: Call) -> Response:
        """Results for what was typed; searching counts as such, once."""
        service, words = self._front.service, call.visitor.words
        typed, bounds = call.request.query_params.get("q", ""), _bounds(call)
        page = service.search(typed, call.visitor.seen_as, k=PAGE, bounds=bounds)
        note_search(service, call, typed, page.request_id, self._front.clock())
        tiles = [
            shelves.tile_of(card, words, request_id=page.request_id, shelf="search") for card in page.results
        ]
        context = {
            "query": typed,
            "found": words.count("search_count", page.count),
            "bound": _told(page, words, service.config.currency),
            "facets": _facets(page, bounds, words, service.config.currency),
            "tiles": tiles,
            "request_id": page.request_id,
            "pictures": tuple(tile.picture for tile in tiles if shelves.is_elsewhere(tile.picture)),
        }
        return self._front.render(call, "search.html", context, model=page.model_version)

    def instant(self, call: Call) -> Response:
        """The first results while somebody types, as a piece of a page; nobody's search yet."""
        service, words = self._front.service, call.visitor.words
        typed = call.request.query_params.get("q", "")
        try:
            page = service.search(typed, call.visitor.seen_as, k=_AT_ONCE, bounds=Bounds(in_stock=True))
        except (InvalidQuery, NotIndexed):
            return self._front.render(call, "instant.html", {"found": "", "tiles": [], "categories": ()})
        tiles = [
            shelves.tile_of(card, words, request_id=page.request_id, shelf="search") for card in page.results
        ]
        context = {
            "query": typed,
            "found": words.count("search_count", page.count),
            "tiles": tiles,
            "everything": f"/search?{urlencode({'q': typed})}",
            "categories": (),
        }
        return self._front.render(call, "instant.html", context)


def _bounds(call: Call) -> Bounds:
    """The bounds that the address names; the page shows what is in stock."""
    given = call.request.query_params
    return Bounds(
        given.get("category") or None,
        given.get("brand") or None,
        _price(given.get("min_price")),
        _price(given.get("max_price")),
        in_stock=True,
    )


def _price(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise InvalidRequest(f"{(text or '')[:20]!r} is not a price.") from None


def _told(page: SearchPage, words: Words, currency: str) -> str:
    low = "" if page.min_price is None else words("search_from", money(page.min_price, currency))
    high = "" if page.max_price is None else words("search_up_to", money(page.max_price, currency))
    return words.listed(tuple(filter(None, (low, high))))


def _facets(page: SearchPage, bounds: Bounds, words: Words, currency: str) -> Sequence[Facet]:
    def href(bounds: Bounds) -> str:
        fields = ("category", "brand", "min_price", "max_price")
        given = {name: getattr(bounds, name) for name in fields if getattr(bounds, name) is not None}
        return f"/search?{urlencode({'q': page.query, **given})}"

    def facet(title: str, free: Bounds, choices: list[Choice]) -> Facet:
        everything = Choice(words("search_all"), 0, href(free), free == bounds)
        return Facet(title, (everything, *choices))

    categories = [
        Choice(
            category_name(one.name, words),
            one.count,
            href(to := replace(bounds, category=one.name)),
            to == bounds,
        )
        for one in page.facets.categories
    ]
    brands = [
        Choice(one.name, one.count, href(to := replace(bounds, brand=one.name)), to == bounds)
        for one in page.facets.brands
    ]
    prices = [
        Choice(
            f"{money(band.low, currency)} – {money(band.high, currency)}",
            band.count,
            href(to := replace(bounds, min_price=band.low, max_price=band.high)),
            to == bounds,
        )
        for band in page.facets.prices
    ]
    all_facets = (
        facet(words("category"), replace(bounds, category=None), categories),
        facet(words("brand"), replace(bounds, brand=None), brands),
        facet(words("search_price"), replace(bounds, min_price=None, max_price=None), prices),
    )
    return [one for one in all_facets if len(one.choices) > 2 or not one.choices[0].chosen]
