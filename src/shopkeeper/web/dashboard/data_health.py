"""Is the data sound: what arrives, what was set aside and why, and how fresh everything is."""

from collections.abc import Callable, Mapping

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.data.activity import arrivals
from shopkeeper.data.lately import Lately
from shopkeeper.data.refusals import refusals
from shopkeeper.serving.versions import Version, Versions
from shopkeeper.web.dashboard.charts import Chart, Series, top_series
from shopkeeper.web.dashboard.frame import ROOT, Frame
from shopkeeper.web.formatting import ago, clock
from shopkeeper.web.front import Call

_DAYS = 60


class DataHealth:
    """The data page."""

    path = ROOT
    key = "dash_data"

    def __init__(self, frame: Frame, lately: Lately, versions: Versions) -> None:
        self._frame = frame
        self._lately = lately
        self._versions = versions

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [self._frame.page("", self.look)]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"arrivals": self.arrivals}

    def look(self, call: Call) -> Response:
        """The page."""
        words, service = call.visitor.words, self._frame.service
        events, now = self._lately.events(), service.now()
        newest = int(events["timestamp"].max()) if len(events) else 0  # type: ignore[arg-type]
        refused = service.store.read(refusals)
        serving = next((version for version in self._versions.all() if version.serving), None)
        context = {
            "chart": self.arrivals(call),
            "bounded": self._lately.newest if len(events) >= self._lately.newest else 0,
            "events": service.store.last_seq(),
            "people": events["person"].n_unique() if len(events) else 0,
            "set_aside": sum(one.rows for one in refused),
            "refused": refused,
            "newest": ago(words, newest, now) if newest else "",
            "newest_exact": clock(newest) if newest else "",
            "model": serving,
            "model_age": ago(words, serving.trained, self._frame.front.clock()) if serving else "",
            "behind": _behind(serving, service.store.last_seq()),
            "problems": service.ready().problems,
        }
        return self._frame.render(call, "data.html", self.path, context)

    def arrivals(self, call: Call) -> Chart:
        """Events by day and kind."""
        words, found = call.visitor.words, arrivals(self._lately.events(), _DAYS)
        series = [
            Series(words(f"did_{kind}"), tuple(map(float, counts)))
            for kind, counts in zip(found.kinds, found.counts, strict=True)
        ]
        days = tuple(day.isoformat() for day in found.days)
        kinds = top_series(series, words("dash_other"))
        return Chart("arrivals", words("dash_arrivals"), words("dash_day"), days, kinds)


def _behind(serving: Version | None, last: int) -> int | None:
    """Events that came after what the model learned from; None where that is not known."""
    return last - serving.seq if serving and serving.seq else None
