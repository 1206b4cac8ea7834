"""Is the model good: every version with its figures, going to another one, two side by side, training."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.metrics.interval import Interval
from shopkeeper.serving.person import Person
from shopkeeper.serving.trainer import Trainer
from shopkeeper.serving.versions import Version, Versions
from shopkeeper.surfaces.page import Card
from shopkeeper.training.promote import OWN
from shopkeeper.web import forms, shelves
from shopkeeper.web.dashboard.charts import Chart, Series
from shopkeeper.web.dashboard.frame import ROOT, Frame
from shopkeeper.web.formatting import ago, clock
from shopkeeper.web.front import Call, see_other

METRICS: Final = ("ndcg@10", "recall@10", "hit_rate@10", "mrr@10", "coverage@10")
"""Figures that can be looked at over time."""
_COLUMNS: Final = ("ndcg@10", "recall@10", "coverage@10")
_COMPARED = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of a comparison: a tile, its rank in the other list (0: it is not there)."""

    tile: shelves.Tile
    other: int


class Models:
    """The models page."""

    path = f"{ROOT}/models"
    key = "dash_models"

    def __init__(self, frame: Frame, versions: Versions, trainer: Trainer) -> None:
        self._frame = frame
        self._versions = versions
        self._trainer = trainer

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [
            self._frame.page("/models", self.look),
            self._frame.page("/models/compare", self.compare),
            self._frame.page("/models/training", self.training),
            self._frame.form("/models/serve", self.serve),
            self._frame.form("/models/train", self.train),
        ]

    def charts(self) -> Mapping[str, Callable[[Call], Chart]]:
        """Its charts by name."""
        return {"quality": self.quality}

    def look(self, call: Call) -> Response:
        """The page."""
        versions, words = self._versions.all(), call.visitor.words
        now = self._frame.front.clock()
        context = {
            "versions": [(one, ago(words, one.trained, now), clock(one.trained)) for one in versions],
            "before": self._versions.before(),
            "chart": self.quality(call),
            "metric": _metric(call),
            "metrics": METRICS,
            "columns": _COLUMNS,
            "figure": figure,
            "people": self._frame.front.shoppers(call),
            **self._state(call),
        }
        return self._frame.render(call, "models.html", self.path, context)

    def training(self, call: Call) -> Response:
        """How far the training is, as a piece of the page."""
        return self._frame.render(call, "training.html", self.path, self._state(call))

    def serve(self, call: Call) -> Response:
        """Let another version serve."""
        self._versions.promote(forms.field(call.form, "version"))
        return see_other(self.path)

    def train(self, call: Call) -> Response:
        """Start a training beside the service."""
        self._trainer.start()
        return see_other(self.path)

    def compare(self, call: Call) -> Response:
        """Two versions side by side for one customer."""
        asked = call.request.query_params
        person = self._person(asked.get("customer", ""), asked.get("number", "").strip())
        names = (asked.get("a", ""), asked.get("b", ""))
        lists = [
            self._frame.service.recommend_by(self._versions.load(name), person, k=_COMPARED).items
            for name in names
        ]
        left, right = _side(call, lists[0], lists[1]), _side(call, lists[1], lists[0])
        context = {
            "sides": [(names[0], left), (names[1], right)],
            "shared": sum(line.other > 0 for line in left),
            "customer": person.customer,
        }
        return self._frame.render(call, "compare.html", self.path, context)

    def quality(self, call: Call) -> Chart:
        """One figure of every version, the oldest first, beside popularity on the same test."""
        words, metric = call.visitor.words, _metric(call)
        measured = [one for one in reversed(self._versions.all()) if one.figure(metric)]
        labels = tuple(clock(one.trained)[5:16] for one in measured)
        series = (
            _series(words("dash_this_version"), measured, metric, OWN),
            _series(words("dash_popularity"), measured, metric, "popular"),
        )
        is_share = metric.startswith("coverage")
        title = words("dash_quality", metric)
        return Chart("quality", title, words("dash_trained"), labels, series, lines=True, percent=is_share)

    def _state(self, call: Call) -> dict[str, object]:
        state = self._trainer.state()
        words = call.visitor.words
        return {
            "state": state,
            "running": self._trainer.running,
            "since": ago(words, state.ended or state.started, self._frame.front.clock()) if state else "",
        }

    def _person(self, customer: str, number: str) -> Person:
        """The customer who was chosen, by list or by number."""
        service = self._frame.service
        if number:
            return service.require(service.person(customer_id=number))
        if not customer:
            raise InvalidRequest(
                "No customer was chosen.", hint="Choose one from the list, or type a number."
            )
        return service.require(Person.of_pseudonyms(customer=customer))


def figure(interval: Interval | None) -> str:
    """A figure with its interval."""
    if interval is None or math.isnan(interval.mean):
        return ""
    if math.isnan(interval.low):
        return f"{interval.mean:.4f}"
    return f"{interval.mean:.4f} [{interval.low:.4f}, {interval.high:.4f}]"


def _metric(call: Call) -> str:
    asked = call.request.query_params.get("metric", METRICS[0])
    return asked if asked in METRICS else METRICS[0]


def _series(name: str, versions: list[Version], metric: str, contestant: str) -> Series:
    found = [version.figure(metric, contestant) for version in versions]
    return Series(
        name,
        tuple(_number(one.mean) if one else None for one in found),
        tuple(_number(one.low) if one else None for one in found),
        tuple(_number(one.high) if one else None for one in found),
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _side(call: Call, own: tuple[Card, ...], other: tuple[Card, ...]) -> list[Compared]:
    ranks = {card.item_id: place for place, card in enumerate(other, 1)}
    return [
        Compared(
            shelves.tile_of(card, call.visitor.words, request_id="", shelf=""), ranks.get(card.item_id, 0)
        )
        for card in own
    ]
