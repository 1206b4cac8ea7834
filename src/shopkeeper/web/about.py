"""Whose eyes the shop is seen through, what it knows of them, and how it forgets."""

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.serving.person import Person
from shopkeeper.serving.service import Service
from shopkeeper.surfaces.page import Done
from shopkeeper.web import forms
from shopkeeper.web.categories import category_name
from shopkeeper.web.formatting import ago
from shopkeeper.web.front import Call, Front, see_other
from shopkeeper.web.happenings import told
from shopkeeper.web.visitor import become, switch

_RECENT = 30
_LONGEST_TIME = 15


class AboutPages:
    """Choose a customer, look at what is known, and delete it."""

    def __init__(self, front: Front) -> None:
        self._front = front

    @property
    def _service(self) -> Service:
        return self._front.service

    def routes(self) -> list[Route]:
        """All routes of these pages."""
        return [
            self._front.form("/shopper", self.choose, personal=True),
            self._front.page("/about-me", self.about, personal=True),
            self._front.form("/about-me/remove", self.remove, personal=True),
            self._front.form("/about-me/drop", self.drop, personal=True),
            self._front.form("/about-me/switch", self.switch),
            self._front.form("/about-me/forget", self.forget, personal=True),
        ]

    def choose(self, call: Call) -> Response:
        """Go on as a customer, by list or by number, or as a new guest."""
        words = call.visitor.words
        if call.form.get("guest"):
            return _go_on_as(None)
        number = call.form.get("customer_id", "").strip()
        pseudonym = call.form.get("customer", "")
        if not number and not pseudonym:
            raise HTTPException(422, words("choose_empty"))
        person = (
            Person.of_pseudonyms(customer=pseudonym)
            if pseudonym
            else self._service.person(customer_id=number)
        )
        if self._service.describe(person) is None:
            raise HTTPException(404, words("choose_unknown", (number or pseudonym)[:80]))
        return _go_on_as(person.customer)

    def about(self, call: Call) -> Response:
        """Everything the engine knows of the visitor."""
        words, now = call.visitor.words, self._front.clock()
        known = self._service.knows(call.visitor.person, limit=_RECENT)
        context = {
            "known": known,
            "pseudonym": call.visitor.person.customer or "",
            "last_seen": ago(words, known.last_seen, now) if known.events else "",
            "favourites": [
                (link.name, category_name(link.name, words), round(100 * link.share))
                for link in self._service.categories(call.visitor.person)[:6]
                if link.share > 0
            ],
            "recent": [told(self._service, deed, words, now) for deed in known.recent],
        }
        return self._front.render(call, "about.html", context)

    def remove(self, call: Call) -> Response:
        """Delete one thing the visitor did."""
        kind, _, rest = forms.field(call.form, "deed").partition(" ")
        time, _, item_id = rest.partition(" ")
        if not time.isdecimal() or len(time) > _LONGEST_TIME or not item_id:
            raise InvalidRequest("The form names no event.")
        self._service.retract(call.visitor.person, Done(kind, item_id, int(time)))
        return see_other("/about-me")

    def drop(self, call: Call) -> Response:
        """Delete all the visitor did within a category."""
        self._service.drop_interest(call.visitor.person, forms.field(call.form, "category"))
        return see_other("/about-me")

    def switch(self, call: Call) -> Response:
        """Switch personalisation on or off."""
        response = see_other("/about-me" if call.personal else "/")
        switch(response, personal=forms.field(call.form, "personal") == "on")
        return response

    def forget(self, call: Call) -> Response:
        """Delete everything about the visitor, if they said so."""
        words = call.visitor.words
        if call.form.get("confirm") != "yes":
            raise HTTPException(422, words("forget_unconfirmed"))
        deleted = self._service.erase_person(call.visitor.person).rows
        response = self._front.render(call.as_stranger(), "forgotten.html", {"deleted": deleted})
        become(response, None)
        return response


def _go_on_as(customer: str | None) -> Response:
    response = see_other("/")
    become(response, customer)
    return response
