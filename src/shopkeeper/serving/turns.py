"""Where a worker makes its answers: one after the other, in a thread of their own.

An answer is arithmetic under the lock of the interpreter. Several at a time hand that lock back and forth and
are all done late; in turn the first is done early and the last no later. The loop goes on taking requests
meanwhile, and what mostly waits, such as for the disk, goes to the threads of the framework instead.
"""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """Answers of one application."""

    def __init__(self) -> None:
        self._limit = CapacityLimiter(1)

    async def take(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What ``work`` returns, when it is its turn."""
        return await run_sync(partial(work, *args, **kwargs), limiter=self._limit)
