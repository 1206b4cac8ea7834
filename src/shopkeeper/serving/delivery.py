"""Sending what was approved: into a CSV file, or to a webhook, signed and with patience.

Whether a message may go is asked right before it goes: it is held back in quiet hours and while the customer
rests, and taken back where consent was withdrawn since.

A webhook gets one POST a message. ``X-Shopkeeper-Signature`` is ``sha256=`` and the hexadecimal HMAC-SHA256,
under the shared secret, of the time stamp in ``X-Shopkeeper-Timestamp`` (epoch seconds), a full stop, and the
body. ``Idempotency-Key`` is the id of the message, the same whenever it is tried again.
"""

import csv
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx

from shopkeeper.core.config import Actions
from shopkeeper.core.errors import InvalidConfig, InvalidRequest
from shopkeeper.core.ports import Clock, system_clock
from shopkeeper.data import outbox
from shopkeeper.data.outbox import GIVEN_UP, SENT, WAITING, WITHDRAWN, Message, Rest
from shopkeeper.data.store import Store
from shopkeeper.surfaces.next_action import LEAVE_ALONE, NextAction
from shopkeeper.surfaces.quiet import send_at

ATTEMPTS: Final = 4
"""Tries within one run."""
SIGNATURE, TIMESTAMP, KEY = "X-Shopkeeper-Signature", "X-Shopkeeper-Timestamp", "Idempotency-Key"
_PAUSE: Final = 1.0
_AGAIN: Final = (408, 425, 429)
_TOLD: Final = ("message_id", "customer_id", "action", "approved_at", "campaign_id")
_FREELY: Final = Actions(rest_days=0)
_TIMEOUT: Final = 10.0

Pause = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the messages that waited.

    Attributes
    ----------
    sent, given_up, waiting, withdrawn
        How many; those that wait are tried again next time.
    quiet_until
        When quiet hours end that held messages back, epoch milliseconds; None where none did.
    """

    sent: int
    given_up: int
    waiting: int
    withdrawn: int
    quiet_until: int | None = None


class Channel(Protocol):
    """A way to customers."""

    @property
    def name(self) -> str:
        """Where to, for the log."""

    def send(self, message: Message, customer: str) -> Message:
        """Try once or several times; the message with what became of it."""


def rest_of(terms: Actions) -> Rest:
    """How often one customer may be written to."""
    return Rest(terms.rest_days, terms.most_messages, terms.most_messages_days)


def approve(store: Store, actions: Iterable[NextAction], terms: Actions, now: int) -> int:
    """Let actions wait in the outbox until `deliver`; how many do.

    Those that leave somebody alone are passed over, and so is whoever must rest or did not consent.
    """
    messages = [
        Message(message_id(), one.customer_id, one.action, one.expected_profit, one.expected_cost, now)
        for one in actions
        if one.action != LEAVE_ALONE
    ]
    stored: int = store.write(partial(outbox.put, messages=messages, rest=rest_of(terms))).result()
    return stored


def message_id() -> str:
    """A name for a message that nothing else has."""
    return f"m_{secrets.token_hex(10)}"


def deliver(
    store: Store,
    channel: Channel,
    clock: Clock,
    names: Callable[[str], str] = lambda pseudonym: pseudonym,
    terms: Actions = _FREELY,
) -> Delivery:
    """Send all messages that wait and may go, and keep what became of each as soon as it is known.

    Parameters
    ----------
    store
        Holds the outbox.
    channel
        Where to.
    clock
        Where "now" comes from.
    names
        The shop's own id of a pseudonym.
    terms
        Quiet hours, and how often one customer may be written to.
    """
    counts = {SENT: 0, GIVEN_UP: 0, WAITING: 0, WITHDRAWN: 0}
    quiet_until, rest = None, rest_of(terms)
    for message in store.read(outbox.waiting):
        now = clock()
        loud = send_at(now, terms)
        if loud > now:
            quiet_until = loud
            counts[WAITING] += 1
            continue
        why = store.read(partial(outbox.refusal, message=message, now=now, rest=rest))
        done = _sent(channel, message, names, clock) if not why else _kept(message, why)
        if done != message:
            store.write(partial(outbox.mark, messages=[done])).result()
        counts[done.status] += 1
    return Delivery(counts[SENT], counts[GIVEN_UP], counts[WAITING], counts[WITHDRAWN], quiet_until)


def _sent(channel: Channel, message: Message, names: Callable[[str], str], clock: Clock) -> Message:
    tried = channel.send(message, names(message.customer_id))
    return replace(tried, channel=channel.name, sent_at=clock() if tried.status == SENT else None)


def _kept(message: Message, why: str) -> Message:
    """A message that does not go: taken back where consent is gone, else it waits."""
    if why == WITHDRAWN:
        return replace(message, status=WITHDRAWN, fault="consent was withdrawn")
    return replace(message, fault=f"held back: the customer {why}")


class CsvFile:
    """Rows at the end of a CSV file, made with a header where there is none.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    InvalidRequest
        It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"csv:{path.name}"
        self._path = path

    def send(self, message: Message, customer: str) -> Message:
        """Add one row, on disk when this returns."""
        told = _told(message, customer) | {"items": " ".join(message.items)}
        try:
            fresh = not self._path.exists() or self._path.stat().st_size == 0
            with self._path.open("a", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, told)
                if fresh:
                    writer.writeheader()
                writer.writerow(told)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise InvalidRequest(f"{self._path} cannot be written: {error.strerror or error}.") from None
        return replace(message, status=SENT, attempts=message.attempts + 1, fault=None)


