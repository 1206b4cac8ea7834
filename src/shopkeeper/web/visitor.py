"""Who is looking at a page, in which language and colours: read from cookies, none of which is trusted."""

import re
import secrets
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.serving.person import GUEST, Person
from shopkeeper.serving.service import Service
from shopkeeper.web.strings import LANGUAGES, Words

SESSION: Final = "shop_session"
CUSTOMER: Final = "shop_customer"
LANGUAGE: Final = "shop_language"
THEME: Final = "shop_theme"
WISH: Final = "shop_wish"
PERSONAL: Final = "shop_personal"
"""There and ``off`` where the visitor has switched personalisation off."""
THEMES: Final = ("auto", "light", "dark")

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_OFF = "off"
_YEAR_SECONDS = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks for a page.

    Attributes
    ----------
    person
        Who the service takes them for.
    session
        Raw token of the browsing session.
    words
        Language of the page.
    theme
        One of `THEMES`.
    personal
        Whether what they do is kept and pages are arranged by it.
    """

    person: Person
    session: str
    words: Words
    theme: str
    personal: bool = True

    @property
    def seen_as(self) -> Person:
        """Whom pages are arranged for: a stranger, where the visitor has switched personalisation off."""
        return self.person if self.personal else GUEST

    @property
    def is_customer(self) -> bool:
        """Whether a customer was chosen; else a guest."""
        return self.person.customer is not None


def recognise(request: Request, service: Service, *, default_language: str, may_choose: bool) -> Visitor:
    """Read the visitor from cookies; ``?lang=`` and ``?theme=`` win over them.

    A cookie that breaks its rule is treated as absent, and so is the customer's where personal data may not
    be shown (``may_choose`` is false).
    """
    session = request.cookies.get(SESSION, "")
    if not _TOKEN.fullmatch(session):
        session = new_session()
    guest = service.person(session_id=session)
    return Visitor(
        person=Person(customer=_customer(request) if may_choose else None, session=guest.session),
        session=session,
        words=Words(_language(request, default_language)),
        theme=_choice(request, "theme", THEME, THEMES) or THEMES[0],
        personal=request.cookies.get(PERSONAL) != _OFF,
    )


def remember(response: Response, request: Request, visitor: Visitor) -> None:
    """Set the cookies that are not there yet or were changed by this request."""
    if request.cookies.get(SESSION) != visitor.session:
        _set(response, SESSION, visitor.session, None)
    if "lang" in request.query_params:
        _set(response, LANGUAGE, visitor.words.language, _YEAR_SECONDS)
    if "theme" in request.query_params:
        _set(response, THEME, visitor.theme, _YEAR_SECONDS)


def become(response: Response, customer: str | None) -> None:
    """Go on as a customer, or as a guest where None, always in a new session.

    In a demonstration one browser plays many people: were the session kept, what it did as one of them
    would be joined to the next. What one of them wished for is forgotten too.
    """
    response.delete_cookie(WISH, path="/", httponly=True, samesite="lax")
    if customer is None:
        response.delete_cookie(CUSTOMER, path="/", httponly=True, samesite="lax")
    else:
        _set(response, CUSTOMER, customer, None)
    _set(response, SESSION, new_session(), None)


def switch(response: Response, *, personal: bool) -> None:
    """Switch personalisation on or off, for a year."""
    if personal:
        response.delete_cookie(PERSONAL, path="/", httponly=True, samesite="lax")
    else:
        _set(response, PERSONAL, _OFF, _YEAR_SECONDS)


def new_session() -> str:
    """A session token nobody can guess."""
    return secrets.token_urlsafe(16)


def _customer(request: Request) -> str | None:
    try:
        return Person.of_pseudonyms(customer=request.cookies.get(CUSTOMER)).customer
    except InvalidRequest:
        return None


def _language(request: Request, default: str) -> str:
    chosen = _choice(request, "lang", LANGUAGE, LANGUAGES)
    if chosen:
        return chosen
    accepted = request.headers.get("accept-language", "").lower()
    wanted = [part.split(";")[0].strip()[:2] for part in accepted.split(",")]
    return next((language for language in wanted if language in LANGUAGES), default)


def _choice(request: Request, parameter: str, cookie: str, allowed: tuple[str, ...]) -> str | None:
    for value in (request.query_params.get(parameter), request.cookies.get(cookie)):
        if value in allowed:
            return value
    return None


def _set(response: Response, name: str, value: str, max_age: int | None) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", httponly=True, samesite="lax")
