"""Where a worker makes its answers: one after the other, on the loop itself.

An answer is a few milliseconds of arithmetic under the lock of the interpreter. Several threads would hand
that lock back and forth and all be done late, and even one beside the loop costs a sixth more: it wakes on
another core, whose cache knows nothing. What may take longer, or waits, belongs into a thread.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Turns:
    """Answers of one application."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, when it is its turn.

        Between two answers the loop does all else that it has to do, such as taking events: that waits for
        one answer at most, however many are asked for.
        """
        async with self._lock:
            await asyncio.sleep(0)
            return work()
