"""A plain page of the programming interface, from its own description; nothing comes from elsewhere."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.web.front import Call, Front

_METHODS = ("get", "post", "put", "patch", "delete")


class DeveloperPages:
    """What a program can ask."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def routes(self) -> list[Route]:
        """All routes of these pages."""
        return [self._front.page("/docs", self.interface)]

    def interface(self, call: Call) -> Response:
        """List every call of the interface."""
        calls = operations(call.request.app.openapi())
        return self._front.render(call, "developers.html", {"calls": calls})


def operations(description: dict[str, Any]) -> list[dict[str, str]]:
    """Method, path, name and explanation of every operation of an OpenAPI description."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "text": operation.get("description", "").removeprefix(operation.get("summary", "")).strip(),
        }
        for path, operations in description.get("paths", {}).items()
        for method, operation in operations.items()
        if method in _METHODS
    ]
