"""What a visitor says they want: it lives in a cookie that ends with the browser, and nowhere else."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import InputError, InvalidRequest
from shopkeeper.surfaces.page import Style
from shopkeeper.surfaces.wish import NO_WISH, Wish
from shopkeeper.web import shelves
from shopkeeper.web.categories import category_name
from shopkeeper.web.front import Call, Front, see_other
from shopkeeper.web.strings import Words
from shopkeeper.web.visitor import WISH

_NAMED: Final = ("more_like", "not_this", "cheaper_than")
_MOST_KEPT: Final = 30
"""Items of each kind of critique that are kept, the latest."""
_MOST_BYTES: Final = 3_800
"""What browsers keep of a cookie."""


@dataclass(frozen=True, slots=True)
class StyleChoice:
    """A style, ready to print: value and name of its button, and pictures of what it is."""

    name: str
    label: str
    pictures: tuple[str, ...]


class WishPages:
    """Say what is wanted; every page after it knows, until the visitor takes it back or leaves."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def routes(self) -> list[Route]:
        """All routes of these pages."""
        return [self._front.form("/wish", self.wish)]

    def wish(self, call: Call) -> Response:
        """Add to the wish, or take it back, and go to the shelves that follow from it."""
        wish = NO_WISH if call.form.get("forget") else added(wish_of(call.request), call.form)
        response = see_other("/")
        remember_wish(response, wish)
        return response


def wish_of(request: Request) -> Wish:
    """The wish in a visitor's cookie; none where it breaks a rule."""
    try:
        told = json.loads(base64.urlsafe_b64decode(request.cookies.get(WISH, "") + "=="))
        named = (_texts(told[name]) for name in _NAMED)
        return Wish(str(told["words"]), str(told["style"]), *named).checked()
    except (InputError, ValueError, KeyError, TypeError):
        return NO_WISH


def remember_wish(response: Response, wish: Wish) -> None:
    """Keep a wish until the browser is closed; of too much, what was said first is forgotten.

    Raises
    ------
    InvalidRequest
        A sentence or the name of a style alone is too much.
    """
    if not wish:
        response.delete_cookie(WISH, path="/", httponly=True, samesite="lax")
        return
    while len(value := _packed(wish)) > _MOST_BYTES:
        longest = max(_NAMED, key=lambda name: len(getattr(wish, name)))
        if not getattr(wish, longest):
            raise InvalidRequest("The wish is too long to be kept.", hint="Say it in fewer words.")
        wish = replace(wish, **{longest: getattr(wish, longest)[1:]})
    response.set_cookie(WISH, value, path="/", httponly=True, samesite="lax")


def added(wish: Wish, form: Mapping[str, str]) -> Wish:
    """A wish and what a form adds to it: a sentence or a style in place of the last, or critique of items.

    Raises
    ------
    InvalidRequest
        The form adds nothing, or items in another form than a JSON list of ids.
    InvalidQuery
        The sentence is too long.
    """
    if "words" in form:
        return replace(wish, words=form["words"].strip()).checked()
    if form.get("style"):
        return replace(wish, style=form["style"])
    kind = next((name for name in _NAMED if form.get(name)), "")
    if not kind:
        raise InvalidRequest("The form holds no wish.")
    try:
        items = _texts(json.loads(form[kind]))
    except (ValueError, TypeError):
        raise InvalidRequest(f"{kind} = {form[kind][:80]!r} is not a JSON list of item ids.") from None
    named = {name: tuple(item for item in getattr(wish, name) if item not in items) for name in _NAMED}
    named[kind] = (*named[kind], *items)[-_MOST_KEPT:]
    return Wish(wish.words, wish.style, *(named[name] for name in _NAMED))


def told(wish: Wish, words: Words) -> str:
    """A wish in one line."""
    critique = tuple(
        words.count(f"critique_told_{name}", n) for name in _NAMED if (n := len(getattr(wish, name)))
    )
    said = (f"“{wish.words}”",) if wish.words else ()
    style = (category_name(wish.style, words),) if wish.style else ()
    return words.listed(said + style + critique)


def choices(styles: Sequence[Style], words: Words) -> tuple[StyleChoice, ...]:
    """Styles, ready to print."""
    return tuple(
        StyleChoice(
            style.name,
            category_name(style.name, words),
            tuple(shelves.picture_url(card) for card in style.cards),
        )
        for style in styles
    )


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError
    return tuple(values)


def _packed(wish: Wish) -> str:
    plain = {"words": wish.words, "style": wish.style, **{name: getattr(wish, name) for name in _NAMED}}
    packed = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")  # which cookies would have to quote
