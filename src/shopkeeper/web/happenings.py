"""What a visitor does on a page, told to the log once however often the browser says it."""

import hashlib
import re
from typing import Final

from shopkeeper.core.types import EventType
from shopkeeper.serving.service import Service
from shopkeeper.surfaces.page import Done
from shopkeeper.web.formatting import ago, clock
from shopkeeper.web.front import Call
from shopkeeper.web.shelves import item_url, name_of
from shopkeeper.web.strings import Words

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HALF_HOUR_MS: Final = 1_800_000


def note_search(service: Service, call: Call, typed: str, answer: str, now: int) -> None:
    """Count what was searched for; the same words again within half an hour count once."""
    if not _is_kept(call):
        return
    service.record(
        call.visitor.person,
        EventType.search.name,
        event_id=once(call, EventType.search.name, typed, str(now // _HALF_HOUR_MS)),
        request_id=answer,
        search_term=typed,
    )


def note_view(service: Service, call: Call, item_id: str, now: int) -> None:
    """Count a product page as looked at, and the click that led there.

    The same link followed again, as a reload does, counts once; a page opened without one counts once in
    half an hour. Pages fetched ahead of a click, and their headers alone, are nobody's look.
    """
    if not _is_kept(call):
        return
    answer, shelf = origin(call)
    visit = answer or str(now // _HALF_HOUR_MS)
    if answer:
        _note(service, call, EventType.select_item, item_id, visit, answer, shelf)
    _note(service, call, EventType.view_item, item_id, visit, answer, shelf)


def origin(call: Call) -> tuple[str, str]:
    """The answer and the shelf that led to this page or form; empty where none did, or a link was altered."""
    values = {**call.request.query_params, **call.form}
    answer, shelf = values.get("from", ""), values.get("row", "")
    if not _REQUEST_ID.fullmatch(answer):
        return "", ""
    return answer, shelf if Words("en").has(f"row_{shelf}") else ""


def told(service: Service, deed: Done, words: Words, now: int) -> dict[str, str]:
    """Something a person did, ready to print."""
    return {
        "what": words(f"did_{deed.kind}"),
        "title": name_of(service, deed.item_id, words),
        "href": item_url(deed.item_id),
        "when": ago(words, deed.time, now),
        "exact": clock(deed.time),
        "deed": f"{deed.kind} {deed.time} {deed.item_id}",
    }


def _is_kept(call: Call) -> bool:
    """Whether a look is one, by somebody who has not said that looks must not be kept."""
    return call.visitor.personal and not _is_fetched_ahead(call)


def _is_fetched_ahead(call: Call) -> bool:
    headers = call.request.headers
    return call.request.method != "GET" or "prefetch" in headers.get(
        "sec-purpose", headers.get("purpose", "")
    )


def once(call: Call, *parts: str) -> str:
    """An event id that is the same whenever the same visitor sends the same thing again."""
    person = call.visitor.person
    text = "\x1f".join((person.customer or "", person.session or "", *parts))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _note(
    service: Service, call: Call, kind: EventType, item_id: str, visit: str, answer: str, shelf: str
) -> None:
    service.record(
        call.visitor.person,
        kind.name,
        item_id,
        event_id=once(call, kind.name, item_id, visit),
        request_id=answer or None,
        item_list_id=shelf or None,
    )
