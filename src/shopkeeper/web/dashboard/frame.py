"""What every page of the dashboard shares: its place in the navigation, its charts, its frame."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import polars as pl
from markupsafe import Markup
from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import NotFound
from shopkeeper.web.dashboard.charts import Chart
from shopkeeper.web.front import Call, Front, Handler

ROOT = "/dashboard"


class Section(Protocol):
    """One part of the dashboard, with a place in the navigation."""

    path: str
    """Where it is, such as ``/dashboard/models``."""
    key: str
    """Key of its name in the words."""

    def routes(self) -> list[Route]:
        """All routes of this part."""

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name, for saving."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation."""

    path: str
    key: str


class Frame:
    """Makes pages and forms of the dashboard; all of them show data of people, and are guarded so.

    Parameters
    ----------
    front
        The shop front, which answers.
    """

    def __init__(self, front: Front) -> None:
        self.front = front
        self.service = front.service
        self._places: list[Place] = []
        self._charts: dict[str, Callable[[Call], Chart]] = {}

    def add(self, sections: Sequence[Section]) -> list[Route]:
        """Give these parts their place in the navigation; all their routes, and those that save charts."""
        self._places += [Place(section.path, section.key) for section in sections]
        routes: list[Route] = []
        for section in sections:
            self._charts.update(section.charts())
            routes += section.routes()
        return [*routes, self.page("/charts/{name}.{form}", self._save)]

    @property
    def paths(self) -> frozenset[str]:
        """Where its parts are."""
        return frozenset(place.path for place in self._places)

    def page(self, path: str, handler: Handler) -> Route:
        """A page below ``/dashboard``."""
        return self.front.page(ROOT + path, handler, personal=True)

    def form(self, path: str, handler: Handler) -> Route:
        """A form sent below ``/dashboard``."""
        return self.front.form(ROOT + path, handler, personal=True)

    def render(self, call: Call, template: str, here: str, context: Mapping[str, Any]) -> Response:
        """A page of the dashboard; ``here`` is the path of its section."""
        framed = {"places": self._places, "section": here, "categories": (), "shoppers": (), "drawn": drawn}
        return self.front.render(call, f"dashboard/{template}", {**framed, **context})

    def _save(self, call: Call) -> Response:
        """A chart as a file."""
        name, form = call.request.path_params["name"], call.request.path_params["form"]
        if name not in self._charts or form not in ("svg", "csv"):
            raise NotFound(f"{name}.{form} is no chart.")
        chart = self._charts[name](call)
        if form == "csv":
            return saved(f"{chart.name}.csv", chart.csv())
        return saved(f"{chart.name}.svg", chart.svg(alone=True), "image/svg+xml")


def saved(name: str, text: str, media: str = "text/csv") -> Response:
    """A file to save; spreadsheets take CSV for UTF-8 by its mark."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        "Cache-Control": "no-store",
    }
    return Response(
        text.encode("utf-8-sig" if media == "text/csv" else "utf-8"), media_type=media, headers=headers
    )


def saved_table(name: str, table: pl.DataFrame) -> Response:
    """A table to save as CSV, with no cell that a spreadsheet takes for a formula."""
    texts = pl.col(pl.String)
    return saved(name, table.with_columns(texts.str.replace(r"^([=+\-@\t\r])", "'$1")).write_csv())


def drawn(chart: Chart) -> Markup:
    """A chart as markup; every text in it is escaped where it is drawn."""
    return Markup(chart.svg())  # noqa: S704
