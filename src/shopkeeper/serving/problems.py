"""Errors as problem documents (RFC 9457), and the one table from error to HTTP status."""

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from shopkeeper.core import errors

STATUS: dict[type[errors.ShopkeeperError], int] = {
    errors.InvalidConfig: 500,
    errors.InvalidRequest: 422,
    errors.InvalidQuery: 400,
    errors.InvalidJson: 400,
    errors.PayloadTooLarge: 413,
    errors.MissingFile: 500,
    errors.UnreadableSource: 400,
    errors.UnreadableModel: 500,
    errors.EmptySource: 400,
    errors.MissingColumn: 422,
    errors.TooLittleData: 422,
    errors.ShopNotFound: 404,
    errors.UnknownCustomer: 404,
    errors.UnknownItem: 404,
    errors.UnknownCampaign: 404,
    errors.ShopExists: 409,
    errors.NotTrained: 503,
    errors.CorruptModel: 503,
    errors.NotIndexed: 503,
    errors.StoreBusy: 503,
    errors.DiskFull: 507,
    errors.EndpointFailed: 502,
    errors.MissingDependency: 501,
}
"""Status of each leaf of the error tree; a test holds it complete."""

_BRANCHES: dict[type[errors.ShopkeeperError], int] = {errors.NotFound: 404, errors.InputError: 400}
MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = "5"


def status_of(error: errors.ShopkeeperError) -> int:
    """HTTP status of an error, that of its nearest ancestor in the tables if it has none itself."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
        if kind in _BRANCHES:
            return _BRANCHES[kind]
    return 500


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    faults: Sequence[dict[str, Any]] = (),
) -> Response:
    """A problem document.

    Parameters
    ----------
    status
        HTTP status.
    code
        Stable name of the kind of error, for programs.
    detail
        What is wrong, for people.
    hint
        What to do about it.
    faults
        One entry a field at fault: ``field``, ``message`` and ``input``.
    """
    body: dict[str, Any] = {
        "type": f"urn:shopkeeper:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if hint:
        body["hint"] = hint
    if faults:
        body["errors"] = list(faults)
    headers = {"Retry-After": _RETRY_SECONDS} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def of_error(error: errors.ShopkeeperError) -> Response:
    """The problem document of one of our own errors."""
    return problem(status_of(error), error.code, error.message, hint=error.hint)


def install(app: FastAPI) -> None:
    """Have an application answer errors with problem documents; `edge.Edge` does so for unforeseen ones."""
    app.add_exception_handler(errors.ShopkeeperError, _own)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


def _own(request: Request, error: Exception) -> Response:
    return of_error(error) if isinstance(error, errors.ShopkeeperError) else unexpected()


def _validation(request: Request, error: Exception) -> Response:
    faults = [_fault(fault) for fault in error.errors()] if isinstance(error, RequestValidationError) else []
    told = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults)
    return problem(
        422, errors.InvalidRequest.code, told, hint="See /openapi.json for every field.", faults=faults
    )


def _fault(fault: dict[str, Any]) -> dict[str, Any]:
    where = [str(part) for part in fault["loc"] if part not in ("body", "query", "path", "header")]
    given = fault.get("input")
    # JSON has no word for what is not finite.
    plain = isinstance(given, int | None) or (isinstance(given, float) and math.isfinite(given))
    shown = given if plain else str(given)[:200]
    return {"field": ".".join(where) or "body", "message": str(fault["msg"]), "input": shown}


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return unexpected()
    status = HTTPStatus(error.status_code)
    code = status.name.lower()
    detail = f"{request.method} {request.url.path}: {error.detail}."
    hint = "The routes are listed in /openapi.json." if status in (404, 405) else ""
    answer = problem(status, code, detail, hint=hint)
    answer.headers.update(error.headers or {})
    return answer


def unexpected() -> Response:
    """The problem document of a fault of ours, which tells nothing of our inside."""
    return problem(
        500,
        "internal_error",
        "Something went wrong on our side; nothing of this request was kept.",
        hint="The request id in X-Request-ID finds it in the log.",
    )
