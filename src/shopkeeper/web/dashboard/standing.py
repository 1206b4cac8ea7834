"""How the outbox stands: what waits, what was sent, what came back, and when nothing is sent."""

from functools import partial

from shopkeeper.data import outbox
from shopkeeper.serving.service import Service
from shopkeeper.serving.snapshots import EFFECT_DAYS
from shopkeeper.surfaces.quiet import send_at
from shopkeeper.web.formatting import clock
from shopkeeper.web.strings import Words

STATUSES = (outbox.WAITING, outbox.SENT, outbox.HELD_OUT, outbox.WITHDRAWN, outbox.GIVEN_UP)


def standing(service: Service, words: Words, now: int) -> dict[str, object]:
    """What the panel of the outbox shows; ``now`` is the time of the wall clock."""
    terms = service.config.actions
    counts = service.store.read(outbox.counts)
    loud = send_at(now, terms)
    came = service.store.read(partial(outbox.outcomes, days=EFFECT_DAYS))
    return {
        "counts": [(words(f"status_{name.replace(' ', '_')}"), counts.get(name, 0)) for name in STATUSES],
        "messages": sum(counts.values()),
        "days": EFFECT_DAYS,
        "came": [(action_name(action, words), *rest) for action, *rest in came.rows()],
        "rest_days": f"{terms.rest_days:g}",
        "most": terms.most_messages,
        "most_days": f"{terms.most_messages_days:g}",
        "quiet": (f"{terms.quiet_from:02}:00", f"{terms.quiet_until:02}:00", terms.time_zone)
        if terms.quiet_from != terms.quiet_until
        else None,
        "loud": clock(loud)[:16] if loud > now else "",
    }


def action_name(action: str, words: Words) -> str:
    """An action in the reader's words."""
    return words(f"action_{action.replace(' ', '_')}")
