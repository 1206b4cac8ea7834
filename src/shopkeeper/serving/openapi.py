"""Routes as values, and what OpenAPI says of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import TypeAdapter

from shopkeeper.serving import problems
from shopkeeper.serving.campaigns import CampaignsRequest
from shopkeeper.serving.schemas import EXAMPLES, AdsRequest, HomepageRequest, Problem, RecommendationRequest

JSON: Final = "application/json"
_REFERENCE: Final = "#/components/schemas/{model}"
_FAULT: Final[dict[str, Any]] = {
    "description": "A problem document.",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model=Problem.__name__)}}},
}


@dataclass(frozen=True)
class Route:
    """One entry of the interface.

    Attributes
    ----------
    method, path
        As in HTTP.
    endpoint
        What answers.
    answer
        Type of the body on success, for OpenAPI.
    summary
        What it does; the first sentence is its title in OpenAPI.
    faults
        Statuses of problem documents it may answer with.
    body
        The request body for OpenAPI, where it is read by hand; see `described_body`.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]
    answer: Any
    summary: str
    faults: tuple[int, ...] = ()
    body: dict[str, Any] | None = None


def add_routes(app: FastAPI, routes: Sequence[Route]) -> None:
    """Add routes to an application, and what OpenAPI says of them."""
    for route in routes:
        app.add_api_route(
            route.path,
            route.endpoint,
            methods=[route.method],
            response_class=Response,
            response_model=None,
            summary=route.summary.partition(".")[0] + ".",
            description=route.summary,
            responses={200: _answer(route), **dict.fromkeys(route.faults, _FAULT)},
            openapi_extra=route.body,
        )
    app.openapi = _with_shapes(app)  # type: ignore[method-assign]


def described_body(schema: dict[str, Any] | type, example: Any) -> dict[str, Any]:
    """A request body for OpenAPI: a schema or a type of `schemas`, and an example."""
    if isinstance(schema, type):
        schema = {"$ref": _REFERENCE.format(model=schema.__name__)}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}}}


def _answer(route: Route) -> dict[str, Any]:
    if route.answer is str:
        return {"description": "Done.", "content": {"text/plain": {}}}
    answer: dict[str, Any] = {"description": "Done.", "model": route.answer}
    if route.answer in EXAMPLES:
        answer["content"] = {JSON: {"example": EXAMPLES[route.answer]}}
    return answer


def _with_shapes(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """OpenAPI of the application, with the shapes of bodies that are read by hand."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            shapes = schema.setdefault("components", {}).setdefault("schemas", {})
            for kind in (RecommendationRequest, HomepageRequest, AdsRequest, CampaignsRequest, Problem):
                shape = TypeAdapter(kind).json_schema(ref_template=_REFERENCE)
                shapes.update(shape.pop("$defs", {}))
                shapes[kind.__name__] = shape
        return app.openapi_schema or {}

    return openapi
