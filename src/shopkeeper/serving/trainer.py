"""Training beside the service: in a process of its own, one at a time."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.training.announce import Announced, announced

LOG: Final = "training.log"
"""What the last training that was started from here printed, in the folder of models."""

_NICE: Final = 10


class Trainer:
    """Starts trainings of one shop, and tells how far they are.

    Parameters
    ----------
    folder
        The shop.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._models = folder / "models"
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a training.

        Raises
        ------
        InvalidRequest
            One is under way, here or on the command line.
        """
        with self._lock:
            if self.running:
                raise InvalidRequest(
                    "A training is under way; only one runs at a time.", hint="Wait until it is done."
                )
            command = [sys.executable, "-m", "shopkeeper", "train", "--shop", str(self._folder)]
            self._models.mkdir(exist_ok=True)
            with (self._models / LOG).open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own program and folder
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            with suppress(OSError):  # Whoever shops comes first.
                patience = max(_NICE, os.getpriority(os.PRIO_PROCESS, 0))
                os.setpriority(os.PRIO_PROCESS, self._process.pid, patience)

    @property
    def running(self) -> bool:
        """Whether a training is under way: started here, or announced by another process."""
        begun = self._process is not None and self._process.poll() is None
        state = announced(self._models)
        return begun or (state is not None and state.running)

    def state(self) -> Announced | None:
        """The training under way, or the last one; None where there was none."""
        return announced(self._models)
