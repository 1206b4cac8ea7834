"""How far a training, or other long work, has come, told in a file, so that whoever serves can show it.

``models/training.json`` is replaced whole at each step; a training that ended without a word, because its
process was killed, is told by its process being gone. ``models/trainings.json`` keeps those before it.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.ports import system_clock
from shopkeeper.evaluation.backtest import Progress

TRAINING: Final = "training"
"""What is announced unless another name is given."""
ANNOUNCEMENT: Final = f"{TRAINING}.json"
RUNS: Final = f"{TRAINING}s.json"
KEPT_RUNS: Final = 20
"""Trainings that are remembered, the last one included."""
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
    seq
        Place in the log when it began.
    """

    running: bool
    process: int
    started: int
    ended: int = 0
    stages: tuple[Stage, ...] = ()
    version: str = ""
    promoted: bool = False
    told: str = ""
    seq: int = 0


class Announcer:
    """Writes what `announced` reads; also the progress that a training tells."""

    def __init__(self, folder: Path, progress: Progress, seq: int, name: str) -> None:
        _remember(folder, name)
        self._path = folder / f"{name}.json"
        self._progress = progress
        self._stages: dict[str, Stage] = {}
        self._wrote = float("-inf")
        self._state = Announced(running=True, process=os.getpid(), started=system_clock(), seq=seq)
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
        _replace(self._path, asdict(self._state))


@contextmanager
def announcing(folder: Path, progress: Progress, seq: int = 0, name: str = TRAINING) -> Iterator[Announcer]:
    """Announce a training while it runs, and the error that ends it, if one does.

    Parameters
    ----------
    folder
        The shop's folder of models, or where else it is told.
    progress
        Told of stages.
    seq
        Place in the log as the training begins.
    name
        What it is, a noun.
    """
    announcer = Announcer(folder, progress, seq, name)
    try:
        yield announcer
    except ShopkeeperError as error:
        announcer.end(str(error))
        raise
    except BaseException as error:
        announcer.end(f"Ended by {type(error).__name__}.")
        raise


def announced(folder: Path, name: str = TRAINING) -> Announced | None:
    """The last training, or whatever else is announced there; None where none ever was."""
    try:
        state = _read(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if state.running and not _lives(state.process):
        return replace(state, running=False, told=f"The process ended before the {name} did.")
    return state


def runs(folder: Path, name: str = TRAINING) -> tuple[Announced, ...]:
    """The last trainings, the newest first, the one under way included; at most `KEPT_RUNS`."""
    last = announced(folder, name)
    return (() if last is None else (last,)) + _before(folder, name)


def _before(folder: Path, name: str) -> tuple[Announced, ...]:
    """The trainings before the last one, the newest first."""
    try:
        told = json.loads((folder / f"{name}s.json").read_text(encoding="utf-8"))
        return tuple(_read(run) for run in told)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _remember(folder: Path, name: str) -> None:
    """Put the last training with those before it, as another one begins; its stages are told no more."""
    kept = [asdict(replace(run, stages=())) for run in runs(folder, name)]
    _replace(folder / f"{name}s.json", kept[: KEPT_RUNS - 1])


def _read(told: dict[str, Any]) -> Announced:
    return Announced(**{**told, "stages": tuple(Stage(**stage) for stage in told["stages"])})


def _replace(path: Path, content: object) -> None:
    """Write a file whole; a full disk must not end a training, which then shows as one that does not move."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(content), encoding="utf-8")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
