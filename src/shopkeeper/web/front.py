"""What every page shares: who asks, what frames the page, how a fault looks, and which headers it carries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from shopkeeper.core.errors import NotFound, ShopkeeperError
from shopkeeper.core.ports import Clock, system_clock
from shopkeeper.serving.guard import Guard
from shopkeeper.serving.person import GUEST
from shopkeeper.serving.problems import status_of
from shopkeeper.serving.service import Service
from shopkeeper.surfaces.page import CategoryLink
from shopkeeper.web import formatting, forms
from shopkeeper.web.assets import Assets
from shopkeeper.web.categories import category_name
from shopkeeper.web.shelves import category_url
from shopkeeper.web.shoppers import Shopper, shopper
from shopkeeper.web.visitor import Visitor, recognise, remember

SHOPPERS = 12
"""How many customers the picker offers."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a page.

    Attributes
    ----------
    request
        As it came.
    visitor
        Who asks.
    personal
        Whether personal data may be shown to whoever asks.
    form
        Fields of a form; empty for a page that is only looked at.
    """

    request: Request
    visitor: Visitor
    personal: bool
    form: Mapping[str, str] = field(default_factory=dict)

    @property
    def wants_data(self) -> bool:
        """Whether our script asked, which shows the answer itself, and not the browser."""
        return "application/json" in self.request.headers.get("accept", "")

    def as_stranger(self) -> "Call":
        """The same request of somebody nothing is known of."""
        return replace(self, visitor=replace(self.visitor, person=GUEST))


Handler = Callable[[Call], Response]


class Front:
    """The shop front: turns handlers into routes.

    Parameters
    ----------
    service
        The live shop.
    guard
        Decides who may see personal data.
    clock
        Where "now" comes from.
    """

    def __init__(
        self,
        service: Service,
        *,
        guard: Guard,
        clock: Clock = system_clock,
    ) -> None:
        self.service = service
        self.clock = clock
        self.assets = Assets()
        self._guard = guard
        self._templates = Environment(
            loader=PackageLoader("shopkeeper.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            asset=self.assets.url,
            number=formatting.number,
            category_name=category_name,
            category_url=category_url,
        )

    def page(self, path: str, handler: Handler, *, personal: bool = False) -> Route:
        """A page that is looked at."""

        async def endpoint(request: Request) -> Response:
            request.scope["route"] = route  # The figures of latency go by it.
            return await run_in_threadpool(self._answer, request, {}, handler, personal)

        route = Route(path, endpoint, methods=["GET"], name=path, include_in_schema=False)
        return route

    def form(self, path: str, handler: Handler, *, personal: bool = False) -> Route:
        """Something that is sent."""

        async def endpoint(request: Request) -> Response:
            request.scope["route"] = route
            try:
                fields = await forms.read_form(request)
            except ShopkeeperError as error:
                return await run_in_threadpool(self._answer, request, {}, _failing(error), False)
            return await run_in_threadpool(self._answer, request, fields, _checked(handler), personal)

        route = Route(path, endpoint, methods=["POST"], name=f"POST {path}", include_in_schema=False)
        return route

    def render(
        self, call: Call, template: str, context: Mapping[str, Any], *, status: int = 200, model: str = ""
    ) -> Response:
        """A page from its template, framed for the visitor.

        Parameters
        ----------
        context
            What the template needs besides the frame. ``categories`` and ``pictures`` may be given where they
            are known already: the navigation, and addresses of pictures on other hosts; so may ``shoppers``.
        model
            Version of the model that arranged the page.
        """
        values = {**self._frame(call, context, model), **context}
        html = self._templates.get_template(template).render(values)
        return HTMLResponse(html, status, _headers(context.get("pictures", ())))

    def _answer(
        self, request: Request, fields: Mapping[str, str], handler: Handler, personal: bool
    ) -> Response:
        allowed = self._allowed(request)
        visitor = recognise(
            request, self.service, default_language=self.service.config.language, may_choose=allowed
        )
        call = Call(request, visitor, allowed, fields)
        try:
            if personal:
                self._guard(request)
            response = handler(call)
        except ShopkeeperError as error:
            told = visitor.words("problem_missing") if isinstance(error, NotFound) else ""
            response = self._problem(call, status_of(error), told, str(error))
        except HTTPException as error:
            response = self._problem(call, error.status_code, "", str(error.detail))
            response.headers.update(error.headers or {})
        remember(response, request, visitor)
        return response

    def _allowed(self, request: Request) -> bool:
        try:
            self._guard(request)
        except HTTPException:
            return False
        return True

    def _problem(self, call: Call, status: int, title: str, text: str) -> Response:
        context = {"status": status, "headline": title or call.visitor.words("problem_title"), "text": text}
        return self.render(call, "problem.html", {**context, "categories": ()}, status=status)

    def _frame(self, call: Call, context: Mapping[str, Any], model: str) -> dict[str, Any]:
        visitor, now = call.visitor, self.clock()
        path = call.request.url
        return {
            "t": visitor.words,
            "language": visitor.words.language,
            "theme": visitor.theme,
            "shop_name": self.service.config.name,
            "personal": call.personal,
            "personalised": visitor.personal,
            "who": self._who(visitor),
            "shoppers": context["shoppers"] if "shoppers" in context else self.shoppers(call),
            "cart_count": self.cart_count(visitor),
            "categories": context["categories"] if "categories" in context else self._categories(visitor),
            "here": _local(path.path, path.query),
            "other_language": _with(call.request, "lang", "en" if visitor.words.language == "zh" else "zh"),
            "dark": _with(call.request, "theme", "dark"),
            "light": _with(call.request, "theme", "light"),
            "nonce": forms.nonce(),
            "model_version": model,
            "made_at": formatting.clock(now),
            "request_id": "",
            "query": "",
        }

    def _who(self, visitor: Visitor) -> Shopper | None:
        choice = self.service.describe(visitor.person) if visitor.is_customer else None
        return shopper(choice, visitor.words) if choice else None

    def shoppers(self, call: Call, *, most: int = SHOPPERS) -> tuple[Shopper, ...]:
        """Customers to choose from; none where personal data may not be shown."""
        if not call.personal:
            return ()
        return tuple(shopper(c, call.visitor.words) for c in self.service.customers(most))

    def cart_count(self, visitor: Visitor) -> int:
        """Pieces in the visitor's cart."""
        return round(sum(line.quantity for line in self.service.cart(visitor.person).lines))

    def _categories(self, visitor: Visitor) -> tuple[CategoryLink, ...]:
        return self.service.categories(visitor.seen_as)


def see_other(path: str) -> Response:
    """Send the browser on to a page after a form, so that a reload does not send the form again."""
    return RedirectResponse(path, 303)


def _checked(handler: Handler) -> Handler:
    def checked(call: Call) -> Response:
        if not forms.is_own(call.request):
            raise HTTPException(403, call.visitor.words("problem_origin"))
        return handler(call)

    return checked


def _failing(error: ShopkeeperError) -> Handler:
    def fail(call: Call) -> Response:
        raise error

    return fail


def _headers(pictures: tuple[str, ...]) -> dict[str, str]:
    """Only our own style, script and pictures; of other hosts only those the catalogue's pictures lie on."""
    hosts = sorted({f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in pictures})
    images = " ".join(("'self'", *hosts))
    policy = (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        f"img-src {images}; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def _with(request: Request, name: str, value: str) -> str:
    url = request.url.include_query_params(**{name: value})
    return _local(url.path, url.query)


def _local(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path
