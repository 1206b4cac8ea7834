"""The shop's pages, put onto an application."""

from fastapi import FastAPI

from shopkeeper.core.ports import Clock, system_clock
from shopkeeper.serving.guard import Guard
from shopkeeper.serving.service import Service
from shopkeeper.web import embed
from shopkeeper.web.about import AboutPages
from shopkeeper.web.cart import CartPages
from shopkeeper.web.dashboard import pages as dashboard
from shopkeeper.web.developers import DeveloperPages
from shopkeeper.web.front import Front
from shopkeeper.web.offers import OfferPages
from shopkeeper.web.search import SearchPages
from shopkeeper.web.window import WindowPages
from shopkeeper.web.wishes import WishPages


def mount(
    app: FastAPI,
    service: Service,
    *,
    guard: Guard,
    clock: Clock = system_clock,
) -> None:
    """Put the shop front onto an application.

    Parameters
    ----------
    app
        The application; its own routes win over the pages.
    service
        The live shop; its configuration names it and says which language a visitor gets who states none.
    guard
        Decides who may see personal data.
    clock
        Where "now" comes from.
    """
    front = Front(service, guard=guard, clock=clock)
    routes = [
        *WindowPages(front).routes(),
        *SearchPages(front).routes(),
        *OfferPages(front).routes(),
        *CartPages(front).routes(),
        *AboutPages(front).routes(),
        *DeveloperPages(front).routes(),
        *WishPages(front).routes(),
        *dashboard.routes(front),
        *embed.routes(),
        front.assets.route(),
    ]
    app.router.routes.extend(routes)
