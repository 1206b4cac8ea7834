"""Snapshots of customers, kept in the shop's folder: taken beside the service, read by every worker.

Each part stands alone: ``snapshots/<part>.json`` says what it is of, and which Parquet files beside it hold
its tables; it is replaced whole, so that nobody reads half of one. Whoever is erased is taken out of them.
"""

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.ports import system_clock
from shopkeeper.core.types import DAY_MS
from shopkeeper.data import outbox
from shopkeeper.data.campaign_log import read_campaign_log
from shopkeeper.data.store import Store
from shopkeeper.evaluation.backtest import Progress
from shopkeeper.serving.beside import Beside
from shopkeeper.surfaces.snapshot import PARTS, Asked, Take
from shopkeeper.training.campaigns import learn_campaigns

FOLDER: Final = "snapshots"
SNAPSHOT: Final = "snapshot"
"""What is announced while one is taken."""
EFFECT_DAYS: Final = 28
"""After a message, in which a purchase is counted."""
HORIZON: Final = 28
"""Days ahead that are told of, unless another number is asked for."""


@dataclass(frozen=True)
class Part:
    """One part of a snapshot.

    Attributes
    ----------
    stamp
        Changes whenever the part does.
    as_of
        The moment it is of, epoch milliseconds.
    days
        Horizon of what is ahead.
    fault, hint
        Why it holds nothing, empty where it does.
    figures
        Plain values, see `surfaces.snapshot`.
    frames
        Tables by name.
    """

    stamp: str
    as_of: int
    days: int
    fault: str = ""
    hint: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    frames: Mapping[str, pl.DataFrame] = field(default_factory=dict, repr=False)


class Snapshotter(Beside):
    """Takes snapshots of one shop beside the service, and tells how far they are."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "snapshot", FOLDER, SNAPSHOT)


class Snapshots:
    """What was taken last. Safe with several threads and processes.

    Parameters
    ----------
    folder
        The shop.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._lock = Lock()
        self._kept: dict[str, Part] = {}

    def part(self, name: str) -> Part | None:
        """One part; None where it was never taken."""
        with self._lock:
            told = self._told(name)
            while told is not None:
                kept = self._kept.get(name)
                if kept is not None and kept.stamp == told["stamp"]:
                    return kept
                try:
                    frames = {one: pl.read_parquet(self._file(name, one, told)) for one in told["frames"]}
                except FileNotFoundError:  # Somebody has just replaced it.
                    told = self._told(name)
                    continue
                self._kept[name] = Part(**{**told, "frames": frames})
            return None

    def put(self, name: str, part: Part) -> None:
        """Replace one part."""
        with self._lock:
            self._put(name, part)

    def forget(self, people: Collection[str]) -> None:
        """Take some pseudonyms out of every table."""
        for name in PARTS:
            part = self.part(name)
            if part is None or not any(c.CUSTOMER_ID in frame.columns for frame in part.frames.values()):
                continue
            frames = {table: _without(frame, people) for table, frame in part.frames.items()}
            if any(len(frame) < len(part.frames[table]) for table, frame in frames.items()):
                self.put(name, Part(**{**_plain(part), "stamp": _stamp(), "frames": frames}))

    def _put(self, name: str, part: Part) -> None:
        self._folder.mkdir(exist_ok=True)
        before = self._told(name)
        told = _plain(part) | {"frames": sorted(part.frames)}
        for table, frame in part.frames.items():
            frame.write_parquet(self._file(name, table, told))
        draft = self._folder / f".{name}.{part.stamp}"
        draft.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        draft.replace(self._folder / f"{name}.json")
        for table in before["frames"] if before else ():
            self._file(name, table, before or {}).unlink(missing_ok=True)

    def _told(self, name: str) -> dict[str, Any] | None:
        try:
            told: dict[str, Any] = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return told

    def _file(self, name: str, table: str, told: Mapping[str, Any]) -> Path:
        return self._folder / f"{name}.{table}.{told['stamp']}.parquet"


def take_snapshot(store: Store, folder: Path, as_of: int, days: int, progress: Progress) -> tuple[str, ...]:
    """Take every part and keep it; what cannot be told is told as that.

    Parameters
    ----------
    store, folder
        The shop.
    as_of
        The moment, epoch milliseconds.
    days
        Horizon of what is ahead.
    progress
        Told of stages.

    A log that ended so long ago that silence says nothing is looked at as of its end.

    Returns
    -------
    What could not be told, and why.
    """
    snapshots, faults = Snapshots(folder), []
    trial = store.read(partial(outbox.trial, days=EFFECT_DAYS, now=system_clock()))

    def read() -> tuple[int, Asked]:
        erasures, log = store.erasures(), read_campaign_log(store, store)
        end = log.customers.end
        when = as_of if as_of <= end + days * DAY_MS else end
        return erasures, Asked(log, when, days, trial, learn_campaigns)

    erasures, asked = read()
    for name, take in PARTS.items():
        told = partial(_telling, name, progress)
        snapshots.put(name, part := _taken(take, asked, told))
        while store.erasures() != erasures:
            # Whoever was erased meanwhile must not be found in what is kept.
            erasures, asked = read()
            snapshots.put(name, part := _taken(take, asked, told))
        if part.fault:
            faults.append(f"{name}: {part.fault}")
    return tuple(faults)


def _telling(name: str, progress: Progress, stage: str, done: int, total: int) -> None:
    """Parts go through the same stages; each tells of its own."""
    progress(f"{name}: {stage}", done, total)


def _taken(take: Take, asked: Asked, progress: Progress) -> Part:
    try:
        content = take(asked, progress)
    except ShopkeeperError as error:
        return Part(_stamp(), asked.as_of, asked.days, error.message, error.hint)
    return Part(_stamp(), asked.as_of, asked.days, figures=content.figures, frames=content.frames)


def _plain(part: Part) -> dict[str, Any]:
    return {one.name: getattr(part, one.name) for one in fields(part) if one.name != "frames"}


def _without(frame: pl.DataFrame, people: Collection[str]) -> pl.DataFrame:
    return (
        frame.filter(~pl.col(c.CUSTOMER_ID).is_in(list(people))) if c.CUSTOMER_ID in frame.columns else frame
    )


def _stamp() -> str:
    return secrets.token_hex(6)
