"""Keeps what is known of the rows of the homepage, and learns it anew now and then, beside the requests."""

from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Final

import numpy as np

from shopkeeper.core.errors import ShopkeeperError
from shopkeeper.core.types import Doubles
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.lately import Lately
from shopkeeper.evaluation.rows import row_counts, rows_shown
from shopkeeper.learners.examination import row_worth
from shopkeeper.surfaces.row_order import ROWS, RowOrder, draw_order

SURFACE: Final = "homepage"
PLACES: Final = 8
"""Places on the page that are told apart."""
WORLDS: Final = 64
"""Drawn beforehand; a chance is known to a 64th."""
FEWEST_CLICKS: Final = 100
"""On rows of homepages; before, rows stand in the order that is believed in."""
EVERY_SECONDS: Final = 600.0


class RowOrders:
    """Orders of the rows of homepages.

    Parameters
    ----------
    decisions
        What was shown.
    lately
        What came of it.
    """

    def __init__(self, decisions: Decisions, lately: Lately) -> None:
        self._decisions = decisions
        self._lately = lately
        self._worlds: Doubles = np.zeros((0, len(ROWS)))
        self._lock = Lock()
        self._closed = Event()
        self._learner: Thread | None = None

    def draw(self, rng: np.random.Generator) -> RowOrder:
        """The order of one page; never waits for what is being learned."""
        if self._learner is None:
            self._begin()
        return draw_order(self._worlds, rng)

    def learn(self) -> None:
        """Learn from the newest answers and what came of them; the same log gives the same orders."""
        answers = self._decisions.shown()
        if rows_shown(answers, SURFACE) < FEWEST_CLICKS:
            return  # A row is clicked once a page at most: the log need not be read.
        shown, clicked = row_counts(answers, self._lately.events(), SURFACE, ROWS, PLACES)
        if clicked.sum() >= FEWEST_CLICKS:
            self._worlds = row_worth(shown, clicked).samples(WORLDS, seed=int(shown.sum()))

    def close(self) -> None:
        """Learn no more."""
        self._closed.set()
        if self._learner is not None:
            self._learner.join()

    def _begin(self) -> None:
        with self._lock:
            if self._learner is None:
                self._learner = Thread(target=self._run, name="shopkeeper-rows", daemon=True)
                self._learner.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            with suppress(ShopkeeperError):  # The order before holds; the next time may do better.
                self.learn()
            self._closed.wait(EVERY_SECONDS)
