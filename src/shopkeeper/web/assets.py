"""Style and script, read once from the package and served under names that change with their content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes, its media type and a digest of its content."""

    content: bytes
    media_type: str
    digest: str


class Assets:
    """The files of ``web/static``."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._files = {path.name: _read(path) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}

    def url(self, name: str) -> str:
        """Where a file is served; changes with its content, so that it may be cached for ever."""
        return f"/static/{name}?v={self._files[name].digest}"

    def serve(self, request: Request) -> Response:
        """Answer one request for a file."""
        asset = self._files.get(request.path_params["name"])
        if asset is None:
            return PlainTextResponse("No such file.", status_code=404)
        cache = _FOR_EVER if request.query_params.get("v") == asset.digest else "no-cache"
        headers = {"Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    def route(self) -> Route:
        """The route all files are served by."""
        return Route("/static/{name}", self.serve, methods=["GET"])


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])
