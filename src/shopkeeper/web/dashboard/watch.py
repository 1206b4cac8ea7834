"""The watch list: who is likely to stay away and what to do about it, with sliders for risk and budget."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import polars as pl
from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.data import outbox
from shopkeeper.serving.delivery import approve, rest_of
from shopkeeper.serving.snapshots import Part
from shopkeeper.surfaces.next_action import ACTIONS, LEAVE_ALONE
from shopkeeper.surfaces.quiet import send_at
from shopkeeper.surfaces.snapshot import PEOPLE
from shopkeeper.surfaces.watch import STAKE, Watched, WatchList, watch
from shopkeeper.web import forms
from shopkeeper.web.dashboard.asked import number_of
from shopkeeper.web.dashboard.charts import Chart, Series, round_up
from shopkeeper.web.dashboard.frame import ROOT, Frame, saved_table
from shopkeeper.web.dashboard.looks import Looks
from shopkeeper.web.dashboard.segments import segment_name
from shopkeeper.web.dashboard.standing import action_name, standing
from shopkeeper.web.formatting import clock, money
from shopkeeper.web.front import Call, see_other
from shopkeeper.web.shoppers import short_name
from shopkeeper.web.strings import Words

PART: Final = "watch"
KINDS: Final = ACTIONS[1:]
_SHOWN: Final = 50
_COLUMNS: Final = {
    c.CUSTOMER_ID: pl.String,
    "probability": pl.Float64,
    "expected_loss": pl.Float64,
    "action": pl.String,
    "expected_cost": pl.Float64,
    "expected_profit": pl.Float64,
    "stage": pl.String,
    "reasons": pl.String,
    "send_at": pl.String,
}
_THRESHOLD: Final = 50.0
_MOST_THRESHOLD: Final = 95.0


class WatchPages:
    """The watch list."""

    path = f"{ROOT}/watch"
    key = "dash_watch"

    def __init__(self, frame: Frame, looks: Looks) -> None:
        self._frame = frame
        self._looks = looks

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [
            self._frame.page("/watch", self.look),
            self._frame.page("/watch.csv", self.save),
            self._frame.form("/watch/approve", self.approve),
        ]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"risk": self.risk}

    def look(self, call: Call) -> Response:
        """The page."""
        part, asked = self._looks.part(PART), call.request.query_params
        context: dict[str, object] = {
            "outbox": standing(self._frame.service, call.visitor.words, self._now())
        }
        if part is not None:
            context |= self._told(call, part, asked)
        return self._looks.render(call, "watch.html", self.path, PART, context)

    def save(self, call: Call) -> Response:
        """The list as CSV, with the first moment at which it may be sent."""
        part = self._looks.known(PART)
        found = self._found(call, part, call.request.query_params)
        terms = self._frame.service.config.actions
        moment = clock(send_at(self._now(), terms))
        rows = [
            {
                c.CUSTOMER_ID: one.told.customer_id,
                "probability": round(one.silent, 4),
                "expected_loss": round(one.loss, 2),
                "action": one.told.action,
                "expected_cost": round(one.told.expected_cost, 4),
                "expected_profit": round(one.told.expected_profit, 4),
                "stage": one.told.stage,
                "reasons": "; ".join(one.told.reasons),
                "send_at": moment,
            }
            for one in found.people
        ]
        return saved_table("watch-list.csv", pl.DataFrame(rows, _COLUMNS))

    def approve(self, call: Call) -> Response:
        """Let what the list says wait in the outbox: that very list, not one that was computed since."""
        part = self._looks.part(PART)
        if part is None or part.stamp != forms.field(call.form, "stamp"):
            raise InvalidRequest(
                "Customers were looked at anew since the list was shown.", hint="Look at the list again."
            )
        service = self._frame.service
        actions = self._found(call, part, call.form).actions
        waits = approve(service.store, actions, service.config.actions, self._now())
        return see_other(f"{self.path}?approved={waits}#outbox")

    def risk(self, call: Call) -> Chart:
        """Customers by probability to stay away."""
        part, words = self._looks.part(PART), call.visitor.words
        labels = tuple(f"{low}\N{EN DASH}{low + 10}%" for low in range(0, 100, 10))
        counts: tuple[float, ...] = ()
        if part is not None:
            place = (part.frames[PEOPLE]["silent"] * 10).floor().clip(0, 9).cast(pl.Int64)
            counts = tuple(float((place == low).sum()) for low in range(10))
        series = (Series(words("dash_customers"), counts),) if counts else ()
        return Chart("risk", words("dash_risk_spread"), words("dash_risk"), labels if counts else (), series)

    def _told(self, call: Call, part: Part, asked: Mapping[str, str]) -> dict[str, object]:
        words, currency = call.visitor.words, self._frame.service.config.currency
        found, everything = self._found(call, part, asked), self._found(call, part, {"threshold": "0"})
        top = math.ceil(round_up(max(everything.cost, 1.0)))
        budget = number_of(asked, "budget", top)
        figures = (found.loss, found.cost, found.saved, found.profit)
        return {
            "threshold": f"{number_of(asked, 'threshold', _THRESHOLD, _MOST_THRESHOLD):g}",
            "budget": f"{min(budget, top):g}",
            "budget_told": money(min(budget, top), currency),
            "top": top,
            "currency": money(0, currency).rstrip("0."),
            "only": asked.get("only", ""),
            "kinds": [(kind, action_name(kind, words)) for kind in KINDS],
            "priced": bool(part.frames[PEOPLE][STAKE].sum()),
            "stamp": part.stamp,
            "approved": asked.get("approved", ""),
            "days": part.days,
            "list": found,
            "figures": [money(value, currency) for value in figures],
            "lines": [_line(one, words, currency) for one in found.people[:_SHOWN]],
            "chart": self.risk(call),
        }

    def _found(self, call: Call, part: Part, asked: Mapping[str, str]) -> WatchList:
        service = self._frame.service
        terms = service.config.actions
        budget = number_of(asked, "budget", math.inf)
        resting = partial(outbox.resting, as_of=self._now(), rest=rest_of(terms))
        silent = service.store.read(resting) | service.refused()
        return watch(
            part.frames[PEOPLE],
            silent,
            terms,
            threshold=number_of(asked, "threshold", _THRESHOLD, _MOST_THRESHOLD) / 100,
            budget=None if math.isinf(budget) else budget,
            only=asked.get("only") or None,
            language=call.visitor.words.language,
        )

    def _now(self) -> int:
        return self._frame.front.clock()


def _line(one: Watched, words: Words, currency: str) -> dict[str, object]:
    """One row of the list, ready to print."""
    told = one.told
    return {
        "customer": told.customer_id,
        "label": words("customer_named", short_name(told.customer_id)),
        "stage": segment_name(told.stage, words),
        "risk": f"{100 * one.silent:.0f}",
        "loss": money(one.loss, currency),
        "acts": told.action != LEAVE_ALONE,
        "action": words("dash_rests") if one.rests else action_name(told.action, words),
        "profit": money(told.expected_profit, currency) if told.action != LEAVE_ALONE else "",
        "reasons": told.reasons,
    }
