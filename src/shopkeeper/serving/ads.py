"""Adverts in a live shop: read from a file, paid out of the ledger, with caps that all workers hold together.

The file is read again when it changes, and so is the click model. A thread refills purses, and counts what
other workers showed from the decision log: a cap is held over all workers up to one refill late.
"""

import json
import logging
import os
import secrets
import sqlite3
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.ports import BudgetLedger, Clock
from shopkeeper.core.types import DAY_MS, Balance, Decision, Shown
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.schema import DECISIONS
from shopkeeper.data.store import Store
from shopkeeper.propensity.click_features import context
from shopkeeper.propensity.clicks import ClickModel, Constant
from shopkeeper.serving.person import Person
from shopkeeper.serving.segments import Segments
from shopkeeper.surfaces.ads import AdServer, Asking, Chances, Rules, ShownAdvert
from shopkeeper.surfaces.adverts import MICROS, Advert, Inventory, read_adverts
from shopkeeper.surfaces.caps import Seen
from shopkeeper.surfaces.purses import Pace, Purses
from shopkeeper.training.clicks import FOLDER, Reader, features_of

SURFACE: Final = "ads"
WORKERS_VARIABLE: Final = "SHOPKEEPER_WORKERS"
"""Environment variable through which a worker learns how many there are."""
AUCTION: Final = "auction"
_MEMBERS_SECONDS: Final = 600
_LOG: Final = logging.getLogger("shopkeeper")


@dataclass(frozen=True, slots=True)
class AdsAnswer:
    """Adverts for one place on a page, the best first; clicks echo ``request_id`` and name the ``ad_id``.

    Attributes
    ----------
    request_id
        What events echo.
    model
        The kind of click model; empty before one was learned.
    currency
        Of the charges.
    ads
        What is shown; already paid for.
    """

    request_id: str
    model: str
    currency: str
    ads: tuple[ShownAdvert, ...]


