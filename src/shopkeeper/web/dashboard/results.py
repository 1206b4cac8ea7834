"""What comes of it all: the way to a purchase, what each place leads to, who comes back, how fast it is."""

import math
from collections.abc import Callable, Mapping, Sequence

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.data.activity import funnel, places, retention
from shopkeeper.data.lately import Lately
from shopkeeper.evaluation.feedback import RowResult
from shopkeeper.metrics.rates import Rate
from shopkeeper.serving.metrics import latencies
from shopkeeper.serving.versions import Versions
from shopkeeper.web.dashboard.charts import Chart, Series
from shopkeeper.web.dashboard.frame import ROOT, Frame
from shopkeeper.web.front import Call
from shopkeeper.web.strings import Words

DAYS = 30
"""How far back results go."""
_WEEKS = 26
_ROUTES = 12
_ROWS = 40
_DRAWN = 6
_VERSIONS = 2


class Results:
    """The results page."""

    path = f"{ROOT}/results"
    key = "dash_results"

    def __init__(self, frame: Frame, lately: Lately, versions: Versions) -> None:
        self._frame = frame
        self._lately = lately
        self._versions = versions

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [self._frame.page("/results", self.look)]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"funnel": self.funnel, "rows": self.rows, "retention": self.retention}

    def look(self, call: Call) -> Response:
        """The page."""
        words = call.visitor.words
        steps = funnel(self._lately.events(), DAYS)
        visits = steps[0].visits
        found = self._frame.service.results(days=DAYS)
        serving = next((version for version in self._versions.all() if version.serving), None)
        diversity = serving.figure("diversity@10") if serving else None
        context = {
            "days": DAYS,
            "visits": visits,
            "conversion": f"{100 * steps[-1].visits / visits:.1f}%" if visits else "",
            "diversity": f"{diversity.mean:.2f}" if diversity else "",
            "funnel": self.funnel(call),
            "retention": self.retention(call),
            "answers": found.answers,
            "rows": _rows(found.rows, words),
            "row_results": [_told(one, words) for one in found.rows[:_ROWS]],
            "places_led": [
                (_place(one.name, words), one) for one in places(self._lately.events(), DAYS)[:20]
            ],
            "latencies": [
                (one.route, one.count, _seconds(one.p50), _seconds(one.p99)) for one in latencies()[:_ROUTES]
            ],
        }
        return self._frame.render(call, "results.html", self.path, context)

    def funnel(self, call: Call) -> Chart:
        """Visits that took each step."""
        words, steps = call.visitor.words, funnel(self._lately.events(), DAYS)
        labels = tuple(words(f"did_{step.kind}") for step in steps)
        series = Series(words("dash_visits"), tuple(float(step.visits) for step in steps))
        return Chart("funnel", words("dash_funnel", DAYS), words("dash_step"), labels, (series,))

    def rows(self, call: Call) -> Chart:
        """Click-through of the rows that were shown most."""
        return _rows(self._frame.service.results(days=DAYS).rows, call.visitor.words)

    def retention(self, call: Call) -> Chart:
        """Share of people of a week who came back the week after."""
        words, weeks = call.visitor.words, retention(self._lately.events())[-_WEEKS:]
        shares = tuple(week.returned / week.people for week in weeks)
        series = (Series(words("dash_returned"), shares),)
        labels = tuple(week.start.isoformat() for week in weeks)
        return Chart(
            "retention", words("dash_retention"), words("dash_week"), labels, series, lines=True, percent=True
        )


def _rows(found: Sequence[RowResult], words: Words) -> Chart:
    """The rows that were shown most under the two models that showed most of them."""
    versions = list(dict.fromkeys(one.model_version for one in found))[:_VERSIONS]
    rows = list(dict.fromkeys(one.row for one in found if one.model_version in versions))[:_DRAWN]
    rates = {(one.model_version, one.row): one.click_through.value for one in reversed(found)}
    series = tuple(Series(name, tuple(rates.get((name, row)) for row in rows)) for name in versions)
    labels = tuple(_place(row, words) for row in rows)
    return Chart("rows", words("dash_rows_chart", DAYS), words("dash_shelf"), labels, series, percent=True)


def _told(one: RowResult, words: Words) -> dict[str, object]:
    """One row of the table, in words."""
    return {
        "surface": words(f"surface_{one.surface}"),
        "row": _place(one.row, words),
        "model": one.model_version,
        "shown": one.impressions,
        "rates": [_rate(rate) for rate in (one.click_through, one.add_to_cart, one.conversion)],
        "revenue": one.revenue,
    }


def _rate(rate: Rate) -> str:
    return f"{100 * rate.value:.2f}% ({100 * rate.low:.2f}\N{EN DASH}{100 * rate.high:.2f})"


def _place(name: str, words: Words) -> str:
    """A row of ours in words; other places are called as the shop calls them."""
    return words(f"row_{name}") if words.has(f"row_{name}") else name[:60]


def _seconds(bound: float) -> str:
    return "> 10 s" if math.isinf(bound) else f"≤ {1000 * bound:g} ms"
