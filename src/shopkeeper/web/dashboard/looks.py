"""What pages about customers are read from: the last snapshot, how old it is, and one that is under way."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from shopkeeper.core.errors import InvalidRequest, NotFound
from shopkeeper.serving.snapshots import HORIZON, Part, Snapshotter
from shopkeeper.web import forms
from shopkeeper.web.dashboard.frame import Frame
from shopkeeper.web.formatting import ago, day
from shopkeeper.web.front import Call, see_other

CUSTOMERS: Final = "customers"
"""The part that tells of no days ahead."""
HORIZONS: Final = (7, 14, 28, 56, 91)
"""Days ahead that can be chosen."""


class Looks:
    """Starts snapshots and tells of them.

    Parameters
    ----------
    frame
        Of the dashboard.
    snapshotter
        Takes them.
    """

    def __init__(self, frame: Frame, snapshotter: Snapshotter) -> None:
        self._frame = frame
        self._snapshotter = snapshotter
        self._snapshots = frame.service.snapshots

    def routes(self) -> list[Route]:
        """All routes of this part."""
        return [self._frame.page("/look", self.state), self._frame.form("/look", self.start)]

    def part(self, name: str) -> Part | None:
        """One part of the snapshot, None where it holds nothing."""
        part = self._snapshots.part(name)
        return None if part is None or part.fault else part

    def known(self, name: str) -> Part:
        """One part of the snapshot; raises `NotFound` where it holds nothing."""
        part = self.part(name)
        if part is None:
            raise NotFound("Nobody has looked at customers yet.")
        return part

    def start(self, call: Call) -> Response:
        """Take a snapshot beside the service, and go back to where it was asked for."""
        days = call.form.get("days", str(HORIZON))
        if days not in map(str, HORIZONS):
            raise InvalidRequest(f"days = {days[:20]!r}: must be one of {', '.join(map(str, HORIZONS))}.")
        back = forms.field(call.form, "back")
        if back not in self._frame.paths:
            raise InvalidRequest("The form leads back to no page of the dashboard.")
        self._snapshotter.start("--horizon", days)
        return see_other(back)

    def state(self, call: Call) -> Response:
        """How far the snapshot is, as a piece of a page."""
        return self._frame.render(call, "look.html", "", self._running(call))

    def render(self, call: Call, template: str, here: str, name: str, context: Mapping[str, Any]) -> Response:
        """A page that is read from one part: how old it is, and what is in it."""
        words, now = call.visitor.words, self._frame.service.now()
        part = self._snapshots.part(name)
        told = {
            "look_back": here,
            "look_ahead": name != CUSTOMERS,
            "look_horizons": HORIZONS,
            "look_days": part.days if part else HORIZON,
            "look_as_of": day(part.as_of) if part else "",
            "look_age": ago(words, part.as_of, now) if part else "",
            "look_fault": part.fault if part else "",
            "look_hint": part.hint if part else "",
            "look_there": part is not None and not part.fault,
        }
        return self._frame.render(call, template, here, {**told, **self._running(call), **context})

    def _running(self, call: Call) -> dict[str, object]:
        state, clock = self._snapshotter.state(), self._frame.front.clock()
        # What was announced last may be the run before, until the new one has begun.
        begun = state if state and state.running else None
        since = ago(call.visitor.words, begun.started, clock) if begun else ""
        return {"look_running": self._snapshotter.running, "look_run": begun, "look_since": since}
