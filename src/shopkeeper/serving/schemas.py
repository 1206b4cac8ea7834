"""Shapes of requests and answers of the HTTP interface, with the examples that OpenAPI shows."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from shopkeeper.core import columns as c
from shopkeeper.core.rules import MOST_RULES, Rule
from shopkeeper.core.types import EventType
from shopkeeper.data.collect import DUPLICATE, STORED, Verdict
from shopkeeper.data.contract import RULES, Reason
from shopkeeper.data.values import parse_time
from shopkeeper.serving.ads import AdsAnswer
from shopkeeper.serving.visits import Happening
from shopkeeper.surfaces.ads import MOST_PLACES
from shopkeeper.surfaces.adverts import Advert
from shopkeeper.surfaces.effects import RuleEffect
from shopkeeper.surfaces.page import Answer, Card
from shopkeeper.surfaces.page import Reason as CardReason
from shopkeeper.surfaces.segmentation import Segmentation, SegmentMove, SegmentOverlap, SegmentSize
from shopkeeper.surfaces.wish import Wish

QUARANTINED = "quarantined"
MOST_TOGETHER = 10
"""Most people whom one list is for."""


def _milliseconds(value: Any) -> int | None:
    time, reason = parse_time(value)
    if reason is not None:
        raise ValueError(RULES[Reason.not_a_time])
    return None if time is None else int(time)


class HistoryEvent(BaseModel):
    """One event of a history in the body."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    item_id: str = Field(min_length=1, max_length=256)
    event_type: str = "view_item"
    timestamp: Annotated[int | None, BeforeValidator(_milliseconds)] = Field(
        None, description="ISO 8601 or epoch seconds, milliseconds or microseconds; absent means just now."
    )

    def happening(self) -> Happening:
        """As the service takes it."""
        return Happening(self.item_id, self.event_type, self.timestamp)


class WishRequest(BaseModel):
    """What somebody says they want; nothing of it is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    words: str = Field("", description="A sentence, at most 500 characters.")
    style: str = Field("", description="One of the styles a guest's homepage offers.")
    more_like: list[str] = Field(default=[], description="Items to see more like.")
    not_this: list[str] = Field(default=[], description="Items not to see.")
    cheaper_than: list[str] = Field(default=[], description="Items that cost too much.")

    def wish(self) -> Wish:
        """As the service takes it."""
        named = (tuple(self.more_like), tuple(self.not_this), tuple(self.cheaper_than))
        return Wish(self.words, self.style, *named)


class RecommendationRequest(BaseModel):
    """Whom for, how many, and within which bounds. Without anybody named, the answer is a guest's list."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    customer_id: str | None = Field(None, max_length=256)
    session_id: str | None = Field(None, max_length=256)
    customer_ids: list[str] | None = Field(
        None,
        min_length=2,
        max_length=MOST_TOGETHER,
        description="One list for several.",
    )
    history: list[HistoryEvent] | None = Field(
        None, max_length=10_000, description="Taken in place of what the log knows."
    )
    k: int = 10
    exclude: list[str] = Field(default=[], max_length=10_000)
    category: str | None = None
    surface: str = Field("for_you", description="for_you, buy_again, related, trending or popular.")
    wish: WishRequest = WishRequest()
    rules: list[Rule] = Field(default=[], max_length=MOST_RULES, description="Beside those of the shop.")
    bought_days: float | None = Field(None, ge=0, description="In place of lists.bought_days.")
    diversity: float | None = Field(None, ge=0, le=0.5, description="In place of lists.diversity.")
    calibration: float | None = Field(None, ge=0, le=0.5, description="In place of lists.calibration.")


class AdsRequest(BaseModel):
    """Whom for, where, and how many; adverts in the body are taken in place of those of the shop."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    customer_id: str | None = Field(None, max_length=256)
    session_id: str | None = Field(None, max_length=256)
    history: list[HistoryEvent] | None = Field(
        None, max_length=10_000, description="Taken in place of what the log knows."
    )
    placement: str = Field("page", min_length=1, max_length=64, description="Where on which page.")
    k: int = Field(1, ge=1, le=MOST_PLACES, description="How many places there are.")
    only: list[str] | None = Field(None, max_length=10_000, description="Ids of those that may be shown.")
    ads: list[Advert] | None = Field(None, max_length=1_000, description="In place of the shop's adverts.")


@dataclass(frozen=True, slots=True)
class ShownAd:
    """An advert in its place, counted from 1; it pays ``charge``, as much as ``click_price`` for a click."""

    rank: int
    ad_id: str
    text: str
    probability: float
    charge: float
    click_price: float


@dataclass(frozen=True, slots=True)
class AdsReply:
    """Adverts, already paid for; echo ``request_id`` in the clicks that follow."""

    request_id: str
    model: str
    currency: str
    ads: tuple[ShownAd, ...]


def ads_reply(answer: AdsAnswer) -> AdsReply:
    """As HTTP answers it."""
    ads = tuple(
        ShownAd(rank, one.ad_id, one.text, one.probability, one.charge, one.click_price)
        for rank, one in enumerate(answer.ads, 1)
    )
    return AdsReply(answer.request_id, answer.model, answer.currency, ads)


class HomepageRequest(BaseModel):
    """The homepage of somebody who brings their history along."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    history: list[HistoryEvent] = Field(default=[], max_length=10_000, description="Oldest first.")
    k: int = 12
    wish: WishRequest = WishRequest()


@dataclass(frozen=True, slots=True)
class RankedItem(Card):
    """A card and its place in the list, counted from 1."""

    rank: int = 0