class LiveAds:
    """Answers with adverts. Safe with several threads.

    Parameters
    ----------
    folder
        The shop's: holds the file of adverts and the click model.
    config
        The shop's configuration.
    store
        Its log, where the ledger lies too unless the configuration names another database.
    decisions
        Where answers are logged.
    segments
        Tells who is in an advert's audience.
    clock
        Where "now" comes from.
    read
        What reads the texts of adverts, other than a service of others: a request does not wait for one.
    """

    def __init__(
        self,
        folder: Path,
        config: ShopConfig,
        store: Store,
        decisions: Decisions,
        segments: Segments,
        clock: Clock,
        read: Reader = lambda texts: None,
    ) -> None:
        self._folder, self._config, self._store = folder, config, store
        self._decisions, self._clock, self._read = decisions, clock, read
        self._worker = secrets.token_hex(4)
        self._seen = Seen()
        self._last = -1
        self._segments = segments
        self._members: tuple[int, dict[str, frozenset[str]]] | None = None
        self._lock = threading.Lock()
        self._server: tuple[tuple[int, int], AdServer, str] | None = None
        self._ledger: BudgetLedger | None = None
        self._filling = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def answer(
        self,
        person: Person,
        *,
        placement: str,
        places: int,
        categories: Sequence[str | None] = (),
        adverts: Sequence[Advert] | None = None,
        only: Collection[str] | None = None,
    ) -> AdsAnswer:
        """Adverts for a person, decided, paid for and logged.

        Parameters
        ----------
        person
            Who asks.
        placement
            Where on which page.
        places
            How many at most.
        categories
            Of the items of what they did, the latest last.
        adverts
            Taken in place of those of the file.
        only
            Ids of those that may be shown.

        Raises
        ------
        InvalidConfig
            The file of adverts has faults.
        InvalidRequest
            Adverts do not fit together.
        CorruptModel, StoreBusy
            The click model or the ledger cannot be used.
        """
        now = self._clock()
        name = person.customer or person.session or ""
        with self._lock:
            if adverts is None:
                server, kind = self._current(now)
            else:
                server, kind = self._made(Inventory.of(adverts), now)
            segments = self._segments_of(name, now) if server.inventory.has_audiences else frozenset()
            asking = Asking(name, segments, context(now, placement, categories), places, only)
            shown = tuple(server.decide(asking, now))
            if adverts is not None:
                server.purses.close()
        answer = AdsAnswer(f"{self._worker}{secrets.token_hex(8)}", kind, self._config.currency, shown)
        if shown:
            self._decisions.log(_decision(answer, person, placement, now))
        return answer

    def balances(self) -> dict[str, Balance]:
        """How every account of the ledger stands, by campaign and day."""
        return self._book().balances()

    def forget(self, people: Collection[str]) -> None:
        """Drop what is counted of some pseudonyms."""
        self._seen.forget(people)
        if self._members is not None:
            for name in people:
                self._members[1].pop(name, None)

    def close(self) -> None:
        """Give back what is left in the purses."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            if self._server is not None:
                self._server[1].purses.close()
                self._server = None

    def refresh(self) -> None:
        """Refill purses and count what other workers showed; done by a thread every so many seconds."""
        now = self._clock()
        self._count_others(now)
        with self._filling:
            if self._server is not None:
                self._server[1].purses.refill(now)

    # Inside

    def _current(self, now: int) -> tuple[AdServer, str]:
        """Over the file as it is now; who cannot be read any more leaves the last one in place."""
        stamps = _stamp(self._folder / self._config.ads.file), _stamp(self._folder / FOLDER / "clicks.json")
        if self._server is not None and self._server[0] == stamps:
            return self._server[1:]
        try:
            adverts = read_adverts(self._folder / self._config.ads.file) if stamps[0] else []
            server, kind = self._made(Inventory.of(adverts), now)
        except ShopkeeperError as error:
            if self._server is None:
                raise
            _LOG.warning("Adverts stay as they were: %s", error)
            self._server = (stamps, *self._server[1:])
            return self._server[1:]
        with self._filling:
            if self._server is not None:
                self._server[1].purses.close()
            self._server = (stamps, server, kind)
        if self._thread is None and len(server.inventory):
            self._thread = threading.Thread(target=self._run, name="shopkeeper-ads", daemon=True)
            self._thread.start()
        return server, kind

    def _made(self, inventory: Inventory, now: int) -> tuple[AdServer, str]:
        settings = self._config.ads
        chances: Chances = Constant(len(inventory), settings.click_probability)
        kind = ""
        if (self._folder / FOLDER / "clicks.json").exists() and len(inventory):
            model = ClickModel.load(self._folder / FOLDER)
            features = features_of(inventory.adverts, self._read, self._folder / "cache", model.encoder)
            chances, kind = model.over(features), model.kind
        pace = Pace(every=int(settings.refill_seconds * 1000), workers=_workers())
        purses = Purses(self._book(), inventory, pace)
        if inventory.budgets:
            purses.refill(now)
        if self._last < 0:
            self._count_others(now)
        rules = Rules(settings.reserve * MICROS, settings.relevance)
        return AdServer(inventory, chances, purses, self._seen, rules), kind

    def _book(self) -> BudgetLedger:
        if self._ledger is None:
            from shopkeeper.data.ledger import SqlLedger  # SQLAlchemy is slow to load

            url = self._config.ads.ledger or f"sqlite:///{self._store.path}"
            self._ledger = SqlLedger(url, self._clock)
        return self._ledger

    def _run(self) -> None:
        while not self._stop.wait(self._config.ads.refill_seconds):
            try:
                self.refresh()
            except ShopkeeperError as error:
                _LOG.warning("Purses are not refilled: %s", error)

    def _count_others(self, now: int) -> None:
        """Count what other workers showed since it was last looked at; at first, all of today."""
        rows, self._last = self._store.read(
            partial(_showings, after=self._last, since=now // DAY_MS * DAY_MS)
        )
        for request, person, time, packed in rows:
            if person and not request.startswith(self._worker) and time // DAY_MS == now // DAY_MS:
                for row in json.loads(packed):
                    self._seen.add(person, row[c.ITEM_ID], now)

    def _segments_of(self, person: str, now: int) -> frozenset[str]:
        """Segments by the shop's rules and stages of life, found out every ten minutes."""
        if self._members is None or now - self._members[0] >= _MEMBERS_SECONDS * 1000:
            self._members = now, self._looked_up(now)
        return self._members[1].get(person, frozenset())

    def _looked_up(self, now: int) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for by in ("rules", "stage") if self._config.segments else ("stage",):
            try:
                members = self._segments.of(by, now, None).members
            except ShopkeeperError as error:
                _LOG.warning("Segments by %s cannot be told: %s", by, error)
                continue
            for name, segment in members.select(c.CUSTOMER_ID, "segment").iter_rows():
                found.setdefault(name, set()).add(segment)
        return {name: frozenset(segments) for name, segments in found.items()}


def _showings(
    connection: sqlite3.Connection, after: int, since: int
) -> tuple[list[tuple[str, str | None, int, str]], int]:
    """Adverts shown after a place in the log of decisions, those of today alone, and the last place."""
    (last,) = connection.execute(f"SELECT coalesce(max({c.SEQ}), 0) FROM {DECISIONS}").fetchone()
    rows = connection.execute(
        f"SELECT {c.REQUEST_ID}, coalesce({c.CUSTOMER_ID}, {c.SESSION_ID}), {c.TIMESTAMP}, {c.SHOWN} "
        f"FROM {DECISIONS} WHERE {c.SEQ} > ? AND {c.SEQ} <= ? AND {c.TIMESTAMP} >= ? AND {c.SURFACE} = ?",
        (after, last, since, SURFACE),
    )
    return rows.fetchall(), last


def _decision(answer: AdsAnswer, person: Person, placement: str, now: int) -> Decision:
    ads = answer.ads
    row = Shown(
        placement,
        tuple(one.ad_id for one in ads),
        (AUCTION,) * len(ads),
        (1.0,) * len(ads),
        tuple(one.probability for one in ads),
        tuple(one.micros for one in ads),
    )
    return Decision(answer.request_id, person.customer, person.session, SURFACE, answer.model, now, (row,))


def _stamp(path: Path) -> int:
    """Changes with the file; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _workers() -> int:
    return max(1, int(os.environ.get(WORKERS_VARIABLE, "1")))
