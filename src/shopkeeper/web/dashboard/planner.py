"""The campaign planner: whom to invite, what that is expected to cost and to bring, and who gets nothing."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

import polars as pl
from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest, UnknownCampaign
from shopkeeper.data import outbox
from shopkeeper.data.outbox import HELD_OUT, WAITING, Message
from shopkeeper.serving.delivery import message_id, rest_of
from shopkeeper.serving.snapshots import Part
from shopkeeper.surfaces.planner import CHANCE, ITEMS, Invitation, Worth, invitation
from shopkeeper.surfaces.quiet import send_at
from shopkeeper.surfaces.snapshot import AUDIENCES
from shopkeeper.web import forms, shelves
from shopkeeper.web.dashboard.asked import number_of
from shopkeeper.web.dashboard.charts import Chart, Series, round_up
from shopkeeper.web.dashboard.frame import ROOT, Frame, saved_table
from shopkeeper.web.dashboard.looks import Looks
from shopkeeper.web.dashboard.standing import standing
from shopkeeper.web.formatting import clock, day, money
from shopkeeper.web.front import Call, see_other
from shopkeeper.web.shoppers import short_name
from shopkeeper.web.strings import Words

PART: Final = "campaigns"
ACTION: Final = "campaign"
_SHOWN: Final = 50
_POINTS: Final = 40
_ITEMS: Final = 10
_HOLDOUT: Final = 10.0
_Asked = Mapping[str, str]


class CampaignPages:
    """The campaign planner."""

    path = f"{ROOT}/campaigns"
    key = "dash_campaigns"

    def __init__(self, frame: Frame, looks: Looks) -> None:
        self._frame = frame
        self._looks = looks

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [
            self._frame.page("/campaigns", self.look),
            self._frame.page("/campaigns.csv", self.save),
            self._frame.form("/campaigns/approve", self.approve),
        ]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"profit": self.profit}

    def look(self, call: Call) -> Response:
        """The page."""
        part, asked = self._looks.part(PART), call.request.query_params
        context: dict[str, object] = {
            "outbox": standing(self._frame.service, call.visitor.words, self._now())
        }
        if part is not None:
            context |= self._told(call, part, asked)
        return self._looks.render(call, "campaigns.html", self.path, PART, context)

    def save(self, call: Call) -> Response:
        """Whom to invite as CSV, with the first moment at which it may be sent."""
        part, asked = self._looks.known(PART), call.request.query_params
        found, terms = self._found(part, asked), self._frame.service.config.actions
        moment = clock(send_at(self._now(), terms))
        return saved_table(
            "campaign.csv",
            found.people.select(
                pl.lit(_campaign(part, asked)["campaign_id"]).alias(c.CAMPAIGN_ID),
                c.CUSTOMER_ID,
                pl.col(CHANCE).round(6),
                pl.col(ITEMS).list.join(" "),
                pl.Series("held_out", found.held),
                pl.lit(moment).alias("send_at"),
            ),
        )

    def approve(self, call: Call) -> Response:
        """Let invitations wait in the outbox, and keep who is held out."""
        part = self._looks.known(PART)
        if part.stamp != forms.field(call.form, "stamp"):
            raise InvalidRequest(
                "Customers were looked at anew since the plan was shown.", hint="Look at the plan again."
            )
        service, now = self._frame.service, self._now()
        found, worth = self._found(part, call.form), self._worth(part, call.form)
        campaign = _campaign(part, call.form)["campaign_id"]
        messages = [
            Message(
                message_id(),
                name,
                ACTION,
                chance * worth.response - worth.message,
                worth.message,
                now,
                HELD_OUT if held else WAITING,
                campaign_id=campaign,
                items=tuple(items),
            )
            for (name, chance, items), held in zip(
                found.people.select(c.CUSTOMER_ID, CHANCE, ITEMS).rows(), found.held.tolist(), strict=True
            )
        ]
        rest = rest_of(service.config.actions)
        stored = service.store.write(partial(outbox.put, messages=messages, rest=rest)).result()
        waits = max(0, stored - int(found.held.sum()))
        return see_other(f"{self.path}?approved={waits}#outbox")

    def profit(self, call: Call) -> Chart:
        """Expected cost and profit by how many are invited."""
        part, words = self._looks.part(PART), call.visitor.words
        title, label = words("dash_profit_curve"), words("dash_invited")
        if part is None:
            return Chart("profit", title, label, (), ())
        found = self._found(part, call.request.query_params)
        most, chosen = len(found.cost) - 1, len(found.people)
        places = sorted({round(most * point / _POINTS) for point in range(_POINTS + 1)} | {chosen})
        series = (
            Series(words("dash_profit"), tuple(float(found.profit[place]) for place in places)),
            Series(words("dash_cost"), tuple(float(found.cost[place]) for place in places)),
        )
        labels = tuple(f"{place:,}" for place in places)
        return Chart("profit", title, label, labels, series, lines=True, mark=places.index(chosen))

    def _told(self, call: Call, part: Part, asked: _Asked) -> dict[str, object]:
        words, service = call.visitor.words, self._frame.service
        currency, one, worth = service.config.currency, _campaign(part, asked), self._worth(part, asked)
        found, chosen = self._found(part, asked), self._found(part, {**asked, "budget": ""})
        top = round_up(max(len(chosen.people) * worth.message, 1.0))
        invited, many = found.invited, len(found.people)
        responses = float(invited[CHANCE].sum())
        settings = {name: asked.get(name, "") for name in ("budget", "holdout", "sale", "discount")}
        counted = Counter(item for items in invited[ITEMS].to_list() for item in items)
        return {
            "campaigns": part.figures["campaigns"],
            "campaign": one,
            "when": " \N{EN DASH} ".join(day(at) if at else "…" for at in (one["starts_at"], one["ends_at"])),
            "budget": f"{min(number_of(asked, 'budget', top), top):g}",
            "budget_told": money(min(number_of(asked, "budget", top), top), currency),
            "top": top,
            "currency": money(0, currency).rstrip("0."),
            "holdout": f"{number_of(asked, 'holdout', _HOLDOUT, 50):g}",
            "sale": f"{worth.sale:g}",
            "discount": f"{100 * worth.discount:g}",
            "margin": f"{100 * worth.margin:g}",
            "message_cost": money(worth.message, currency),
            "plan": found,
            "many": many,
            "expected": f"{responses:,.1f}",
            "rate": f"{100 * responses / max(1, len(invited)):.1f}%",
            "cost": money(len(invited) * worth.message, currency),
            "profit": money(responses * worth.response - len(invited) * worth.message, currency),
            "lines": [
                self._line(row, held, words)
                for row, held in zip(
                    found.people.rows(named=True)[:_SHOWN], found.held.tolist(), strict=False
                )
            ],
            "suited": [
                (shelves.name_of(service, item, words), shelves.item_url(item), count)
                for item, count in counted.most_common(_ITEMS)
            ],
            "chart": self.profit(call),
            "query": urlencode({"campaign": one["campaign_id"], **settings}),
            "asked": settings,
            "stamp": part.stamp,
            "approved": asked.get("approved", ""),
        }

    def _line(self, row: dict[str, Any], held: bool, words: Words) -> dict[str, object]:
        service = self._frame.service
        return {
            "customer": row[c.CUSTOMER_ID],
            "label": words("customer_named", short_name(row[c.CUSTOMER_ID])),
            "chance": f"{100 * row[CHANCE]:.1f}",
            "held": held,
            "items": [(shelves.name_of(service, one, words), shelves.item_url(one)) for one in row[ITEMS]],
        }

    def _worth(self, part: Part, asked: _Asked) -> Worth:
        terms = self._frame.service.config.actions
        discount = number_of(asked, "discount", 0.0, 100) / 100
        sale = number_of(asked, "sale", float(part.figures["sale"]))
        return Worth(sale, terms.margin, discount, terms.message_cost)

    def _found(self, part: Part, asked: _Asked) -> Invitation:
        service, now = self._frame.service, self._now()
        campaign = _campaign(part, asked)["campaign_id"]
        resting = partial(outbox.resting, as_of=now, rest=rest_of(service.config.actions))
        budget = number_of(asked, "budget", math.inf)
        return invitation(
            part.frames[AUDIENCES].filter(pl.col(c.CAMPAIGN_ID) == campaign),
            service.store.read(resting) | service.refused(),
            self._worth(part, asked),
            campaign,
            budget=None if math.isinf(budget) else budget,
            holdout=number_of(asked, "holdout", _HOLDOUT, 50) / 100,
        )

    def _now(self) -> int:
        return self._frame.front.clock()


def _campaign(part: Part, asked: _Asked) -> dict[str, Any]:
    """The campaign of the query, the first one where none is named."""
    told: list[dict[str, Any]] = part.figures["campaigns"]
    name = asked.get("campaign") or told[0]["campaign_id"]
    for one in told:
        if one["campaign_id"] == name:
            return one
    raise UnknownCampaign(f"campaign = {name[:100]!r} is none of those that run or are to come.")
