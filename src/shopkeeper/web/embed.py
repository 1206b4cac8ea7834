"""The script that other people's shops take into their pages, under an address that stays."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_HOUR_SECONDS = 3_600


def routes() -> list[Route]:
    """Where the script is."""
    script = (files(__package__) / "static" / "embed.js").read_bytes()
    headers = {
        "Cache-Control": f"public, max-age={_HOUR_SECONDS}",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }

    def serve(request: Request) -> Response:
        return Response(script, media_type="text/javascript", headers=headers)

    return [Route("/shopkeeper.js", serve, methods=["GET"], include_in_schema=False)]
