"""Sources known by name: public data that comes with a package."""

from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.data.contract import Reason
from shopkeeper.data.sources import complete_journey as journey
from shopkeeper.data.sources.base import BrokenLine, FrameSource, Source

COMPLETE_JOURNEY: Final = "complete-journey"


def complete_journey(kind: str) -> Source:
    """One table of The Complete Journey; see `data.sources.complete_journey`.

    Raises
    ------
    InvalidRequest
        ``kind`` is no table.
    MissingDependency
        The package with the data is not installed.
    """
    if kind == "events":
        # Content is as good a key as the ids made for these lines, and keys in order of time are cheaper.
        frames = (frame.drop(c.EVENT_ID, strict=False) for frame in journey.events())
        return FrameSource(COMPLETE_JOURNEY, frames, broken=_set_aside())
    tables = {"items": journey.items, "customers": journey.customers, "campaigns": journey.campaigns}
    if kind not in tables:
        raise InvalidRequest(
            f"{COMPLETE_JOURNEY} has no {kind}.", hint=f"It has events, {', '.join(tables)}."
        )
    frame = tables[kind]()
    return FrameSource(COMPLETE_JOURNEY, [frame], len(frame))


def _set_aside() -> list[BrokenLine]:
    rows = journey.set_aside().select(c.LINE, c.FIELD, c.REASON).iter_rows()
    return [
        BrokenLine(
            line, Reason.zero if field == c.QUANTITY else Reason.not_a_product, field, f"{why.capitalize()}."
        )
        for line, field, why in rows
    ]
