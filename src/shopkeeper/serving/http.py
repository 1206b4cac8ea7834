"""The HTTP interface: routes as one list over `Service`."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.data.values import read_moment
from shopkeeper.privacy.erasure import Receipt
from shopkeeper.serving import metrics, problems
from shopkeeper.serving.bodies import read_json
from shopkeeper.serving.campaigns import CAMPAIGNS_EXAMPLE, CampaignsAnswer, CampaignsRequest
from shopkeeper.serving.edge import Edge
from shopkeeper.serving.guard import TOKEN_VARIABLE, Guard
from shopkeeper.serving.openapi import JSON, Route, add_routes, described_body
from shopkeeper.serving.origins import Origins
from shopkeeper.serving.person import GUEST, Person
from shopkeeper.serving.schedule import TrainingState
from shopkeeper.serving.schemas import (
    ADS_EXAMPLE,
    EVENTS_EXAMPLE,
    EVENTS_SCHEMA,
    HOMEPAGE_EXAMPLE,
    RECOMMENDATION_EXAMPLE,
    AdsReply,
    AdsRequest,
    BatchVerdict,
    Health,
    HomepageRequest,
    RankedAnswer,
    RecommendationRequest,
    SegmentsAnswer,
    SegmentsRequest,
    ads_reply,
    batch_verdict,
    ranked,
    segments_answer,
)
from shopkeeper.serving.service import Results, Service
from shopkeeper.serving.turns import Turns
from shopkeeper.surfaces.page import Homepage, SearchPage
from shopkeeper.surfaces.query import Bounds
from shopkeeper.surfaces.segmentation import Segmentation
from shopkeeper.surfaces.wish import Wish

_LARGE_BATCH = 500
"""Rows from which on a batch is checked in a worker thread, so that others need not wait for it."""

Asked = TypeVar("Asked", bound=BaseModel)
CustomerId = Annotated[str | None, Query(max_length=256, description="The shop's own id of a customer.")]
Debug = Annotated[bool, Query(description="Tell what each rule did to each list.")]
SessionId = Annotated[str | None, Query(max_length=256, description="The shop's own id of a session.")]


# A dependency that is no coroutine would cost a request a thread of its own.
async def _wish(
    words: Annotated[str, Query(description="A sentence of what is wished for, 1 to 500 characters.")] = "",
    style: Annotated[str, Query(description="One of the styles a guest's homepage offers.")] = "",
    more_like: Annotated[tuple[str, ...], Query(description="Items to see more like.")] = (),
    not_this: Annotated[tuple[str, ...], Query(description="Items not to see.")] = (),
    cheaper_than: Annotated[tuple[str, ...], Query(description="Items that cost too much.")] = (),
) -> Wish:
    return Wish(words, style, more_like, not_this, cheaper_than)


class Interface:
    """Endpoints over a service.

    Parameters
    ----------
    service
        The shop.
    guard
        Who may see personal data.
    """

    def __init__(self, service: Service, guard: Guard) -> None:
        self._service = service
        self._guard = guard
        self._turns = Turns()
        self._max_bytes = int(service.config.limits.max_body_mb * 1e6)

    def routes(self) -> tuple[Route, ...]:
        """The whole interface."""
        return (
            Route(
                "POST",
                "/v1/events",
                self.collect,
                BatchVerdict,
                "Store a batch of events; a verdict a row. 200 as soon as the batch could be read: rows that "
                "break a rule are set aside one by one and never stop the others. Sending a batch again "
                "stores nothing twice.",
                (400, 413, 422, 503),
                described_body(EVENTS_SCHEMA, EVENTS_EXAMPLE),
            ),
            Route(
                "POST",
                "/v1/recommendations",
                self.recommend,
                RankedAnswer,
                "Ranked items for a customer, a session, or a history in the body, and what they wish for; "
                "or for several customers together.",
                (400, 401, 403, 404, 413, 422, 503),
                described_body(RecommendationRequest, RECOMMENDATION_EXAMPLE),
            ),
            Route(
                "GET", "/v1/similar", self.similar, RankedAnswer, "What goes with an item.", (404, 422, 503)
            ),
            Route(
                "GET",
                "/v1/search",
                self.search,
                SearchPage,
                "Items for what was typed, by words and by meaning, in the order that suits the person.",
                (400, 401, 403, 404, 422, 503),
            ),
            Route(
                "GET",
                "/v1/homepage",
                self.homepage,
                Homepage,
                "The homepage of a customer, a session or a guest, and what they wish for.",
                (400, 401, 403, 404, 422, 503),
            ),
            Route(
                "GET",
                "/v1/results",
                self.results,
                Results,
                "What came of what was shown: click-through, additions to the cart, purchases and revenue by "
                "surface, row and model version, with 95% intervals.",
                (401, 403, 422, 503),
            ),
            Route(
                "GET",
                "/v1/training",
                self.training,
                TrainingState,
                "Trainings: whether one is under way, what came of the last ones and why, when one is due.",
                (401, 403, 503),
            ),
            Route(
                "POST",
                "/v1/homepage",
                self.homepage_of,
                Homepage,
                "The homepage for a history in the body, which is not stored, and what is wished for.",
                (400, 413, 422, 503),
                described_body(HomepageRequest, HOMEPAGE_EXAMPLE),
            ),
            Route(
                "POST",
                "/v1/ads",
                self.ads,
                AdsReply,
                "Adverts for a place on a page, by a second-price auction within budgets, audiences and "
                "caps. What is answered is paid for.",
                (400, 401, 403, 413, 422, 503),
                described_body(AdsRequest, ADS_EXAMPLE),
            ),
            Route(
                "POST",
                "/v1/campaigns",
                self.campaigns,
                CampaignsAnswer,
                "Campaigns that run now for a person, or the people to send a campaign to, with those of its "
                "items that suit them.",
                (400, 401, 403, 404, 413, 422, 503),
                described_body(CampaignsRequest, CAMPAIGNS_EXAMPLE),
            ),
            Route(
                "GET",
                "/v1/segments",
                self.segments,
                SegmentsAnswer,
                "How customers divide by rules, stage of life, recency-frequency-money or likeness, what "
                "segments share, and who moved.",
                (401, 403, 422, 503),
            ),
            Route(
                "GET",
                "/v1/segments/customers",
                self.segment_customers,
                str,
                "Who is in which segment, by pseudonym, as CSV.",
                (401, 403, 422, 503),
            ),
            Route(
                "DELETE",
                "/v1/customers/{customer_id}",
                self.erase,
                Receipt,
                "Forget a customer, and prove it.",
                (401, 403, 404, 422, 503),
            ),
            Route("GET", "/health/live", self.live, Health, "Whether the process answers."),
            Route("GET", "/health/ready", self.ready, Health, "Whether the shop can recommend.", (503,)),
            Route("GET", "/metrics", self.metrics, str, "Figures for Prometheus."),
        )

    async def collect(self, request: Request) -> Response:
        """``POST /v1/events``."""
        rows = _rows(await read_json(request, max_bytes=self._max_bytes))
        if len(rows) < _LARGE_BATCH:
            batch = self._service.start_collecting(rows)
        else:
            batch = await run_in_threadpool(self._service.start_collecting, rows)
        await asyncio.wrap_future(batch.done)
        body = batch_verdict(batch.verdicts())
        metrics.count_events([(name, body[name]) for name in ("stored", "duplicates", "quarantined")])
        return Response(to_json(body), media_type=JSON)

    async def recommend(self, request: Request, debug: Debug = False) -> Response:
        """``POST /v1/recommendations``."""
        asked = _valid(RecommendationRequest, await read_json(request, max_bytes=self._max_bytes))
        if asked.customer_ids is not None:
            self._guard(request)
            return await run_in_threadpool(self._recommend_together, asked.customer_ids, asked)
        if asked.customer_id is not None or asked.session_id is not None:
            self._guard(request)
        return await self._made(lambda: self._recommend(asked, debug), slow=debug or bool(asked.wish.words))

    def _recommend(self, asked: RecommendationRequest, debug: bool) -> Response:
        answer = self._service.recommend(
            GUEST if asked.history is not None else self._asker(asked.customer_id, asked.session_id),
            k=asked.k,
            history=None if asked.history is None else [event.happening() for event in asked.history],
            exclude=asked.exclude,
            category=asked.category,
            surface=asked.surface,
            wish=asked.wish.wish(),
            rules=asked.rules,
            bought_days=asked.bought_days,
            diversity=asked.diversity,
            calibration=asked.calibration,
            debug=debug,
        )
        return _json(RankedAnswer, ranked(answer))

    def _recommend_together(self, customer_ids: list[str], asked: RecommendationRequest) -> Response:
        beside = asked.model_fields_set - {"customer_ids", "k", "exclude", "category", "rules"}
        if beside:
            raise InvalidRequest(
                f"customer_ids does not go with {', '.join(sorted(beside))}.",
                hint="A list for several takes k, exclude, category and rules.",
            )
        people = [self._service.person(customer_id=one) for one in customer_ids]
        answer = self._service.recommend_together(
            [self._service.require(person) for person in dict.fromkeys(people)],
            k=asked.k,
            exclude=asked.exclude,
            category=asked.category,
            rules=asked.rules,
        )
        return _json(RankedAnswer, ranked(answer))

    async def similar(self, item_id: Annotated[str, Query(max_length=256)], k: int = 10) -> Response:
        """``GET /v1/similar``."""
        return await self._turns.take(
            lambda: _json(RankedAnswer, ranked(self._service.similar(item_id, k=k)))
        )

    def search(
        self,
        request: Request,
        bounds: Annotated[Bounds, Depends()],
        q: Annotated[str, Query(description="What to look for, 1 to 500 characters.")] = "",
        customer_id: CustomerId = None,
        session_id: SessionId = None,
        k: int = 10,
    ) -> Response:
        """``GET /v1/search``."""
        if customer_id is not None or session_id is not None:
            self._guard(request)
        asker = self._asker(customer_id, session_id)
        return _json(SearchPage, self._service.search(q, asker, k=k, bounds=bounds))

    async def homepage(
        self,
        request: Request,
        wish: Annotated[Wish, Depends(_wish)],
        customer_id: CustomerId = None,
        session_id: SessionId = None,
        k: int = 12,
        debug: Debug = False,
    ) -> Response:
        """``GET /v1/homepage``."""
        if customer_id is not None or session_id is not None:
            self._guard(request)

        def page() -> Response:
            asker = self._asker(customer_id, session_id)
            return _json(Homepage, self._service.homepage(asker, k=k, wish=wish, debug=debug))

        return await self._made(page, slow=debug or bool(wish.words))

    def results(self, request: Request, days: int = 30) -> Response:
        """``GET /v1/results``."""
        self._guard(request)
        return _json(Results, self._service.results(days=days))

    def training(self, request: Request) -> Response:
        """``GET /v1/training``."""
        self._guard(request)
        return _json(TrainingState, self._service.schedule.state())

    async def homepage_of(self, request: Request, debug: Debug = False) -> Response:
        """``POST /v1/homepage``."""
        asked = _valid(HomepageRequest, await read_json(request, max_bytes=self._max_bytes))
        history = [event.happening() for event in asked.history]
        wish = asked.wish.wish()

        def page() -> Response:
            return _json(Homepage, self._service.homepage(k=asked.k, history=history, wish=wish, debug=debug))

        return await self._made(page, slow=debug or bool(wish.words))

    async def ads(self, request: Request) -> Response:
        """``POST /v1/ads``."""
        asked = _valid(AdsRequest, await read_json(request, max_bytes=self._max_bytes))
        if asked.customer_id is not None or asked.session_id is not None:
            self._guard(request)
        return await run_in_threadpool(self._ads, asked)

    def _ads(self, asked: AdsRequest) -> Response:
        history = None if asked.history is None else [event.happening() for event in asked.history]
        answer = self._service.adverts(
            self._service.person(customer_id=asked.customer_id, session_id=asked.session_id),
            placement=asked.placement,
            places=asked.k,
            history=history,
            adverts=asked.ads,
            only=asked.only,
        )
        return _json(AdsReply, ads_reply(answer))

    async def _made(self, work: Callable[[], Response], *, slow: bool) -> Response:
        """An answer: in turn, or in a thread where it takes an encoder, or a page a rule."""
        return await (run_in_threadpool(work) if slow else self._turns.take(work))

    def _asker(self, customer_id: str | None, session_id: str | None) -> Person:
        """Who asks. An unknown customer alone is an error; with a session they are served as a guest."""
        person = self._service.person(customer_id=customer_id, session_id=session_id)
        return person if customer_id is None or session_id is not None else self._service.require(person)

    def segments(self, request: Request, asked: Annotated[SegmentsRequest, Depends()]) -> Response:
        """``GET /v1/segments``."""
        self._guard(request)
        return _json(SegmentsAnswer, segments_answer(self._segments(asked)))

    def segment_customers(
        self,
        request: Request,
        asked: Annotated[SegmentsRequest, Depends()],
        segment: Annotated[str | None, Query(max_length=256, description="This segment alone.")] = None,
    ) -> Response:
        """``GET /v1/segments/customers``."""
        self._guard(request)
        members = self._segments(asked).members
        if segment is not None:
            members = members.filter(members["segment"] == segment)
        return Response(members.write_csv(), media_type="text/csv")

    async def campaigns(self, request: Request) -> Response:
        """``POST /v1/campaigns``."""
        self._guard(request)
        asked = _valid(CampaignsRequest, await read_json(request, max_bytes=self._max_bytes))
        return await run_in_threadpool(self._campaigns, asked)

    def _campaigns(self, asked: CampaignsRequest) -> Response:
        answer = self._service.campaigns(
            customer_id=asked.customer_id,
            campaign_id=asked.campaign_id,
            k=asked.k,
            budget=asked.budget,
            as_of=_moment("as_of", asked.as_of),
        )
        return _json(CampaignsAnswer, answer)

    def _segments(self, asked: SegmentsRequest) -> Segmentation:
        return self._service.segments(
            asked.by, as_of=_moment("as_of", asked.as_of), since=_moment("since", asked.since)
        )

    def erase(self, request: Request, customer_id: str) -> Response:
        """``DELETE /v1/customers/{customer_id}``."""
        self._guard(request)
        return _json(Receipt, self._service.erase(customer_id))

    async def live(self) -> Response:
        """``GET /health/live``."""
        return _json(Health, Health("live"))

    def ready(self) -> Response:
        """``GET /health/ready``."""
        state = self._service.ready()
        metrics.show_model(state.ready, bool(state.problems))
        health = Health("ready" if state.ready else "not ready", state.model_version, state.problems)
        return _json(Health, health, 200 if state.ready else 503)

    def metrics(self) -> Response:
        """``GET /metrics``."""
        state = self._service.ready()
        metrics.show_model(state.ready, bool(state.problems))
        metrics.show_training(self._service.schedule.state())
        return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)


def create_app(service: Service, *, guard: Guard | None = None) -> FastAPI:
    """The application: every route, problem documents for every error, and the service closed at the end.

    Parameters
    ----------
    service
        The shop; closed when the application shuts down.
    guard
        Who may see personal data; by default this machine, and whoever brings the token of the environment
        variable `guard.TOKEN_VARIABLE`.
    """
    guard = guard or Guard(os.environ.get(TOKEN_VARIABLE))
    app = FastAPI(
        title="Shopkeeper",
        version="1",
        description="Personalisation for online shops. Errors are problem documents (RFC 9457).",
        lifespan=_lifespan(service),
        docs_url=None,
        redoc_url=None,
    )
    problems.install(app)
    add_routes(app, Interface(service, guard).routes())
    app.add_middleware(Edge, origins=Origins(service.config.embed.origins))
    return app


def _lifespan(service: Service) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # The first model is loaded before the first request has to wait for it.
        state = await run_in_threadpool(service.ready)
        metrics.show_model(state.ready, bool(state.problems))
        service.schedule.start()
        yield
        service.close()

    return lifespan


def _rows(body: Any) -> list[Any]:
    rows = body.get("events") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise InvalidRequest(
            "The body holds no list of events.", hint='Send {"events": [...]} or a list of events.'
        )
    return rows


def _valid(kind: type[Asked], body: Any) -> Asked:
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False)) from None


def _moment(field: str, given: str | None) -> int | None:
    return None if given is None else read_moment(field, given)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _json(kind: Any, value: Any, status: int = 200) -> Response:
    return Response(_adapter(kind).dump_json(value), status, media_type=JSON)
