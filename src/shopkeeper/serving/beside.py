"""Work beside the service: in a process of its own, one at a time, announced while it runs."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.training.announce import Announced, announced

_NICE: Final = 10


class Beside:
    """Starts one command of ours for a shop, and tells how far it is.

    Parameters
    ----------
    folder
        The shop.
    verb
        The command.
    where
        Folder below the shop in which it announces itself, and where ``<name>.log`` holds what it printed.
    name
        What is announced, a noun.
    """

    def __init__(self, folder: Path, verb: str, where: str, name: str) -> None:
        self._folder, self._verb, self._name = folder, verb, name
        self._where = folder / where
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start it.

        Raises
        ------
        InvalidRequest
            One is under way, here or on the command line.
        """
        with self._lock:
            if self.running:
                raise InvalidRequest(
                    f"A {self._name} is under way; only one runs at a time.", hint="Wait until it is done."
                )
            command = [sys.executable, "-m", "shopkeeper", self._verb, "--shop", str(self._folder), *options]
            self._where.mkdir(exist_ok=True)
            self._process = begin(command, self._where / f"{self._name}.log")

    @property
    def running(self) -> bool:
        """Whether it is under way: started here, or announced by another process."""
        begun = self._process is not None and self._process.poll() is None
        state = self.state()
        return begun or (state is not None and state.running)

    def state(self) -> Announced | None:
        """The run under way, or the last one; None where there was none."""
        return announced(self._where, self._name)


def begin(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    """Start a program of ours that yields to whoever shops; what it prints goes to a file."""
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program and folder
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    with suppress(OSError):
        patience = max(_NICE, os.getpriority(os.PRIO_PROCESS, 0))
        os.setpriority(os.PRIO_PROCESS, process.pid, patience)
    return process
