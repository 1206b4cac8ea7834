"""What becomes of the catalogue: what sells, what nobody touches, what is shown, what is doubtful."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.catalog.review import REVIEW
from shopkeeper.data.demand import Demand, StockItem, demand
from shopkeeper.data.lately import Lately
from shopkeeper.serving.versions import Versions
from shopkeeper.web import shelves
from shopkeeper.web.categories import category_name
from shopkeeper.web.dashboard.charts import Chart, Series
from shopkeeper.web.dashboard.frame import ROOT, Frame
from shopkeeper.web.formatting import ago, money
from shopkeeper.web.front import Call
from shopkeeper.web.strings import Words

DAYS = 30
"""The period in which an item has to move."""
_SHOWN = 25


@dataclass(frozen=True, slots=True)
class StockLine:
    """One item that does not move, ready to print."""

    title: str
    href: str
    category: str
    price: str
    last: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One value for somebody to look at."""

    title: str
    href: str
    field: str
    suggestion: str
    confidence: str


class Catalogue:
    """The catalogue page."""

    path = f"{ROOT}/catalogue"
    key = "dash_catalogue"

    def __init__(self, frame: Frame, lately: Lately, versions: Versions, folder: Path) -> None:
        self._frame = frame
        self._lately = lately
        self._versions = versions
        self._folder = folder

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [self._frame.page("/catalogue", self.look)]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"stock": self.stock}

    def look(self, call: Call) -> Response:
        """The page."""
        words, service = call.visitor.words, self._frame.service
        found = self._demand()
        serving = next((version for version in self._versions.all() if version.serving), None)
        coverage = serving.figure("coverage@10") if serving else None
        context = {
            "demand": found,
            "days": DAYS,
            "chart": _stock(found, words),
            "coverage": f"{100 * coverage.mean:.1f}%" if coverage else "",
            "dead": [self._line(item, words) for item in found.dead[:_SHOWN]],
            "cold": [self._line(item, words) for item in found.cold[:_SHOWN]],
            "doubts": read_doubts(self._folder / REVIEW)[:_SHOWN],
            "searchable": service.ready().ready,
        }
        return self._frame.render(call, "catalogue.html", self.path, context)

    def stock(self, call: Call) -> Chart:
        """Items in stock by what became of them."""
        return _stock(self._demand(), call.visitor.words)

    def _demand(self) -> Demand:
        return demand(self._lately.events(), self._frame.service.store.items(), days=DAYS)

    def _line(self, item: StockItem, words: Words) -> StockLine:
        service = self._frame.service
        return StockLine(
            item.title or item.item_id,
            shelves.item_url(item.item_id),
            category_name(item.category, words) if item.category else "",
            "" if item.price is None else money(item.price, service.config.currency),
            ago(words, item.last, service.now()) if item.last else "",
        )


def _stock(found: Demand, words: Words) -> Chart:
    names = (words("dash_selling"), words("dash_looked_at"), words("dash_dead"), words("dash_cold"))
    counts = (found.selling, found.looked_at, len(found.dead), len(found.cold))
    series = Series(words("dash_items"), tuple(map(float, counts)))
    return Chart("stock", words("dash_stock", DAYS), words("dash_state"), names, (series,))


def read_doubts(path: Path) -> list[Doubtful]:
    """What ``shopkeeper tag`` was not sure of, the least sure first; none where it has not run."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Doubtful(
                row["title"] or row["item_id"],
                shelves.item_url(row["item_id"]),
                row["field"],
                row["suggestion"],
                f"{100 * float(row['confidence']):.0f}%",
            )
            for row in csv.DictReader(file)
        ]
