"""Adverts: bids and budgets, what was spent of them today, how the day goes, and what is clicked."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.types import DAY_MS, Balance
from shopkeeper.data.ad_activity import CHARGES, CLICKS, HOUR, SHOWINGS, ad_activity
from shopkeeper.serving.ads import SURFACE
from shopkeeper.surfaces.adverts import MICROS, Advert, read_adverts
from shopkeeper.surfaces.purses import HOURS, Pace
from shopkeeper.web.dashboard.charts import Chart, Series
from shopkeeper.web.dashboard.frame import ROOT, Frame
from shopkeeper.web.formatting import money
from shopkeeper.web.front import Call
from shopkeeper.web.strings import Words

_SHOWN: Final = 100
_TEXT: Final = 80
_EXAMPLE: Final = (
    '{"ad_id": "tea", "text": "New tea", "bid": 0.4, "daily_budget": 20, "segments": ["active"]}'
)


class AdPages:
    """The adverts page."""

    path = f"{ROOT}/ads"
    key = "dash_ads"

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [self._frame.page("/ads", self.look)]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"pace": self.pace}

    def look(self, call: Call) -> Response:
        """The page."""
        service = self._frame.service
        context: dict[str, object] = {"file": service.config.ads.file, "example": _EXAMPLE}
        context |= {"fault": "", "lines": []}
        try:
            adverts = self._adverts()
        except ShopkeeperError as error:
            return self._frame.render(call, "ads.html", self.path, {**context, "fault": str(error)})
        if adverts:
            context |= self._told(call, adverts)
        return self._frame.render(call, "ads.html", self.path, context)

    def pace(self, call: Call) -> Chart:
        """What was spent by each hour of the day, beside an even pace."""
        words = call.visitor.words
        balances, activity = self._today(), self._activity()
        budget = sum(one.budget for one in balances.values()) / MICROS
        hours = np.zeros(HOURS)
        for hour, charge in activity.group_by(HOUR).agg(pl.col(CHARGES).sum()).iter_rows():
            hours[hour] = charge / MICROS
        now = self._frame.service.now() % DAY_MS * HOURS // DAY_MS
        spent = tuple(
            float(value) if hour <= now else None for hour, value in enumerate(np.cumsum(hours).tolist())
        )
        even = tuple(budget * Pace().share((hour + 1) * DAY_MS // HOURS) for hour in range(HOURS))
        series = (Series(words("dash_ads_spent"), spent), Series(words("dash_ads_even"), even))
        labels = tuple(f"{hour:02}:00" for hour in range(HOURS))
        return Chart(
            "pace", words("dash_ads_pace"), words("dash_hour"), labels, series if budget else (), lines=True
        )

    def _told(self, call: Call, adverts: Sequence[Advert]) -> dict[str, object]:
        words, currency = call.visitor.words, self._frame.service.config.currency
        balances, activity = self._today(), self._activity()
        sums = activity.group_by("ad_id").agg(pl.col(SHOWINGS, CLICKS, CHARGES).sum())
        told = {one.ad_id: [0, 0, 0] for one in adverts}
        told |= {name: rest for name, *rest in sums.select("ad_id", SHOWINGS, CLICKS, CHARGES).iter_rows()}
        lines = [
            _line(
                one,
                balances.get(one.account),
                told.get(one.ad_id, (0, 0, 0)),
                self._state(one),
                currency,
                words,
            )
            for one in sorted(adverts, key=lambda one: (-told.get(one.ad_id, (0,))[0], one.ad_id))
        ]
        showings, clicks = int(sums[SHOWINGS].sum()), int(sums[CLICKS].sum())
        spent = sum(one.spent for one in balances.values()) / MICROS
        budget = sum(one.budget for one in balances.values()) / MICROS
        return {
            "adverts": len(adverts),
            "open": sum(self._state(one) == "open" for one in adverts),
            "spent": money(spent, currency),
            "budget": money(budget, currency),
            "used": f"{100 * spent / budget:.1f}%" if budget else "",
            "showings": showings,
            "clicks": clicks,
            "rate": f"{100 * clicks / showings:.2f}%" if showings else "",
            "lines": lines[:_SHOWN],
            "chart": self.pace(call),
        }

    def _adverts(self) -> list[Advert]:
        path = self._frame.service.store.path.parent / self._frame.service.config.ads.file
        return read_adverts(path) if path.exists() else []

    def _state(self, one: Advert) -> str:
        now, (start, end) = self._frame.service.now(), one.window
        return "coming" if now < start else "open" if now < end else "over"

    def _today(self) -> dict[str, Balance]:
        """Accounts of today by the name of the campaign."""
        day = self._frame.service.now() // DAY_MS
        told = self._frame.service.ads.balances()
        return {
            name.rpartition("@")[0]: one for name, one in told.items() if name.rpartition("@")[2] == str(day)
        }

    def _activity(self) -> pl.DataFrame:
        service = self._frame.service
        service.decisions.flush()
        return service.store.read(partial(ad_activity, day=service.now() // DAY_MS, surface=SURFACE))


def _line(
    one: Advert,
    balance: Balance | None,
    told: Sequence[int],
    state: str,
    currency: str,
    words: Words,
) -> dict[str, object]:
    """One row of the table, ready to print."""
    showings, clicks, charges = told
    spent = balance.spent if balance else 0
    budget = balance.budget if balance else round((one.daily_budget or 0) * MICROS)
    if state == "open" and budget and spent >= budget:
        state = "spent"
    return {
        "id": one.ad_id,
        "campaign": one.campaign_id or "",
        "text": one.text if len(one.text) <= _TEXT else f"{one.text[: _TEXT - 1]}…",
        "bid": money(one.bid, currency),
        "share": spent / budget if budget else 0.0,
        "spent": money(spent / MICROS, currency),
        "budget": money(budget / MICROS, currency) if budget else words("dash_ads_unbound"),
        "left": money(max(0, budget - spent) / MICROS, currency) if budget else "",
        "showings": showings,
        "clicks": clicks,
        "rate": f"{100 * clicks / showings:.2f}%" if showings else "",
        "thousand": money(1000 * charges / showings / MICROS, currency) if showings else "",
        "open": state == "open",
        "state": words(f"ad_{state}"),
        "segments": ", ".join(one.segments),
    }
