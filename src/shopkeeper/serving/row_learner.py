"""Learns the order of rows beside the service: counting in a worker would keep its requests waiting.

One worker of several starts ``python -m shopkeeper.serving.row_learner SHOP`` now and then; all of them read
what it leaves.
"""

import subprocess
import sys
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import monotonic, time
from typing import Final

from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.lately import Lately, echoes
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.serving.beside import begin
from shopkeeper.serving.row_orders import FEWEST_CLICKS, FILE, RowOrders, learn, write
from shopkeeper.serving.schedule import held

LOCK: Final = ".rows.lock"
EVERY_SECONDS: Final = 600.0
"""Between two times that it learns."""
LOOK_SECONDS: Final = 5.0
"""Between two looks at whether another process has learned something."""


class RowLearner:
    """Has the order of rows of one shop learned, and orders follow it.

    Parameters
    ----------
    store
        Of the shop.
    folder
        Where what was learned is kept.
    orders
        Follows it.
    """

    def __init__(self, store: Store, folder: Path, orders: RowOrders) -> None:
        self._store = store
        self._folder = folder
        self._orders = orders
        self._closed = Event()
        self._not_before = float("-inf")
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Watch from now on."""
        if self._thread is None:
            self._thread = Thread(target=self._watch, name="shopkeeper-rows", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Learn no more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def _watch(self) -> None:
        self._folder.mkdir(exist_ok=True)
        with (self._folder / LOCK).open("ab") as lock:
            while True:
                self._orders.look()
                if held(lock):
                    # A busy log or a full disk: the order before holds, the next time may do better.
                    with suppress(ShopkeeperError, OSError):
                        self._learn()
                if self._closed.wait(LOOK_SECONDS):
                    return

    def _learn(self) -> None:
        """Start learning where it is time, and enough was clicked."""
        if monotonic() < self._not_before or (self._process and self._process.poll() is None):
            return
        self._not_before = monotonic() + EVERY_SECONDS
        file = self._folder / FILE
        fresh = file.exists() and time() - file.stat().st_mtime < EVERY_SECONDS
        if not fresh and self._store.read(partial(echoes, most=FEWEST_CLICKS)) == FEWEST_CLICKS:
            command = (sys.executable, "-m", __name__, str(self._store.path.parent), str(self._folder))
            self._process = begin(command, self._folder / "rows.log")


def learn_rows(store: Store, folder: Path) -> None:
    """Learn from the log and keep what was learned, without whoever is erased meanwhile."""
    with closing(Decisions(store)) as decisions:
        while True:
            erasures = store.erasures()
            orders = learn(decisions, Lately(store))
            if orders is not None:
                write(folder, orders)
            if store.erasures() == erasures:
                return
            (folder / FILE).unlink(missing_ok=True)  # It may name who was erased.


if __name__ == "__main__":
    with Store(Path(sys.argv[1]) / STORE_FILE) as shop:
        learn_rows(shop, Path(sys.argv[2]))
