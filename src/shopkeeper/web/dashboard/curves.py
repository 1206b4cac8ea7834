"""Curves: whether chances mean what they say, what the highest of them hold, and what messages changed."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.serving.snapshots import EFFECT_DAYS, Part
from shopkeeper.surfaces.curves import FEWEST
from shopkeeper.surfaces.snapshot import CURVES, PURCHASE_DAYS
from shopkeeper.web.dashboard.charts import Chart, Series
from shopkeeper.web.dashboard.frame import ROOT, Frame
from shopkeeper.web.dashboard.looks import Looks
from shopkeeper.web.front import Call
from shopkeeper.web.strings import Words

PART: Final = "curves"
UPLIFT: Final = "uplift"
KINDS: Final = (*CURVES, UPLIFT)


class CurvePages:
    """The curves page."""

    path = f"{ROOT}/curves"
    key = "dash_curves"

    def __init__(self, frame: Frame, looks: Looks) -> None:
        self._frame = frame
        self._looks = looks

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [self._frame.page("/curves", self.look)]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"reliability": self.reliability, "gain": self.gain, "lift": self.lift, "qini": self.qini}

    def look(self, call: Call) -> Response:
        """The page."""
        words, part, of = call.visitor.words, self._looks.part(PART), _kind(call)
        found = self._figures(part, of)
        days = part.days if part else 0
        context: dict[str, object] = {
            "kinds": [(kind, words(f"curve_{kind}")) for kind in KINDS],
            "of": of,
            "name": words(f"curve_{of}"),
            "note": words(f"curve_note_{of}", _days(of, days)),
            "fault": found.get("fault", ""),
            "told": _told(of, found, words),
            "fewest": FEWEST,
            "drawings": [],
        }
        if found and not context["fault"]:
            draw = (self.qini,) if of == UPLIFT else (self.reliability, self.gain, self.lift)
            context["drawings"] = [(one(call), words(f"curve_about_{one(call).name}")) for one in draw]
        return self._looks.render(call, "curves.html", self.path, PART, context)

    def reliability(self, call: Call) -> Chart:
        """What came true of what was told."""
        words, found = call.visitor.words, self._asked(call)
        labels = tuple(f"{low}\N{EN DASH}{low + 10}%" for low in range(0, 100, 10)) if found else ()
        series = (
            Series(words("dash_came"), tuple(found.get("came", ()))),
            Series(words("dash_told_so"), tuple(found.get("told", ()))),
        )
        return _lines("reliability", words, words("dash_told_so"), labels, series, percent=True)

    def gain(self, call: Call) -> Chart:
        """Share of all true cases among the highest chances."""
        words, found = call.visitor.words, self._asked(call)
        points = found.get("gain", ())
        even = tuple((place + 1) / len(points) for place in range(len(points)))
        series = (Series(words("dash_by_chance"), tuple(points)), Series(words("dash_by_lot"), even))
        return _lines("gain", words, words("dash_highest"), _shares(len(points)), series, percent=True)

    def lift(self, call: Call) -> Chart:
        """How many times more often the highest chances come true."""
        words, found = call.visitor.words, self._asked(call)
        points = tuple(found.get("lift", ()))
        series = (
            Series(words("dash_by_chance"), points),
            Series(words("dash_by_lot"), (1.0,) * len(points)),
        )
        return _lines("lift", words, words("dash_highest"), _shares(len(points)), series)

    def qini(self, call: Call) -> Chart:
        """People won by writing to the highest scores first."""
        words, found = call.visitor.words, self._figures(self._looks.part(PART), UPLIFT)
        share, curve = found.get("share", ()), found.get("curve", ())
        even = tuple(one * curve[-1] for one in share)
        series = (Series(words("dash_by_score"), tuple(curve)), Series(words("dash_by_lot"), even))
        labels = tuple(f"{100 * one:.0f}%" for one in share)
        return _lines("qini", words, words("dash_highest"), labels, series, percent=True)

    def _asked(self, call: Call) -> dict[str, Any]:
        found = self._figures(self._looks.part(PART), _kind(call))
        return {} if "fault" in found else found

    def _figures(self, part: Part | None, of: str) -> dict[str, Any]:
        return (part.figures.get(of) or {}) if part else {}


def _kind(call: Call) -> str:
    asked = call.request.query_params.get("of", "")
    return asked if asked in KINDS else KINDS[0]


def _days(of: str, days: int) -> int:
    return {"purchase": PURCHASE_DAYS, UPLIFT: EFFECT_DAYS}.get(of, days)


def _shares(points: int) -> tuple[str, ...]:
    return tuple(f"{100 * (place + 1) / points:.0f}%" for place in range(points))


def _lines(
    name: str,
    words: Words,
    label: str,
    labels: tuple[str, ...],
    series: tuple[Series, ...],
    *,
    percent: bool = False,
) -> Chart:
    title = words(f"curve_{name}")
    return Chart(name, title, label, labels, series if labels else (), lines=True, percent=percent)


def _told(of: str, found: dict[str, Any], words: Words) -> list[tuple[str, str, str]]:
    """Figures beside the curves: name, value and what it means."""
    if not found or "fault" in found:
        return []
    if of == UPLIFT:
        interval = f"{100 * found['qini_low']:.2f}% \N{EN DASH} {100 * found['qini_high']:.2f}%"
        return [
            (words("dash_sent"), f"{found['sent']:,}", ""),
            (words("status_held_out"), f"{found['held']:,}", ""),
            (words("dash_effect"), f"{100 * found['effect']:+.2f}%", words("dash_effect_note")),
            (words("dash_qini"), f"{100 * found['qini']:.2f}%", interval),
        ]
    share = found["true"] / max(1, found["people"])
    return [
        (words("dash_judged"), f"{found['people']:,}", words("dash_true", f"{100 * share:.1f}")),
        (words("dash_auc"), _figure(found["auc"]), words("dash_auc_note")),
        (words("dash_error"), _figure(found["error"]), words("dash_error_note")),
    ]


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
