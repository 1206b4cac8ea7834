"""What was looked at last, as much of it as there is room for."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """Values of different sizes; those not looked at for longest make room. Not for several threads.

    Parameters
    ----------
    room
        Sum of all sizes at most; the last value put stays, however large.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._held = 0
        self._entries: OrderedDict[Key, tuple[int, Value]] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """A value, None where it is not there."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Take a value in, in place of the one before."""
        self.drop(key)
        self._entries[key] = (size, value)
        self._held += size
        while self._held > self._room and len(self._entries) > 1:
            self.drop(next(iter(self._entries)))

    def drop(self, key: Key) -> None:
        """Let a value go, if it is there."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._held -= entry[0]

    def __iter__(self) -> Iterator[Key]:
        """Keys of all values, the one not looked at for longest first; they may be dropped meanwhile."""
        return iter(list(self._entries))

    def clear(self) -> None:
        """Let all go."""
        self._entries.clear()
        self._held = 0
