"""One customer: what they did, who they are, what they like, what they will take next, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import NotTrained
from shopkeeper.serving.person import Person
from shopkeeper.serving.profile import profile
from shopkeeper.surfaces.page import Card
from shopkeeper.web import forms, shelves
from shopkeeper.web.categories import category_name
from shopkeeper.web.dashboard.charts import Chart, Series
from shopkeeper.web.dashboard.frame import ROOT, Frame
from shopkeeper.web.formatting import ago, money
from shopkeeper.web.front import Call, see_other
from shopkeeper.web.happenings import told
from shopkeeper.web.shoppers import short_name

_HISTORY = 60
_NEXT = 8
_INTERESTS = 8


@dataclass(frozen=True, slots=True)
class Likely:
    """Something the customer is likely to take, and what speaks for it."""

    tile: shelves.Tile
    evidence: tuple[str, ...]


class Customers:
    """The customers page."""

    path = f"{ROOT}/customers"
    key = "dash_customers"

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [
            self._frame.page("/customers", self.look),
            self._frame.page("/customers/{customer}", self.customer),
            self._frame.form("/customers/find", self.find),
        ]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"months": self.months}

    def look(self, call: Call) -> Response:
        """Whom to look at."""
        people = self._frame.front.shoppers(call, most=24)
        return self._frame.render(call, "customers.html", self.path, {"people": people})

    def find(self, call: Call) -> Response:
        """Go to a customer by the shop's own number; it stays out of the address."""
        service = self._frame.service
        person = service.require(service.person(customer_id=forms.field(call.form, "customer_id")))
        return see_other(f"{self.path}/{person.customer}")

    def customer(self, call: Call) -> Response:
        """One customer."""
        words, service = call.visitor.words, self._frame.service
        person, now = self._person(call.request.path_params["customer"]), service.now()
        found = profile(service.store, person)
        known = service.knows(person, limit=_HISTORY)
        links = [link for link in service.categories(person) if link.share > 0][:_INTERESTS]
        context = {
            "customer": person.customer,
            "label": words("customer_named", short_name(person.customer or "")),
            "profile": found,
            "spent": money(found.spent, service.config.currency),
            "first": ago(words, found.first, now) if found.first else "",
            "last": ago(words, found.last, now) if found.last else "",
            "chart": self._months(call, person),
            "interests": [
                (category_name(link.name, words), shelves.category_url(link.name), round(100 * link.share))
                for link in links
            ],
            "likely": self._likely(call, person, "for_you"),
            "due": self._likely(call, person, "buy_again"),
            "history": [told(service, deed, words, now) for deed in known.recent],
        }
        return self._frame.render(call, "customer.html", self.path, context)

    def months(self, call: Call) -> Chart:
        """Events of the customer of the query by month."""
        return self._months(call, self._person(call.request.query_params.get("customer", "")))

    def _months(self, call: Call, person: Person) -> Chart:
        words = call.visitor.words
        months = profile(self._frame.service.store, person).months
        series = Series(words("about_events"), tuple(float(count) for _, count in months))
        labels = tuple(label for label, _ in months)
        return Chart("months", words("dash_months"), words("dash_month"), labels, (series,))

    def _person(self, customer: str) -> Person:
        return self._frame.service.require(Person.of_pseudonyms(customer=customer))

    def _likely(self, call: Call, person: Person, surface: str) -> list[Likely]:
        service, words = self._frame.service, call.visitor.words
        try:
            cards = service.recommend(person, k=_NEXT, surface=surface).items
        except NotTrained:
            return []
        return [
            Likely(
                shelves.tile_of(card, words, request_id="", shelf="for_you"),
                _evidence(card, [shelves.name_of(service, item, words) for item in card.evidence_item_ids]),
            )
            for card in cards
        ]


def _evidence(card: Card, names: list[str]) -> tuple[str, ...]:
    """What speaks for a card beside itself, each name once."""
    return tuple(name for name in dict.fromkeys(names) if name not in (card.title, card.title_zh))[:3]
