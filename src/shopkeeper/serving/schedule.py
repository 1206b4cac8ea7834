"""Training on a schedule, beside the service: when the next one is due, and one process that starts it.

After each training customers are looked at anew, so that the pages about them are as old as the model.

What came before stands in the folder of models (`training.announce`), whoever started it: a restart of the
service loses nothing, and a training by hand counts too. One worker of several watches, the one that holds
the lock of a file; the system lets go of it when that worker ends, however it ends, and another takes over.
"""

import fcntl
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import IO, Final

from shopkeeper.core.config import Retrain
from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.ports import Clock
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.store import Store
from shopkeeper.serving.beside import Beside
from shopkeeper.serving.snapshots import Snapshotter
from shopkeeper.serving.trainer import Trainer
from shopkeeper.training.announce import Announced, runs

LOCK: Final = ".schedule.lock"
LOOK_SECONDS: Final = 1.0
"""Between two looks at whether a training is due."""
PAUSE_SECONDS: Final = 60.0
"""Between two trainings, or two snapshots, at least, should one end before it can announce itself."""


@dataclass(frozen=True, slots=True)
class Due:
    """When the next training begins: whichever comes first.

    Attributes
    ----------
    now
        Whether it is due.
    at
        From when on any new event is enough, epoch milliseconds; None without ``every_hours``.
    events
        How many more events are enough at any time; None without ``after_events``.
    """

    now: bool
    at: int | None = None
    events: int | None = None


def due(settings: Retrain, last: Announced | None, seq: int, now: int) -> Due:
    """When the next training is due.

    Time counts from the beginning of the last one, and events from what was in the log then, whatever came of
    it: a training that fails is not begun again and again. Without a new event none is due.

    Parameters
    ----------
    settings
        The schedule.
    last
        The last training; None where there was none.
    seq
        Place of the newest event in the log.
    now
        Epoch milliseconds.
    """
    new = seq - (0 if last is None else last.seq)
    at = events = None
    if settings.every_hours:
        at = now if last is None else last.started + round(settings.every_hours * DAY_MS / 24)
    if settings.after_events:
        events = max(0, settings.after_events - new)
    return Due(new > 0 and ((at is not None and at <= now) or events == 0), at, events)


def is_stale(snapshot: Announced | None, training: Announced | None) -> bool:
    """Whether customers are to be looked at: a training ended since they last were, whatever came of both."""
    if training is None or training.running:
        return False
    return snapshot is None or snapshot.started < max(training.started, training.ended)


@dataclass(frozen=True, slots=True)
class Run:
    """One training, as it is told.

    Attributes
    ----------
    started, ended
        Epoch milliseconds; ``ended`` is None while it runs, or where its process was killed.
    version
        The new model, empty where there is none.
    promoted
        Whether it went live; else what served before goes on serving.
    reason
        Why, or what went wrong; empty while it runs.
    """

    started: int
    ended: int | None
    version: str
    promoted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class TrainingState:
    """Trainings of a shop, past, present and to come.

    Attributes
    ----------
    running
        Whether one is under way.
    scheduled
        Whether any begins by itself.
    every_hours, after_events
        The schedule; 0 is off.
    new_events
        Events since the last one began.
    next_at
        From when on any new event begins one, epoch milliseconds; None without ``every_hours``.
    next_events
        How many more events begin one at any time; None without ``after_events``.
    runs
        The last ones, the newest first.
    """

    running: bool
    scheduled: bool
    every_hours: float
    after_events: int
    new_events: int
    next_at: int | None
    next_events: int | None
    runs: tuple[Run, ...]


class Schedule:
    """Begins trainings of one shop when they are due, and a snapshot of its customers after each.

    Parameters
    ----------
    folder
        The shop.
    store
        Its log.
    settings
        When.
    clock
        Where "now" comes from.
    """

    def __init__(self, folder: Path, store: Store, settings: Retrain, clock: Clock) -> None:
        self._models = folder / "models"
        self._store = store
        self._settings = settings
        self._clock = clock
        self._trainer = Trainer(folder)
        self._snapshotter = Snapshotter(folder)
        self._closed = Event()
        self._not_before: dict[Beside, float] = {}
        self._thread: Thread | None = None

    @property
    def is_on(self) -> bool:
        """Whether any training begins by itself."""
        return bool(self._settings.every_hours or self._settings.after_events)

    def start(self) -> None:
        """Watch from now on, if there is anything to watch for."""
        if self.is_on and self._thread is None:
            self._thread = Thread(target=self._watch, name="shopkeeper-schedule", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Watch no more; a training under way goes on."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def state(self) -> TrainingState:
        """What there is to know of trainings."""
        past, seq = runs(self._models), self._store.last_seq()
        last = past[0] if past else None
        next_one = due(self._settings, last, seq, self._clock())
        return TrainingState(
            self._trainer.running,
            self.is_on,
            self._settings.every_hours,
            self._settings.after_events,
            max(0, seq - (last.seq if last else 0)),
            next_one.at,
            next_one.events,
            tuple(_run(one) for one in past),
        )

    def _watch(self) -> None:
        self._models.mkdir(exist_ok=True)
        with (self._models / LOCK).open("ab") as lock:
            while not self._closed.wait(LOOK_SECONDS):
                if held(lock):
                    self._look()

    def _look(self) -> None:
        past = runs(self._models)
        last = past[0] if past else None
        try:
            if due(self._settings, last, self._store.last_seq(), self._clock()).now:
                self._begin(self._trainer)
            elif is_stale(self._snapshotter.state(), last):
                self._begin(self._snapshotter)
        except (ShopkeeperError, OSError):
            # Somebody was faster, or the disk is full: the next look tries again.
            return

    def _begin(self, work: Beside) -> None:
        if not work.running and monotonic() >= self._not_before.get(work, 0.0):
            self._not_before[work] = monotonic() + PAUSE_SECONDS
            work.start()


def held(lock: IO[bytes]) -> bool:
    """Whether this process is the one that watches; asking for what one holds changes nothing."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _run(one: Announced) -> Run:
    return Run(one.started, one.ended or None, one.version, one.promoted, one.told)
