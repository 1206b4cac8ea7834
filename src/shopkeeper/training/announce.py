"""How far a training has come, told in a file, so that whoever serves the shop can show it.

``models/training.json`` is replaced whole at each step; a training that ended without a word, because its
process was killed, is told by its process being gone.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.ports import system_clock
from shopkeeper.evaluation.backtest import Progress

ANNOUNCEMENT: Final = "training.json"
_EVERY_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: ``done`` of ``total`` steps; a total of 0 is not known."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Announced:
    """The last training of a shop, or the one under way.

    Attributes
    ----------
    running
        Whether it is under way.
    process
        Its process.
    started, ended
        Epoch milliseconds; ``ended`` is 0 while it runs.
    stages
        In the order in which they began.
    version
        The new model, empty if there is none (yet).
    promoted
        Whether the new model went live.
    told
        What came of it, in a sentence; empty while it runs.
    """

    running: bool
    process: int
    started: int
    ended: int = 0
    stages: tuple[Stage, ...] = ()
    version: str = ""
    promoted: bool = False
    told: str = ""


class Announcer:
    """Writes what `announced` reads; also the progress that a training tells."""

    def __init__(self, models: Path, progress: Progress) -> None:
        self._path = models / ANNOUNCEMENT
        self._progress = progress
        self._stages: dict[str, Stage] = {}
        self._wrote = float("-inf")
        self._state = Announced(running=True, process=os.getpid(), started=system_clock())
        self._write()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """See `evaluation.backtest.Progress`."""
        self._progress(stage, done, total)
        is_new = stage not in self._stages
        self._stages[stage] = Stage(stage, done, total)
        if is_new or time.monotonic() - self._wrote >= _EVERY_SECONDS:
            self._write()

    def end(self, told: str, version: str = "", *, promoted: bool = False) -> None:
        """Say what came of it."""
        ended = {"running": False, "ended": system_clock(), "version": version, "promoted": promoted}
        self._state = replace(self._state, told=told, **ended)  # type: ignore[arg-type]
        self._write()

    def _write(self) -> None:
        self._wrote = time.monotonic()
        self._state = replace(self._state, stages=tuple(self._stages.values()))
        draft = self._path.with_name(f".{ANNOUNCEMENT}.{os.getpid()}")
        try:
            draft.write_text(json.dumps(asdict(self._state)), encoding="utf-8")
            draft.replace(self._path)
        except OSError:  # A full disk must not end a training; it shows as one that does not move.
            draft.unlink(missing_ok=True)


@contextmanager
def announcing(models: Path, progress: Progress) -> Iterator[Announcer]:
    """Announce a training while it runs, and the error that ends it, if one does."""
    announcer = Announcer(models, progress)
    try:
        yield announcer
    except ShopkeeperError as error:
        announcer.end(str(error))
        raise
    except BaseException as error:
        announcer.end(f"Ended by {type(error).__name__}.")
        raise


def announced(models: Path) -> Announced | None:
    """The last training, None where none was ever announced."""
    try:
        told = json.loads((models / ANNOUNCEMENT).read_text(encoding="utf-8"))
        state = Announced(**{**told, "stages": tuple(Stage(**stage) for stage in told["stages"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if state.running and not _lives(state.process):
        return replace(state, running=False, told="The process ended before the training did.")
    return state


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
