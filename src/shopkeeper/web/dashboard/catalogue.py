"""What becomes of the catalogue: what sells, what nobody touches, what is shown, what is doubtful."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.catalog.review import REVIEW
from shopkeeper.catalog.reviewed import REVIEWED, Verdict, add_verdict, read_verdicts, reviewed
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.data.demand import Demand, StockItem, demand
from shopkeeper.data.derived import change_derived
from shopkeeper.data.lately import Lately
from shopkeeper.serving.versions import Versions
from shopkeeper.web import forms, shelves
from shopkeeper.web.categories import category_name
from shopkeeper.web.dashboard.charts import Chart, Series
from shopkeeper.web.dashboard.frame import ROOT, Frame
from shopkeeper.web.formatting import ago, money
from shopkeeper.web.front import Call, see_other
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

    item: str
    title: str
    field: str
    suggestion: str
    confidence: str

    @property
    def href(self) -> str:
        """Page of the item."""
        return shelves.item_url(self.item)

    @property
    def about(self) -> tuple[str, str, str]:
        """Item, field and suggestion."""
        return self.item, self.field, self.suggestion


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
        return [
            self._frame.page("/catalogue", self.look),
            self._frame.form("/catalogue/review", self.review),
        ]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"stock": self.stock}

    def look(self, call: Call) -> Response:
        """The page."""
        words = call.visitor.words
        found = self._demand()
        serving = next((version for version in self._versions.all() if version.serving), None)
        doubts = read_doubts(self._folder)
        coverage = serving.figure("coverage@10") if serving else None
        context = {
            "demand": found,
            "days": DAYS,
            "chart": _stock(found, words),
            "coverage": f"{100 * coverage.mean:.1f}%" if coverage else "",
            "dead": [self._line(item, words) for item in found.dead[:_SHOWN]],
            "cold": [self._line(item, words) for item in found.cold[:_SHOWN]],
            "doubts": doubts[:_SHOWN],
            "waiting": len(doubts),
        }
        return self._frame.render(call, "catalogue.html", self.path, context)

    def review(self, call: Call) -> Response:
        """Accept or reject one doubtful value; the shop knows it at once, and every later tagging."""
        item, field, suggestion = (forms.field(call.form, name) for name in ("item", "field", "suggestion"))
        if (item, field, suggestion) not in {doubt.about for doubt in read_doubts(self._folder)}:
            raise InvalidRequest(
                "This value does not wait for review.", hint="Somebody may have been faster."
            )
        now = datetime.fromtimestamp(self._frame.front.clock() / 1000, UTC)
        accepted = "yes" if forms.field(call.form, "verdict") == "accept" else "no"
        verdict = Verdict(item, field, suggestion, accepted, now.date().isoformat())
        add_verdict(self._folder / REVIEWED, verdict)
        change = partial(reviewed, verdicts=[verdict])
        self._frame.service.store.write(partial(change_derived, item=item, change=change)).result()
        return see_other(f"{self.path}#review")

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


def read_doubts(folder: Path) -> list[Doubtful]:
    """What ``shopkeeper tag`` was not sure of and nobody has looked at, the least sure first."""
    path = folder / REVIEW
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        doubts = [
            Doubtful(
                row["item_id"],
                row["title"] or row["item_id"],
                row["field"],
                row["suggestion"],
                f"{100 * float(row['confidence']):.0f}%",
            )
            for row in csv.DictReader(file)
        ]
    looked_at = read_verdicts(folder / REVIEWED)
    return [doubt for doubt in doubts if doubt.about not in looked_at]