@dataclass(frozen=True, slots=True)
class RankedAnswer:
    """A ranked list; echo ``request_id`` in the events that follow from it."""

    request_id: str
    model_version: str
    note: str
    items: tuple[RankedItem, ...]
    warnings: tuple[str, ...] = ()
    debug: tuple[RuleEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentsRequest:
    """How to divide, and as of when."""

    by: Annotated[str, Query(description="rules, stage, rfm or clusters.")] = "rfm"
    as_of: Annotated[str | None, Query(description="ISO 8601 or epoch; now without it.")] = None
    since: Annotated[str | None, Query(description="An earlier moment, to tell who moved.")] = None


@dataclass(frozen=True, slots=True)
class SegmentsAnswer:
    """How customers divide."""

    by: str
    as_of: int
    customers: int
    segments: tuple[SegmentSize, ...]
    overlap: tuple[SegmentOverlap, ...]
    movement: tuple[SegmentMove, ...]


def segments_answer(found: Segmentation) -> SegmentsAnswer:
    """All but who is where."""
    return SegmentsAnswer(
        found.by, found.as_of, found.customers, found.segments, found.overlap, found.movement
    )


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What became of one row: stored, duplicate or quarantined; the latter with code, field and reason."""

    status: str
    event_id: str | None = None
    code: str | None = None
    field: str | None = None
    reason: str | None = None
    cut: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class BatchVerdict:
    """What became of a batch; ``verdicts`` has one entry a row, in order."""

    stored: int
    duplicates: int
    quarantined: int
    verdicts: tuple[RowVerdict, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """State of a worker."""

    status: str
    model_version: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""
    errors: tuple[dict[str, Any], ...] = ()


def ranked(answer: Answer) -> RankedAnswer:
    """An answer with ranks."""
    items = tuple(_ranked(card, rank) for rank, card in enumerate(answer.items, start=1))
    return RankedAnswer(
        answer.request_id, answer.model_version, answer.note, items, answer.warnings, answer.debug
    )


def _ranked(card: Card, rank: int) -> RankedItem:
    fields = {name: getattr(card, name) for name in Card.__slots__}
    return RankedItem(**fields, rank=rank)


def batch_verdict(verdicts: list[Verdict]) -> dict[str, Any]:
    """`BatchVerdict` as JSON values; fields that say nothing are left out, as batches are large."""
    stored = sum(verdict.status == STORED for verdict in verdicts)
    duplicates = sum(verdict.status == DUPLICATE for verdict in verdicts)
    return {
        "stored": stored,
        "duplicates": duplicates,
        "quarantined": len(verdicts) - stored - duplicates,
        "verdicts": [_row_verdict(verdict) for verdict in verdicts],
    }


def _row_verdict(verdict: Verdict) -> dict[str, Any]:
    if verdict.event_id is None:
        return {
            "status": QUARANTINED,
            "code": verdict.reason,
            "field": verdict.field,
            "reason": verdict.message,
        }
    row: dict[str, Any] = {"status": verdict.status, "event_id": verdict.event_id}
    if verdict.cut:
        row["cut"] = verdict.cut
    return row


EVENTS_EXAMPLE: dict[str, Any] = {
    "events": [
        {
            "event_id": "order-99-line-1",
            "customer_id": "4711",
            "session_id": "web-1",
            "event_type": "purchase",
            "item_id": "sku-1",
            "timestamp": "2026-11-23T10:00:00Z",
            "quantity": 2,
            "price": 3.5,
            "currency": "USD",
            "transaction_id": "order-99",
        },
        {"session_id": "web-1", "event_type": "view_item", "item_id": "sku-2", "timestamp": 1795428000000},
    ]
}
EVENTS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["events"],
    "properties": {
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": [c.EVENT_TYPE],
                "properties": {name: {} for name in c.EVENT_COLUMNS}
                | {c.EVENT_TYPE: {"type": "string", "enum": [kind.name for kind in EventType]}},
            },
        }
    },
}
RECOMMENDATION_EXAMPLE: dict[str, Any] = {
    "customer_id": "4711",
    "k": 10,
    "exclude": ["sku-1"],
    "category": "Dairy & eggs",
}
HOMEPAGE_EXAMPLE: dict[str, Any] = {"history": [{"item_id": "sku-1"}, {"item_id": "sku-2"}], "k": 12}
_ITEM = RankedItem(
    item_id="sku-2",
    title="Whole milk, 1 gallon",
    title_zh="全脂牛奶 1 加仑",
    price=2.49,
    currency="USD",
    category="Dairy & eggs",
    category2="Milk & creamers",
    category3="",
    brand="",
    image_url="",
    url="",
    in_stock=True,
    reason=CardReason("You bought this 7 times, last 12 days ago", "您买过7次,最近一次是12天前"),
    source="repeat",
    score=1.42,
    evidence_item_ids=("sku-2",),
    rank=1,
)
ADS_EXAMPLE: dict[str, Any] = {
    "customer_id": "customer-007",
    "placement": "home",
    "k": 2,
    "ads": [
        {"ad_id": "spring", "bid": 0.5, "daily_budget": 20, "text": "Spring tea is here"},
        {"ad_id": "pots", "bid": 0.4, "daily_cap": 3},
    ],
}

EXAMPLES: dict[type, dict[str, Any]] = {
    BatchVerdict: {
        "stored": 1,
        "duplicates": 0,
        "quarantined": 1,
        "verdicts": [
            {"status": STORED, "event_id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9"},
            {
                "status": QUARANTINED,
                "code": "not_finite",
                "field": "price",
                "reason": "price = nan is not a finite number.",
            },
        ],
    },
    RankedAnswer: asdict(RankedAnswer("7d0c7c2f9f3b4a1e8c5d6b7a", "20261123T025900Z-3f2a", "", (_ITEM,))),
}
"""An example of an answer by its type."""