class Webhook:
    """An address of the shop's own systems that takes messages.

    Parameters
    ----------
    url
        ``https://...``; plain ``http`` to this machine alone.
    secret
        Shared with whoever listens there.
    pause
        Waits some seconds between two tries.
    clock
        Where "now" comes from, epoch milliseconds.

    Raises
    ------
    InvalidRequest
        The address is none, or would send in the open.
    """

    def __init__(
        self, url: str, secret: str, *, pause: Pause = time.sleep, clock: Clock = system_clock
    ) -> None:
        try:
            scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
        except ValueError:
            scheme, host = "", None
        local = scheme == "http" and host in ("127.0.0.1", "localhost", "::1")
        if not host or not (scheme == "https" or local):
            raise InvalidRequest(
                f"webhook = {url!r}: must be an https address.", hint="http goes to this machine alone."
            )
        self.name = f"webhook:{host}"
        self._url, self._secret = url, secret.encode()
        self._pause, self._clock = pause, clock

    def send(self, message: Message, customer: str) -> Message:
        """Post, again after a passing fault; what is refused is given up, what does not get through waits."""
        body = json.dumps(_told(message, customer), ensure_ascii=False, separators=(",", ":")).encode()
        fault, attempt = "", 0
        for attempt in range(1, ATTEMPTS + 1):
            fault, passing = self._once(message.message_id, body)
            if not fault:
                return replace(message, status=SENT, attempts=message.attempts + attempt, fault=None)
            if not passing:
                break
            if attempt < ATTEMPTS:
                self._pause(_PAUSE * 2 ** (attempt - 1))
        status = WAITING if passing else GIVEN_UP
        return replace(message, status=status, attempts=message.attempts + attempt, fault=fault)

    def _once(self, key: str, body: bytes) -> tuple[str, bool]:
        """What went wrong, empty where nothing did, and whether it may pass."""
        stamp = str(self._clock() // 1000)
        headers = {
            "Content-Type": "application/json",
            KEY: key,
            TIMESTAMP: stamp,
            SIGNATURE: sign(self._secret, stamp, body),
        }
        try:
            answer = httpx.post(self._url, content=body, headers=headers, timeout=_TIMEOUT)
        except httpx.RequestError as error:
            return type(error).__name__, True
        if answer.is_success:
            return "", False
        return f"HTTP {answer.status_code}", answer.status_code in _AGAIN or answer.is_server_error


def sign(secret: bytes, stamp: str, body: bytes) -> str:
    """The signature of a body sent at a moment; compare it with `hmac.compare_digest`."""
    return "sha256=" + hmac.digest(secret, stamp.encode() + b"." + body, "sha256").hex()


def secret_of(variable: str) -> str:
    """The secret in an environment variable; raises `InvalidConfig` where it is not set."""
    secret = os.environ.get(variable, "")
    if not secret:
        raise InvalidConfig(
            f"The environment variable {variable!r} with the webhook's secret is not set.",
            hint="Set it to what the receiver checks signatures with.",
        )
    return secret


def _told(message: Message, customer: str) -> dict[str, object]:
    told = {name: getattr(message, name) for name in _TOLD}
    return told | {"customer_id": customer, "items": list(message.items)}
